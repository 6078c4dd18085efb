import CLAPACK

/// A batched decomposition or solution of linear systems, ready to run on the CPU.
final class DecompositionKernel: Sendable {
  /// Immutable after creation, as the bridge promises.
  nonisolated(unsafe) let handle: OpaquePointer

  init(_ specification: apus_decomposition_spec) {
    var specification = specification
    var message = [CChar](repeating: 0, count: 256)
    guard let handle = apus_decomposition_create(&specification, &message, message.count) else {
      fatalError(String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    }
    self.handle = handle
  }

  deinit { apus_decomposition_destroy(handle) }

  /// Runs on the addresses of the inputs, then of the outputs, then of the scratch memory. Matrices that fail give not-a-numbers, which is
  /// how a numerical failure shows: whether a matrix is singular is a matter of data, and known only when its plan runs.
  func run(_ addresses: UnsafePointer<UnsafeMutableRawPointer>, inputs: Int, outputs: Int) {
    var operands = (0..<inputs).map { UnsafeRawPointer(addresses[$0]) as UnsafeRawPointer? }
    var results = (0..<outputs).map { addresses[inputs + $0] as UnsafeMutableRawPointer? }
    _ = apus_decomposition_run(handle, &operands, &results, addresses[inputs + outputs])
  }
}

extension Lowering {
  /// Carries out an operation on the matrices in the last two axes of each input through LAPACK.
  mutating func decompose(
    _ call: LoweringCall, _ operation: any Primitive, _ kind: apus_decomposition_kind, flops: Double = 0,
    _ configure: (inout apus_decomposition_spec) -> Void = { _ in }
  ) {
    // LAPACK knows no empty matrices.
    if call.inputTypes.contains(where: { $0.shape.elementCount == 0 }) {
      evaluateByDefinition(call, operation)
      return
    }
    let shape = call.inputTypes[0].shape
    var specification = apus_decomposition_spec()
    specification.kind = kind
    specification.dtype = apus_dtype(rawValue: .init(call.inputTypes[0].dtype.rawValue))
    specification.batch = Int64(shape.dropLast(2).reduce(1, *))
    specification.rows = Int64(shape[shape.rank - 2])
    specification.columns = Int64(shape[shape.rank - 1])
    if let right = call.inputTypes.dropFirst().first { specification.right_sides = Int64(right.shape[right.shape.rank - 1]) }
    configure(&specification)
    let kernel = DecompositionKernel(specification)
    let reads = call.inputs.map { contiguous($0) }
    let writes = call.outputs.map { newBuffer($0) }
    add(
      Kernel(
        operation.name, reads: reads, writes: writes, scratchBytes: apus_decomposition_scratch_bytes(kernel.handle),
        flops: flops * Double(specification.batch)
      ) { kernel.run($0, inputs: reads.count, outputs: writes.count) })
  }
}

/// Operations on matrices in the last two axes: the axes before them are independent, the matrices whole.
func matrixRoles(_ inputs: [TensorType], _ outputs: [TensorType], leading: Int, linear: Set<Int> = []) -> AxisRoles {
  var roles = AxisRoles.whole(inputs: inputs, outputs: outputs)
  for axis in 0..<leading {
    roles.roles[axis] = .independent
    for index in inputs.indices { roles.inputs[index][axis] = axis }
    for index in outputs.indices { roles.outputs[index][axis] = axis }
  }
  roles.linearInputs = linear
  return roles
}

extension TensorType {
  /// The shape rule of operations on one matrix an entry of the leading axes.
  func requireMatrices(square: Bool = false) throws(ShapeError) {
    guard dtype == .float32 || dtype == .float64 else { throw ShapeError("matrices must be float32 or float64") }
    guard shape.rank >= 2 else { throw ShapeError("a matrix needs two axes") }
    guard !square || shape[shape.rank - 1] == shape[shape.rank - 2] else { throw ShapeError("the matrices must be square") }
  }

  /// The type with other axes in place of the last two.
  func replacingMatrix(_ axes: Int...) -> TensorType { TensorType(Shape(shape.dropLast(2) + axes), dtype) }

  var rows: Int { shape[shape.rank - 2] }
  var columns: Int { shape[shape.rank - 1] }
}

// MARK: - Definitions

/// One matrix of a reference operand.
struct Matrix {
  let rows: Int
  let columns: Int
  var values: [Double]

  init(_ rows: Int, _ columns: Int, _ values: [Double]) {
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  init(zeros rows: Int, _ columns: Int) { self.init(rows, columns, Array(repeating: 0, count: rows * columns)) }

  static func notANumber(_ rows: Int, _ columns: Int) -> Matrix { Matrix(rows, columns, Array(repeating: .nan, count: rows * columns)) }

  static func identity(_ count: Int) -> Matrix {
    var result = Matrix(zeros: count, count)
    for index in 0..<count { result[index, index] = 1 }
    return result
  }

  subscript(row: Int, column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  var transposed: Matrix {
    var result = Matrix(zeros: columns, rows)
    for row in 0..<rows { for column in 0..<columns { result[column, row] = self[row, column] } }
    return result
  }

  static func * (left: Matrix, right: Matrix) -> Matrix {
    var result = Matrix(zeros: left.rows, right.columns)
    for row in 0..<left.rows {
      for column in 0..<right.columns {
        result[row, column] = (0..<left.columns).reduce(0) { $0 + left[row, $1] * right[$1, column] }
      }
    }
    return result
  }

  /// Multiplies one column by -1.
  mutating func negate(column: Int) { for row in 0..<rows { self[row, column] = -self[row, column] } }

  /// Whether the component of largest magnitude of a column, the first of equals, is negative.
  func isMostlyNegative(column: Int) -> Bool {
    var largest = 0.0
    for row in 0..<rows where Swift.abs(self[row, column]) > Swift.abs(largest) { largest = self[row, column] }
    return largest < 0
  }
}

extension ReferenceArray {
  /// The matrices in the last two axes.
  var matrices: [Matrix] {
    let rows = shape[shape.rank - 2]
    let columns = shape[shape.rank - 1]
    let count = shape.dropLast(2).reduce(1, *)
    return (0..<count).map { Matrix(rows, columns, Array(values[($0 * rows * columns)..<(($0 + 1) * rows * columns)])) }
  }

  init(_ type: TensorType, _ matrices: [Matrix]) { self.init(type.shape, type.dtype, matrices.flatMap(\.values)) }
}
