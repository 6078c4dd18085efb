import CLAPACK

/// A = Q R, reduced: with k = min(m, n), Q (m, k) has orthonormal columns and R (k, n) is upper triangular with a diagonal that is not negative.
struct QR: Primitive {
  var name: String { "qr" }
  func encode(into key: inout StructureKey) {}
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try inputs[0].requireMatrices()
    let (m, n) = (inputs[0].rows, inputs[0].columns)
    return [inputs[0].replacingMatrix(m, min(m, n)), inputs[0].replacingMatrix(min(m, n), n)]
  }

  /// Walter and Lehmann, "Algorithmic differentiation of linear algebra functions with application in optimum experimental design" (2010). The
  /// columns beyond the square, of a wide matrix, are R's last ones turned by Q.
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let (q, r) = (call.outputs[0], call.outputs[1])
    let (m, n) = (q.shape[q.rank - 2], r.shape[r.rank - 1])
    let forQ = call.cotangent(0)
    let forR = call.cotangent(1)
    if m >= n { return [Self.cotangent(q, r, forQ, forR)] }
    let (square, rest) = (0..<m, m..<n)
    let forRest = forR[.ellipsis, rest]
    let wide = call.inputs[0][.ellipsis, rest]
    let forSquare = Self.cotangent(
      q, r[.ellipsis, square], forQ + wide.matmul(forRest.transposed()), forR[.ellipsis, square])
    return [Tensor.concatenate([forSquare, q.matmul(forRest)], axis: -1)]
  }

  /// (Q̄ + Q sym(M)) R⁻ᵀ with M = R R̄ᵀ - Q̄ᵀ Q, where sym copies the lower triangle to the upper.
  private static func cotangent(_ q: Tensor, _ r: Tensor, _ forQ: Tensor, _ forR: Tensor) -> Tensor {
    let m = r.matmul(forR.upperTriangle().transposed()) - forQ.transposed().matmul(q)
    let symmetric = m.lowerTriangle() + m.lowerTriangle(diagonal: -1).transposed()
    let left = forQ + q.matmul(symmetric)
    return r.triangularSolve(left.transposed(), upper: true).transposed()
  }

  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    let parts = inputs[0].matrices.map(Self.decompose)
    return [ReferenceArray(outputs[0], parts.map(\.q)), ReferenceArray(outputs[1], parts.map(\.r))]
  }

  /// Gram and Schmidt's process, each projection taken twice.
  private static func decompose(_ matrix: Matrix) -> (q: Matrix, r: Matrix) {
    let count = min(matrix.rows, matrix.columns)
    var q = Matrix(zeros: matrix.rows, count)
    for column in 0..<count {
      var vector = (0..<matrix.rows).map { matrix[$0, column] }
      for _ in 0..<2 {
        for earlier in 0..<column {
          let share = vector.indices.reduce(0) { $0 + vector[$1] * q[$1, earlier] }
          for row in vector.indices { vector[row] -= share * q[row, earlier] }
        }
      }
      let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
      for row in vector.indices { q[row, column] = vector[row] / length }
    }
    var r = q.transposed * matrix
    for row in 0..<count { for column in 0..<row { r[row, column] = 0 } }
    return (q, r)
  }

  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let (m, n) = (Double(call.inputTypes[0].rows), Double(call.inputTypes[0].columns))
    let k = min(m, n)
    lowering.decompose(call, self, APUS_QR, flops: 4 * k * k * (max(m, n) - k / 3))
  }

  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    matrixRoles(inputs, outputs, leading: inputs[0].shape.rank - 2)
  }
}
