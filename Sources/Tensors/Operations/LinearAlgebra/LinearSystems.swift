import CLAPACK
import Foundation

/// X with A X = B, by elimination with partial pivoting. A singular A gives not-a-numbers.
struct Solve: Primitive {
  var name: String { "solve" }
  func encode(into key: inout StructureKey) {}
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] { try systemTypes(inputs) }

  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let forRight = Tensor.record(Solve(), [call.inputs[0].transposed(), call.cotangent])[0]
    return [call.wanted[0] ? -forRight.matmul(call.outputs[0].transposed()) : nil, forRight]
  }

  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    let solutions = zip(inputs[0].matrices, inputs[1].matrices).map { matrix, right in
      var elimination = Elimination(matrix, right)
      return elimination.solve()
    }
    return [ReferenceArray(outputs[0], solutions)]
  }

  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let count = Double(call.inputTypes[0].columns)
    lowering.decompose(call, self, APUS_SOLVE, flops: count * count * (count * 2 / 3 + 2 * Double(call.inputTypes[1].columns)))
  }

  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles { systemRoles(inputs, outputs) }
}

/// X with op(T) X = B for triangular T, of which only the one triangle is read; op transposes or does nothing. A zero on the diagonal gives
/// infinities or not-a-numbers.
struct TriangularSolve: Primitive {
  let isUpper: Bool
  let isTransposed: Bool
  /// Takes the diagonal to be ones, without reading it.
  let hasUnitDiagonal: Bool

  var name: String { "triangular solve" }
  func encode(into key: inout StructureKey) { key.append(UInt64((isUpper ? 4 : 0) | (isTransposed ? 2 : 0) | (hasUnitDiagonal ? 1 : 0))) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] { try systemTypes(inputs) }

  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let adjoint = TriangularSolve(isUpper: isUpper, isTransposed: !isTransposed, hasUnitDiagonal: hasUnitDiagonal)
    let forRight = Tensor.record(adjoint, [call.inputs[0], call.cotangent])[0]
    guard call.wanted[0] else { return [nil, forRight] }
    let solution = call.outputs[0]
    let full = isTransposed ? solution.matmul(forRight.transposed()) : forRight.matmul(solution.transposed())
    let offset = hasUnitDiagonal ? 1 : 0
    return [-(isUpper ? full.upperTriangle(diagonal: offset) : full.lowerTriangle(diagonal: -offset)), forRight]
  }

  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    let solutions = zip(inputs[0].matrices, inputs[1].matrices).map { triangle, right in substitute(triangle, right) }
    return [ReferenceArray(outputs[0], solutions)]
  }

  private func substitute(_ triangle: Matrix, _ right: Matrix) -> Matrix {
    let system = isTransposed ? triangle.transposed : triangle
    let count = system.rows
    var solution = right
    let ascends = isUpper == isTransposed
    for step in 0..<count {
      let row = ascends ? step : count - 1 - step
      let known = ascends ? 0..<row : (row + 1)..<count
      for column in 0..<right.columns {
        let rest = known.reduce(right[row, column]) { $0 - system[row, $1] * solution[$1, column] }
        solution[row, column] = hasUnitDiagonal ? rest : rest / system[row, row]
      }
    }
    return solution
  }

  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let count = Double(call.inputTypes[0].columns)
    lowering.decompose(call, self, APUS_TRIANGULAR_SOLVE, flops: count * count * Double(call.inputTypes[1].columns)) {
      $0.upper = isUpper
      $0.transposed = isTransposed
      $0.unit = hasUnitDiagonal
    }
  }

  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles { systemRoles(inputs, outputs) }
}

/// The sign of the determinant (0 where a matrix is singular) and the logarithm of its magnitude.
struct LogDeterminant: Primitive {
  var name: String { "log determinant" }
  func encode(into key: inout StructureKey) {}
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try inputs[0].requireMatrices(square: true)
    return [inputs[0].replacingMatrix(), inputs[0].replacingMatrix()]
  }

  /// d log|det A| = tr(A⁻¹ dA).
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    guard let g = call.cotangents[1] else { return [nil] }
    return [call.inputs[0].inverse().transposed() * g.expandingShape(at: -1).expandingShape(at: -1)]
  }

  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    let parts = inputs[0].matrices.map { matrix in
      var elimination = Elimination(matrix, Matrix(zeros: matrix.rows, 0))
      return elimination.logDeterminant()
    }
    return [
      ReferenceArray(outputs[0].shape, outputs[0].dtype, parts.map(\.sign)),
      ReferenceArray(outputs[1].shape, outputs[1].dtype, parts.map(\.logarithm)),
    ]
  }

  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let count = Double(call.inputTypes[0].columns)
    lowering.decompose(call, self, APUS_LOG_DETERMINANT, flops: count * count * count * 2 / 3)
  }

  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    matrixRoles(inputs, outputs, leading: inputs[0].shape.rank - 2)
  }
}

/// The shape rule of a square matrix (..., n, n) and right-hand sides (..., n, k) with equal leading axes.
private func systemTypes(_ inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
  try inputs[0].requireMatrices(square: true)
  guard inputs[1].dtype == inputs[0].dtype, inputs[1].shape.rank == inputs[0].shape.rank,
    Shape(inputs[1].shape.dropLast()) == Shape(inputs[0].shape.dropLast())
  else { throw ShapeError("the right-hand sides must be (..., n, k) with the matrices' type and axes (..., n, n)") }
  return [inputs[1]]
}

/// Leading axes and right-hand sides are independent.
private func systemRoles(_ inputs: [TensorType], _ outputs: [TensorType]) -> AxisRoles {
  var roles = matrixRoles(inputs, outputs, leading: inputs[0].shape.rank - 2, linear: [1])
  let side = roles.inputs[1].last!
  roles.outputs[0][roles.outputs[0].count - 1] = side
  roles.roles[side] = .independent
  return roles
}

/// Gaussian elimination with partial pivoting, for the definitions.
private struct Elimination {
  var matrix: Matrix
  var right: Matrix
  private var sign = 1.0

  init(_ matrix: Matrix, _ right: Matrix) {
    self.matrix = matrix
    self.right = right
  }

  /// Makes the matrix upper triangular.
  private mutating func eliminate() {
    for column in 0..<matrix.rows {
      let pivot = (column..<matrix.rows).max { Swift.abs(matrix[$0, column]) < Swift.abs(matrix[$1, column]) }!
      if pivot != column {
        sign = -sign
        for other in 0..<matrix.columns { (matrix[pivot, other], matrix[column, other]) = (matrix[column, other], matrix[pivot, other]) }
        for other in 0..<right.columns { (right[pivot, other], right[column, other]) = (right[column, other], right[pivot, other]) }
      }
      guard matrix[column, column] != 0 else { continue }
      for row in (column + 1)..<Swift.max(matrix.rows, column + 1) {
        let factor = matrix[row, column] / matrix[column, column]
        for other in column..<matrix.columns { matrix[row, other] -= factor * matrix[column, other] }
        for other in 0..<right.columns { right[row, other] -= factor * right[column, other] }
      }
    }
  }

  mutating func solve() -> Matrix {
    eliminate()
    for row in stride(from: matrix.rows - 1, through: 0, by: -1) {
      guard matrix[row, row] != 0 else { return .notANumber(right.rows, right.columns) }
      for column in 0..<right.columns {
        let rest = ((row + 1)..<Swift.max(matrix.rows, row + 1)).reduce(right[row, column]) { $0 - matrix[row, $1] * right[$1, column] }
        right[row, column] = rest / matrix[row, row]
      }
    }
    return right
  }

  mutating func logDeterminant() -> (sign: Double, logarithm: Double) {
    eliminate()
    var logarithm = 0.0
    for index in 0..<matrix.rows {
      let pivot = matrix[index, index]
      logarithm += log(Swift.abs(pivot))
      sign = pivot == 0 ? 0 : pivot < 0 ? -sign : sign
    }
    return (sign, logarithm)
  }
}
