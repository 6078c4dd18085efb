import Synchronization

/// One recorded operation (or one leaf) of the logical graph.
///
/// Shapes and the operation never change. The rest does, once: evaluating a node replaces its inputs by the buffers that
/// hold its outputs, so history is released as soon as values exist.
final class Node: Sendable {
  let operation: any Primitive
  let type: TensorType
  /// Types of the outputs after the first; most operations have none.
  let otherTypes: [TensorType]
  /// Whether this is a number that is known when it is recorded; such leaves are shared and never outputs of a plan by being held.
  let isNumber: Bool
  /// Grows with time: inputs are always older than the operations on them.
  let serial: Int
  /// A small signature of the leaves this was computed from: it contains the signature of everything it depends on.
  let lineage: UInt64

  /// One an output once the node is realised; empty before.
  let buffers: Mutex<[Buffer]>

  // What follows is touched only inside the engine's lock (and by `deinit`, when nobody else can). A lock a node would
  // cost a third of the time it takes to record and trace one.

  /// Whether the buffers are there.
  nonisolated(unsafe) var isEvaluated: Bool
  /// The operands; emptied when the node is evaluated.
  nonisolated(unsafe) var inputs: [Tensor]
  /// Values recorded later that are to be computed along with this one: the update of a parameter, for instance.
  nonisolated(unsafe) var companions: [WeakNode] = []
  /// Whether some node lists this one as its companion.
  nonisolated(unsafe) var isCompanion = false
  /// The walk that visited this node last, and the number it gave it.
  nonisolated(unsafe) var visit: UInt64 = 0
  nonisolated(unsafe) var index = 0

  struct WeakNode { weak var node: Node? }

  private static let serials = Atomic<Int>(0)

  init(
    _ operation: any Primitive, inputs: [Tensor], type: TensorType, otherTypes: [TensorType] = [], buffers: [Buffer] = [],
    isNumber: Bool = false
  ) {
    self.operation = operation
    self.isNumber = isNumber
    isEvaluated = !buffers.isEmpty
    self.type = type
    self.otherTypes = otherTypes
    self.inputs = inputs
    self.buffers = Mutex(buffers)
    serial = Self.serials.add(1, ordering: .relaxed).newValue
    var lineage: UInt64 = inputs.isEmpty ? Self.signature(serial) : 0
    for input in inputs { lineage |= input.node.lineage }
    self.lineage = lineage
  }

  /// Four bits a leaf, so that one leaf is seldom mistaken for another.
  private static func signature(_ serial: Int) -> UInt64 {
    let mixed = UInt64(truncatingIfNeeded: serial) &* 0x9E37_79B9_7F4A_7C15
    return 1 << (mixed >> 58) | 1 << (mixed >> 52 & 63) | 1 << (mixed >> 46 & 63) | 1 << (mixed >> 40 & 63)
  }

  var outputCount: Int { 1 + otherTypes.count }

  func outputType(_ index: Int) -> TensorType { index == 0 ? type : otherTypes[index - 1] }

  /// Gives a number memory of its own. In graphs it stays a number.
  func realiseNumber() {
    let buffer = Buffer(byteCount: type.byteCount)
    type.dtype.store((operation as! ScalarConstant).value, at: buffer.pointer)
    buffers.withLock { $0 = [buffer] }
    isEvaluated = true
  }

  /// Long chains (an update recorded every step and never read) would overflow the stack if released recursively.
  /// Companions are left to recursion, since the engine may be about to revive one through its weak reference.
  deinit {
    guard !inputs.isEmpty else { return }
    var pending = inputs
    inputs = []
    while var last = pending.popLast() {
      if !last.node.isCompanion, !last.node.inputs.isEmpty, isKnownUniquelyReferenced(&last.node) {
        pending.append(contentsOf: last.node.inputs)
        last.node.inputs = []
      }
    }
  }
}

/// The leaf that holds data: it has no inputs and exists only realised.
struct Constant: Primitive {
  var name: String { "constant" }
  func encode(into key: inout StructureKey) {}
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [] }
  func cotangents(_ call: Differentiation) -> [Tensor?] { [] }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] { fatalError("a constant is read, not evaluated") }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) { fatalError("a constant is an input of the plan, not a step of it") }
}

/// A leaf known by one number. Its value stays out of the plan's structure, so that a learning rate that changes every
/// step recompiles nothing; the values 0, 1, -1 and 2 are structural, because simplification uses them.
struct ScalarConstant: Primitive {
  let value: Double

  static func isStructural(_ value: Double) -> Bool { value == 0 || value == 1 || value == -1 || value == 2 }

  var name: String { "scalar" }
  func encode(into key: inout StructureKey) { key.append(Self.isStructural(value) ? value.bitPattern : 0) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [] }
  func cotangents(_ call: Differentiation) -> [Tensor?] { [] }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    [ReferenceArray(outputs[0].shape, outputs[0].dtype, [value])]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) { fatalError("a scalar is an input of the plan, not a step of it") }
}
