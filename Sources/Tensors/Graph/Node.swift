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
  let state: Mutex<State>

  struct State: Sendable {
    var inputs: [Tensor]
    /// One a output once the node is realised; empty before.
    var buffers: [Buffer] = []
    /// A value recorded after this one that must be computed along with it: the update of a parameter, for instance.
    var companions: [WeakNode] = []
    /// The walk that visited this node last, and the number it gave it.
    var visit: UInt64 = 0
    var index: Int32 = 0
  }

  struct WeakNode: Sendable { weak var node: Node? }

  init(_ operation: any Primitive, inputs: [Tensor], type: TensorType, otherTypes: [TensorType] = [], buffers: [Buffer] = []) {
    self.operation = operation
    self.type = type
    self.otherTypes = otherTypes
    state = Mutex(State(inputs: inputs, buffers: buffers))
  }

  var outputCount: Int { 1 + otherTypes.count }

  func outputType(_ index: Int) -> TensorType { index == 0 ? type : otherTypes[index - 1] }

  /// Long chains (an update recorded every step and never read) would overflow the stack if released recursively.
  deinit {
    var pending = state.withLock { state in
      let inputs = state.inputs
      state.inputs = []
      return inputs
    }
    while var last = pending.popLast() {
      if isKnownUniquelyReferenced(&last.node) {
        pending.append(
          contentsOf: last.node.state.withLock { state in
            let inputs = state.inputs
            state.inputs = []
            return inputs
          })
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

  var name: String { "scalar" }
  var isStructural: Bool { value == 0 || value == 1 || value == -1 || value == 2 }
  func encode(into key: inout StructureKey) { key.append(isStructural ? value.bitPattern : 0x5ca1a5) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [] }
  func cotangents(_ call: Differentiation) -> [Tensor?] { [] }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    [ReferenceArray(outputs[0].shape, outputs[0].dtype, [value])]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) { fatalError("a scalar is an input of the plan, not a step of it") }
}
