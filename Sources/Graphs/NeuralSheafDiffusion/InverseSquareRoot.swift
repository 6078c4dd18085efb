import Tensors

extension Tensor {
  /// M^(-1/2) of symmetric positive semidefinite matrices (..., d, d), with a derivative that stays finite where eigenvalues repeat.
  ///
  /// The derivative of U f(L) U^T is U (K * (U^T dM U)) U^T with K_ij = (f(l_i) - f(l_j)) / (l_i - l_j), and f' at the mean where the two are equal: no
  /// derivative of eigenvectors appears, which would divide by the difference alone. Eigenvalues below the largest times d times the
  /// precision count as 0, and 0^(-1/2) as 0.
  func inverseSquareRoot() -> Tensor {
    let d = shape[rank - 1]
    let fixed = stopGradient()
    let (values, vectors) = fixed.eigh()
    let precision = dtype == .float64 ? Double.ulpOfOne : Double(Float.ulpOfOne)
    let floor = values.max(axes: [-1], keepingAxes: true) * (precision * Double(d))
    let isKept = (values .> floor) .& (values .> 0)
    let zero = Tensor(0, dtype: dtype)
    let safe = Tensor.select(isKept, values, Tensor(1, dtype: dtype))
    let roots = Tensor.select(isKept, safe.rsqrt(), zero)
    let result = (vectors * roots.expandingShape(at: -2)).matmul(vectors.transposed())

    let (rows, columns) = (values.expandingShape(at: -1), values.expandingShape(at: -2))
    let difference = rows - columns
    let isClose = difference.abs() .<= rows.abs().maximum(columns.abs()) * 1e-6
    let quotient =
      (roots.expandingShape(at: -1) - roots.expandingShape(at: -2)) / Tensor.select(isClose, Tensor(1, dtype: dtype), difference)
    let middle = (safe.expandingShape(at: -1) + safe.expandingShape(at: -2)) * 0.5
    let bothKept = isKept.expandingShape(at: -1) .& isKept.expandingShape(at: -2)
    let slope = Tensor.select(bothKept, middle.rsqrt() / middle * -0.5, zero)
    let kernel = Tensor.select(isClose, slope, quotient).stopGradient()
    let u = vectors.stopGradient()
    // Zero, and yet with the derivative of the root.
    let change = u.transposed().matmul(self - fixed).matmul(u) * kernel
    return result.stopGradient() + u.matmul(change).matmul(u.transposed())
  }
}
