import CLAPACK

/// A = U diag(s) Vᵀ, reduced: with k = min(m, n), U (m, k) and V (n, k) have orthonormal columns and s descends. The component of largest
/// magnitude of each column of U is positive. Where the iteration does not converge, or the matrix is not finite, not-a-numbers.
struct SingularValueDecomposition: Primitive {
  var name: String { "svd" }
  func encode(into key: inout StructureKey) {}
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try inputs[0].requireMatrices()
    let (m, n) = (inputs[0].rows, inputs[0].columns)
    let k = min(m, n)
    return [inputs[0].replacingMatrix(m, k), inputs[0].replacingMatrix(k), inputs[0].replacingMatrix(k, n)]
  }

  /// Townsend, "Differentiating the singular value decomposition" (2016).
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let (u, s, vt) = (call.outputs[0], call.outputs[1], call.outputs[2])
    let (m, k, n) = (u.shape[u.rank - 2], u.shape[u.rank - 1], vt.shape[vt.rank - 1])
    let row = s.expandingShape(at: -2)
    let column = s.expandingShape(at: -1)
    var result: Tensor?
    func add(_ term: Tensor) { result = result.map { $0 + term } ?? term }
    // Between the bases: U inner Vᵀ.
    var inner: Tensor?
    func addInner(_ term: Tensor) { inner = inner.map { $0 + term } ?? term }
    if let g = call.cotangents[1] { addInner(g.asDiagonalMatrix()) }
    if let g = call.cotangents[0] {
      let turned = u.transposed().matmul(g)
      addInner((turned - turned.transposed()) * reciprocalDifferences(s.square()) * row)
      // What moves U out of its own span.
      if m > k { add((g - u.matmul(turned)).matmul(vt / column)) }
    }
    if let g = call.cotangents[2] {
      let forV = g.transposed()
      let turned = vt.matmul(forV)
      addInner(column * (turned - turned.transposed()) * reciprocalDifferences(s.square()))
      if n > k { add((u / row).matmul(g - turned.transposed().matmul(vt))) }
    }
    if let inner { add(u.matmul(inner).matmul(vt)) }
    return [result]
  }

  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    let parts = inputs[0].matrices.map(Self.decompose)
    return [
      ReferenceArray(outputs[0], parts.map(\.u)), ReferenceArray(outputs[1].shape, outputs[1].dtype, parts.flatMap(\.s)),
      ReferenceArray(outputs[2], parts.map(\.vt)),
    ]
  }

  private static func decompose(_ matrix: Matrix) -> (u: Matrix, s: [Double], vt: Matrix) {
    let k = min(matrix.rows, matrix.columns)
    guard matrix.values.allSatisfy(\.isFinite) else {
      return (.notANumber(matrix.rows, k), Array(repeating: .nan, count: k), .notANumber(k, matrix.columns))
    }
    var (u, s, v): (Matrix, [Double], Matrix)
    if matrix.rows >= matrix.columns {
      (u, s, v) = decomposeTall(matrix)
    } else {
      (v, s, u) = decomposeTall(matrix.transposed)
    }
    for column in 0..<k where u.isMostlyNegative(column: column) {
      u.negate(column: column)
      v.negate(column: column)
    }
    return (u, s, v.transposed)
  }

  /// Rotations of pairs of columns (Hestenes, 1958), until all are orthogonal.
  private static func decomposeTall(_ matrix: Matrix) -> (u: Matrix, s: [Double], v: Matrix) {
    var a = matrix
    var v = Matrix.identity(matrix.columns)
    for _ in 0..<100 {
      var isDone = true
      for p in 0..<a.columns {
        for q in (p + 1)..<Swift.max(a.columns, p + 1) {
          var (alpha, beta, gamma) = (0.0, 0.0, 0.0)
          for row in 0..<a.rows {
            alpha += a[row, p] * a[row, p]
            beta += a[row, q] * a[row, q]
            gamma += a[row, p] * a[row, q]
          }
          if gamma == 0 || Swift.abs(gamma) <= 1e-17 * (alpha * beta).squareRoot() { continue }
          isDone = false
          let zeta = (beta - alpha) / (2 * gamma)
          let t = (zeta < 0 ? -1 : 1) / (Swift.abs(zeta) + (zeta * zeta + 1).squareRoot())
          let c = 1 / (t * t + 1).squareRoot()
          let s = c * t
          for row in 0..<a.rows { (a[row, p], a[row, q]) = (c * a[row, p] - s * a[row, q], s * a[row, p] + c * a[row, q]) }
          for row in 0..<v.rows { (v[row, p], v[row, q]) = (c * v[row, p] - s * v[row, q], s * v[row, p] + c * v[row, q]) }
        }
      }
      if isDone { break }
    }
    let lengths = (0..<a.columns).map { column in (0..<a.rows).reduce(0) { $0 + a[$1, column] * a[$1, column] }.squareRoot() }
    let order = lengths.indices.sorted { lengths[$0] > lengths[$1] }
    var u = Matrix(zeros: a.rows, a.columns)
    var sorted = Matrix(zeros: v.rows, v.columns)
    for (column, source) in order.enumerated() {
      for row in 0..<a.rows { u[row, column] = a[row, source] / lengths[source] }
      for row in 0..<v.rows { sorted[row, column] = v[row, source] }
    }
    return (u, order.map { lengths[$0] }, sorted)
  }

  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let (m, n) = (Double(call.inputTypes[0].rows), Double(call.inputTypes[0].columns))
    lowering.decompose(call, self, APUS_SVD, flops: 6 * m * n * min(m, n) + 8 * min(m, n) * min(m, n) * min(m, n))
  }

  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    matrixRoles(inputs, outputs, leading: inputs[0].shape.rank - 2)
  }
}

/// The second operand, an approximate inverse P of the first, A, under the derivative that pseudo-inverses have.
///
/// The derivative through singular vectors would need distinct singular values; this one needs only a rank that does not change (Golub and
/// Pereyra, 1973, equation 4.12): dP = -P dA P + P Pᵀ dAᵀ (I - A P) + (I - P A) dAᵀ Pᵀ P.
struct PseudoInverse: Primitive {
  var name: String { "pseudo-inverse" }
  func encode(into key: inout StructureKey) {}
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try inputs[0].requireMatrices()
    guard inputs[1] == inputs[0].replacingMatrix(inputs[0].columns, inputs[0].rows) else {
      throw ShapeError("an inverse of \(inputs[0]) is not \(inputs[1])")
    }
    return [inputs[1]]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let a = call.inputs[0]
    let p = call.outputs[0]
    let (pt, gt) = (p.transposed(), call.cotangent.transposed())
    let first = -pt.matmul(call.cotangent).matmul(pt)
    // (I - A P) X = X - A (P X) and X (I - P A) = X - (X P) A, without the large products.
    let left = gt.matmul(p).matmul(pt)
    let right = pt.matmul(p).matmul(gt)
    return [first + (left - a.matmul(p.matmul(left))) + (right - right.matmul(p).matmul(a)), nil]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] { [inputs[1]] }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) { lowering.alias(call.outputs[0], to: call.inputs[1]) }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    matrixRoles(inputs, outputs, leading: inputs[0].shape.rank - 2)
  }
}
