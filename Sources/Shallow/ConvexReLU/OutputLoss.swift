import Foundation
import Tensors

/// The convex loss of a network's outputs yhat against targets y.
///
/// The hinge is a mean, the others are sums: the same beta weighs differently against them.
public enum OutputLoss: String, Sendable, Hashable, Codable, CaseIterable {
  /// 1/2 sum (yhat - y)^2.
  case squared
  /// (1/n) sum (1 - y yhat)_+, with y = -1 or 1.
  case hinge
  /// 1/2 sum (1 - y yhat)_+^2, with y = -1 or 1.
  case squaredHinge = "squared-hinge"
  /// sum log(1 + exp(-2 y yhat)), with y = -1 or 1: binary cross entropy with the logit 2 yhat.
  case crossEntropy = "cross-entropy"

  /// Whether targets are classes, -1 or 1.
  public var isClassification: Bool { self != .squared }

  /// Whether the loss has a gradient everywhere.
  public var isSmooth: Bool { self != .hinge }

  /// The largest second derivative by one output; infinite for the hinge.
  public var curvature: Double { self == .hinge ? .infinity : 1 }

  /// The weight of one example: 1, or 1/n where the loss is a mean.
  func weight(_ count: Int) -> Double { self == .hinge ? 1 / Double(count) : 1 }

  /// The loss, a scalar (or (...) for batches of outputs).
  /// - Parameters: outputs (..., n), targets (n).
  public func callAsFunction(_ outputs: Tensor, _ targets: Tensor) -> Tensor {
    elementwise(outputs, targets).sum(axes: [-1])
  }

  /// What each example contributes, of the outputs' shape.
  public func elementwise(_ outputs: Tensor, _ targets: Tensor) -> Tensor {
    switch self {
    case .squared: (outputs - targets).square() * 0.5
    case .hinge: (1 - outputs * targets).relu() * weight(targets.shape[targets.rank - 1])
    case .squaredHinge: (1 - outputs * targets).relu().square() * 0.5
    case .crossEntropy: (outputs * targets * -2).softplus()
    }
  }

  /// A (sub)gradient by the outputs, of their shape.
  public func gradient(_ outputs: Tensor, _ targets: Tensor) -> Tensor {
    switch self {
    case .squared: outputs - targets
    case .hinge: (targets * ((outputs * targets) .< 1).cast(to: outputs.dtype)) * -weight(targets.shape[targets.rank - 1])
    case .squaredHinge: targets * (1 - outputs * targets).relu() * -1
    case .crossEntropy: targets * (outputs * targets * -2).sigmoid() * -2
    }
  }

  /// The second derivative by each output, of their shape; that from the right at a kink, 0 for the hinge.
  public func secondDerivative(_ outputs: Tensor, _ targets: Tensor) -> Tensor {
    switch self {
    case .squared: return Tensor.ones(outputs.shape, dtype: outputs.dtype)
    case .hinge: return Tensor.zeros(outputs.shape, dtype: outputs.dtype)
    case .squaredHinge: return ((outputs * targets) .< 1).cast(to: outputs.dtype)
    case .crossEntropy:
      let share = (outputs * targets * -2).sigmoid()
      return share * (1 - share) * 4
    }
  }

  /// argmin_p loss(p) + rho/2 ||p - point||^2, example by example.
  public func proximal(_ point: Tensor, _ targets: Tensor, penalty rho: Double) -> Tensor {
    switch self {
    case .squared: return (targets + point * rho) / (1 + rho)
    case .hinge:
      return targets * Self.proximalHinge(point * targets, step: weight(targets.shape[targets.rank - 1]) / rho)
    case .squaredHinge:
      let margin = point * targets
      return targets * Tensor.select(margin .>= 1, margin, (margin * rho + 1) / (1 + rho))
    case .crossEntropy: return targets * Self.proximalLogistic(point * targets, penalty: rho)
    }
  }

  /// Of c (1 - m)_+: m where m >= 1, 1 where 1 - c <= m < 1, m + c otherwise.
  static func proximalHinge(_ margin: Tensor, step c: Double) -> Tensor {
    Tensor.select(margin .>= 1, margin, (margin + c).minimum(1))
  }

  /// Of log(1 + exp(-2m)) with penalty rho: Newton's steps, kept in a bracket that shrinks around the root.
  static func proximalLogistic(_ margin: Tensor, penalty rho: Double) -> Tensor {
    // The derivative -2 sigmoid(-2m) + rho (m - a) changes its sign between a and a + 2/rho.
    var (low, high) = (margin, margin + 2 / rho)
    var root = margin + (margin * -2).sigmoid() * min(2 / rho, 2)
    for _ in 0..<16 {
      let slope = (root * -2).sigmoid()
      let derivative = (root - margin) * rho - slope * 2
      high = Tensor.select(derivative .>= 0, root, high)
      low = Tensor.select(derivative .< 0, root, low)
      let newton = root - derivative / (slope * (1 - slope) * 4 + rho)
      root = Tensor.select((newton .>= low) .& (newton .<= high), newton, (low + high) * 0.5)
    }
    return root
  }

  /// -loss*(gradient): what a vector `gradient` of derivatives by the outputs is worth in the dual, a scalar.
  ///
  /// Minus infinity where it lies outside the conjugate's domain.
  public func dualValue(_ gradient: Tensor, _ targets: Tensor) -> Double {
    let (g, y) = (gradient.array(of: Double.self), targets.array(of: Double.self))
    var sum = 0.0
    for (g, y) in zip(g, y) {
      switch self {
      // loss*(g) = g^2 / 2 + g y.
      case .squared: sum -= g * g / 2 + g * y
      // g = -y t / n with t in [0, 1], loss*(g) = -t / n.
      case .hinge:
        let t = -g * y
        guard t >= -1e-15, t <= weight(targets.elementCount) * (1 + 1e-12) else { return -.infinity }
        sum += t
      // g = -y t with t >= 0, loss*(g) = t^2 / 2 - t.
      case .squaredHinge:
        let t = -g * y
        guard t >= -1e-15 else { return -.infinity }
        sum += t - t * t / 2
      // g = -2 y q with q in [0, 1], loss*(g) = q log q + (1 - q) log(1 - q).
      case .crossEntropy:
        let q = min(max(-g * y / 2, 0), 1)
        guard abs(q + g * y / 2) < 1e-12 else { return -.infinity }
        sum -= (q > 0 ? q * log(q) : 0) + (q < 1 ? (1 - q) * log(1 - q) : 0)
      }
    }
    return sum
  }
}
