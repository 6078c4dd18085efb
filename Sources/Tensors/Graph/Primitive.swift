/// One primitive operation: everything the engine knows about it, in one place.
///
/// A conforming type is a small value holding the operation's attributes. It states its name, the rule that gives its output
/// types, how it differentiates (in terms of other tensor operations, hence to any order), what it means (naively, in
/// double precision), and which kernels carry it out.
protocol Primitive: Sendable {
  var name: String { get }

  /// Appends every attribute that changes the meaning; two operations of one type with equal words are equal.
  func encode(into key: inout StructureKey)

  /// The shape rule.
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType]

  /// The vector-Jacobian product: a cotangent for each input, nil where none flows.
  func cotangents(_ call: Differentiation) -> [Tensor?]

  /// The meaning, naively in double precision: the oracle of the tests.
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray]

  /// The kernels that carry it out on the CPU.
  func lower(_ call: LoweringCall, into lowering: inout Lowering)

  /// Whether equal operands give equal results and nothing else happens, so that two equal operations may be computed once.
  var isPure: Bool { get }

  /// How the axes of inputs and outputs correspond, which is what splitting the operation over devices needs.
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles
}

extension Primitive {
  var isPure: Bool { true }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) { lowering.evaluateByDefinition(call, self) }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles { .whole(inputs: inputs, outputs: outputs) }
}

/// What a vector-Jacobian product may use.
struct Differentiation {
  let inputs: [Tensor]
  let outputs: [Tensor]
  /// One an output; nil where nothing flows back.
  let cotangents: [Tensor?]
  /// Which inputs' cotangents are wanted; the others may be nil and are dropped.
  let wanted: [Bool]

  /// The cotangent of the first output.
  var cotangent: Tensor { cotangents[0] ?? Tensor.zeros(outputs[0].shape, dtype: outputs[0].dtype) }

  func cotangent(_ output: Int) -> Tensor {
    cotangents[output] ?? Tensor.zeros(outputs[output].shape, dtype: outputs[output].dtype)
  }
}

/// A shape rule that does not hold. Reported as a trap with the caller's position, since it is a mistake in the program.
struct ShapeError: Error {
  let message: String
  init(_ message: String) { self.message = message }
}

/// The role of each axis of each operand, in the manner of an einsum: axes that share a label run together.
///
/// A label is *independent* when each of its positions can be computed alone (splitting it splits the outputs that carry it),
/// *reduced* when the outputs combine over it (splitting it leaves partial results), and *whole* when it may not be split.
struct AxisRoles: Sendable, Equatable {
  enum Role: Sendable, Equatable {
    case independent
    case reduced(Reduction)
    case whole
  }

  /// For each operand, the label of each axis.
  var inputs: [[Int]]
  var outputs: [[Int]]
  /// The role of each label.
  var roles: [Role]
  /// Inputs in which the operation is linear: partial sums pass through.
  var linearInputs: Set<Int> = []

  static func whole(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    var count = 0
    func labels(_ type: TensorType) -> [Int] {
      defer { count += type.shape.rank }
      return Array(count..<(count + type.shape.rank))
    }
    let inputLabels = inputs.map(labels)
    let outputLabels = outputs.map(labels)
    return AxisRoles(inputs: inputLabels, outputs: outputLabels, roles: Array(repeating: .whole, count: count))
  }

  /// Elementwise over broadcast operands: axes aligned from the right run together and are independent.
  static func elementwise(inputs: [TensorType], outputs: [TensorType], linear: Set<Int> = []) -> AxisRoles {
    let rank = outputs[0].shape.rank
    var roles = [Role](repeating: .independent, count: rank)
    let inputLabels = inputs.map { type in
      (0..<type.shape.rank).map { axis -> Int in
        let label = rank - type.shape.rank + axis
        guard type.shape[axis] != outputs[0].shape[label] else { return label }
        roles.append(.whole)
        return roles.count - 1
      }
    }
    return AxisRoles(
      inputs: inputLabels, outputs: outputs.map { _ in Array(0..<rank) }, roles: roles, linearInputs: linear)
  }
}

/// How values are combined along a reduced axis.
enum Reduction: UInt8, Sendable, Hashable {
  case sum, maximum, minimum, product
}

/// The words that describe a graph's structure: operations, attributes, wiring, leaf types; never values.
struct StructureKey {
  var words: ContiguousArray<UInt64> = []

  mutating func append(_ word: UInt64) { words.append(word) }
  mutating func append(_ value: Int) { words.append(UInt64(bitPattern: Int64(value))) }
  mutating func append(_ value: Double) { words.append(value.bitPattern) }
  mutating func append(_ value: Bool) { words.append(value ? 1 : 0) }
  mutating func append(_ values: [Int]) {
    words.append(UInt64(values.count))
    for value in values { append(value) }
  }
  mutating func append(_ shape: Shape) {
    words.append(UInt64(shape.rank))
    for axis in 0..<shape.rank { append(shape.extents[axis]) }
  }
  mutating func append(_ type: TensorType) {
    append(UInt64(type.dtype.rawValue))
    append(type.shape)
  }
  mutating func append(_ text: String) {
    append(text.utf8.count)
    for byte in text.utf8 { append(UInt64(byte)) }
  }
}
