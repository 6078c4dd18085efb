import CLAPACK

/// Eigenvalues of symmetric matrices, ascending, and orthonormal eigenvectors in columns, whose components of largest magnitude are positive. Where
/// the iteration does not converge, or the matrix is not finite, not-a-numbers.
///
/// The operand is taken to be symmetric; its cotangent is.
struct SymmetricEigen: Primitive {
  var name: String { "eigh" }
  func encode(into key: inout StructureKey) {}
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try inputs[0].requireMatrices(square: true)
    return [inputs[0].replacingMatrix(inputs[0].columns), inputs[0]]
  }

  /// V (diag(λ̄) + F ∘ VᵀV̄) Vᵀ, where F holds 1 / (λj - λi) off the diagonal (Giles, 2008, section 3.1).
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let (values, vectors) = (call.outputs[0], call.outputs[1])
    let turned = vectors.transposed()
    var inner: Tensor?
    if let g = call.cotangents[0] { inner = g.asDiagonalMatrix() }
    if let g = call.cotangents[1] {
      let term = turned.matmul(g) * reciprocalDifferences(values)
      inner = inner.map { $0 + term } ?? term
    }
    return [inner.map { vectors.matmul($0).matmul(turned).symmetrized() }]
  }

  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    let parts = inputs[0].matrices.map(Self.decompose)
    return [
      ReferenceArray(outputs[0].shape, outputs[0].dtype, parts.flatMap(\.values)), ReferenceArray(outputs[1], parts.map(\.vectors)),
    ]
  }

  /// Jacobi's rotations, until nothing is left off the diagonal.
  private static func decompose(_ matrix: Matrix) -> (values: [Double], vectors: Matrix) {
    let count = matrix.rows
    guard matrix.values.allSatisfy(\.isFinite) else { return (Array(repeating: .nan, count: count), .notANumber(count, count)) }
    var a = matrix
    var vectors = Matrix.identity(count)
    let scale = matrix.values.reduce(0) { $0 + $1 * $1 }
    for _ in 0..<100 {
      var rest = 0.0
      for p in 0..<count { for q in 0..<p { rest += a[p, q] * a[p, q] } }
      if rest <= scale * 1e-34 { break }
      for p in 0..<count {
        for q in (p + 1)..<Swift.max(count, p + 1) where a[p, q] != 0 {
          let theta = (a[q, q] - a[p, p]) / (2 * a[p, q])
          let t = (theta < 0 ? -1 : 1) / (Swift.abs(theta) + (theta * theta + 1).squareRoot())
          let c = 1 / (t * t + 1).squareRoot()
          let s = t * c
          for k in 0..<count { (a[k, p], a[k, q]) = (c * a[k, p] - s * a[k, q], s * a[k, p] + c * a[k, q]) }
          for k in 0..<count { (a[p, k], a[q, k]) = (c * a[p, k] - s * a[q, k], s * a[p, k] + c * a[q, k]) }
          for k in 0..<count {
            (vectors[k, p], vectors[k, q]) = (c * vectors[k, p] - s * vectors[k, q], s * vectors[k, p] + c * vectors[k, q])
          }
        }
      }
    }
    let order = (0..<count).sorted { a[$0, $0] < a[$1, $1] }
    var sorted = Matrix(zeros: count, count)
    for (column, source) in order.enumerated() {
      for row in 0..<count { sorted[row, column] = vectors[row, source] }
      if sorted.isMostlyNegative(column: column) { sorted.negate(column: column) }
    }
    return (order.map { a[$0, $0] }, sorted)
  }

  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let count = Double(call.inputTypes[0].columns)
    lowering.decompose(call, self, APUS_SYMMETRIC_EIGEN, flops: 9 * count * count * count)
  }

  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    matrixRoles(inputs, outputs, leading: inputs[0].shape.rank - 2)
  }
}

/// 1 / (values[j] - values[i]) at row i, column j; 0 on the diagonal.
func reciprocalDifferences(_ values: Tensor) -> Tensor {
  let differences = values.expandingShape(at: -2) - values.expandingShape(at: -1)
  let isDiagonal = Tensor.diagonalMask(rows: values.shape.last!, columns: values.shape.last!, offset: 0)
  return Tensor.select(
    isDiagonal, Tensor(0, dtype: values.dtype), Tensor.select(isDiagonal, Tensor(1, dtype: values.dtype), differences).reciprocal())
}
