import Tensors

/// The nearest points (v, tau) of the cone {||v||_1 <= tau} to rows (v, tau), v (m, d) and tau (m, 1).
///
/// v is soft-thresholded by theta and tau raised by it, with theta the root of sum_j (|v_j| - theta)_+ = tau + theta, or 0 inside the cone. For the k
/// largest elements alone the root is theta_k = (S_k - tau) / (k + 1), S_k their sum; none exceeds theta, and the right k reaches it. So theta is the
/// largest of 0 and all theta_k, k = 0 ... d, without a case for the polar cone.
package func projectedOntoEpigraph(_ points: Tensor, _ heights: Tensor) -> (points: Tensor, heights: Tensor) {
  let d = points.shape[1]
  let sums = points.abs().sorted(axis: 1, descending: true).cumulativeSum(axis: 1)
  let counts = Tensor.range(d, from: 2, dtype: points.dtype)
  let roots = ((sums - heights) / counts).max(axes: [1], keepingAxes: true)
  let theta = roots.maximum(heights * -1).relu()
  return (points.sign() * (points.abs() - theta).relu(), heights + theta)
}
