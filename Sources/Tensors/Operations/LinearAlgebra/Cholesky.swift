import CLAPACK

/// The lower triangular L with L Lᵀ = A for symmetric positive definite matrices A. A matrix that is not gives not-a-numbers.
///
/// The operand is taken to be symmetric; its cotangent is.
struct Cholesky: Primitive {
  var name: String { "cholesky" }
  func encode(into key: inout StructureKey) {}
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try inputs[0].requireMatrices(square: true)
    return inputs
  }

  /// Murray, "Differentiation of the Cholesky decomposition" (2016), equation 10: L⁻ᵀ Φ(Lᵀ L̄) L⁻¹, symmetrised, where Φ takes the lower triangle and
  /// halves the diagonal.
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let factor = call.outputs[0]
    let inner = factor.transposed().matmul(call.cotangent.lowerTriangle()).lowerTriangle()
    let halved = inner - inner.diagonal().asDiagonalMatrix() * 0.5
    let left = factor.triangularSolve(halved, upper: false, transposed: true)
    let both = factor.triangularSolve(left.transposed(), upper: false, transposed: true)
    return [both.symmetrized()]
  }

  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    [ReferenceArray(outputs[0], inputs[0].matrices.map(Self.factor))]
  }

  private static func factor(_ matrix: Matrix) -> Matrix {
    let count = matrix.rows
    var factor = Matrix(zeros: count, count)
    for column in 0..<count {
      for row in column..<count {
        let rest = (0..<column).reduce(matrix[row, column]) { $0 - factor[row, $1] * factor[column, $1] }
        if row == column {
          guard rest > 0 else { return .notANumber(count, count) }
          factor[row, column] = rest.squareRoot()
        } else {
          factor[row, column] = rest / factor[column, column]
        }
      }
    }
    return factor
  }

  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let count = Double(call.inputTypes[0].columns)
    lowering.decompose(call, self, APUS_CHOLESKY, flops: count * count * count / 3)
  }

  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    matrixRoles(inputs, outputs, leading: inputs[0].shape.rank - 2)
  }
}
