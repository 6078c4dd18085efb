import Foundation
import Tensors

/// How the values of a random function hang together.
public enum Covariance: String, Sendable, Hashable, Codable, CaseIterable {
  /// exp(-d^2 / (2 l^2)): smooth functions.
  case squaredExponential = "squared-exponential"
  /// exp(-|d| / l), Matern with nu = 1/2: continuous, nowhere smooth.
  case exponential

  /// At a distance d, for the length l.
  public func callAsFunction(_ distance: Double, length: Double) -> Double {
    switch self {
    case .squaredExponential: exp(-distance * distance / (2 * length * length))
    case .exponential: exp(-abs(distance) / length)
    }
  }

  /// K, (points, points), in double precision.
  public func matrix(_ points: [Double], length: Double) -> Tensor {
    Tensor(points.flatMap { x in points.map { self(x - $0, length: length) } }, shape: [points.count, points.count])
  }
}

/// The distance of two Gaussian random functions on a grid, sqrt(tr(K1 + K2 - 2 (K1 K2)^(1/2)) / n): the 2-Wasserstein distance, which tells how far a
/// network trained on one is from home on the other.
/// - Parameters: (n, n) covariances on the same grid, in double precision.
public func wassersteinDistance(_ first: Tensor, _ second: Tensor) -> Double {
  precondition(
    first.rank == 2 && first.shape == second.shape && first.shape[0] == first.shape[1],
    "wassersteinDistance: covariances of one grid are needed, the shapes are \(first.shape) and \(second.shape)")
  let root = first.symmetricRoot()
  // (K1 K2)^(1/2) has the trace of (K1^(1/2) K2 K1^(1/2))^(1/2), which is symmetric.
  let cross = root.matmul(second.cast(to: .float64)).matmul(root).eigh().values.maximum(0).sqrt().sum()
  let squared = (first.trace().sum() + second.trace().sum() - cross * 2) / Double(first.shape[0])
  return max(squared.scalar(as: Double.self), 0).squareRoot()
}

extension Tensor {
  fileprivate func symmetricRoot() -> Tensor {
    let (values, vectors) = cast(to: .float64).eigh()
    return (vectors * values.maximum(0).sqrt().expandingShape(at: 0)).matmul(vectors.transposed())
  }
}
