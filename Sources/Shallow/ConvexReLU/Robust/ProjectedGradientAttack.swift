import Tensors

/// Projected gradient ascent on the worst perturbation |delta_kj| <= radius (Madry et al., 2018); with one full step and no random start, the fast
/// gradient sign method (Goodfellow et al., 2015).
public struct ProjectedGradientAttack: Sendable, Hashable {
  /// What the perturbation makes as large as possible.
  public enum Goal: Sendable, Hashable {
    /// -y f(x): every loss of classes grows with it, and it has a gradient where the hinge has none.
    case margin
    /// |f(x) - y|.
    case error
  }

  public let goal: Goal
  public let radius: Double
  public let steps: Int
  public let stepSize: Double
  public let startsAtRandom: Bool

  /// 40 steps of radius / 8 from a random start (section 5).
  public init(_ goal: Goal = .margin, radius: Double, steps: Int = 40, stepSize: Double? = nil, startsAtRandom: Bool = true) {
    precondition(radius >= 0 && steps >= 1, "ProjectedGradientAttack: radius \(radius) and \(steps) steps, expected at least 0 and 1")
    self.goal = goal
    self.radius = radius
    self.steps = steps
    self.stepSize = stepSize ?? radius / 8
    self.startsAtRandom = startsAtRandom
  }

  /// The fast gradient sign method.
  public static func fastGradientSign(radius: Double) -> ProjectedGradientAttack {
    ProjectedGradientAttack(radius: radius, steps: 1, stepSize: radius, startsAtRandom: false)
  }

  /// Perturbed features, (K, n, d), one set for each network.
  ///
  /// - Parameters:
  ///   - features: (n, d); targets: (n).
  ///   - perturbable: (d), 1 for the columns that move.
  public func perturbed(
    _ features: Tensor, targets: Tensor, networks: ReLUNetworks, perturbable: Tensor, random: inout RandomStream
  ) -> Tensor {
    let shape: Shape = [networks.count, features.shape[0], features.shape[1]]
    let centre = features.expandingShape(at: 0)
    var delta = Tensor.zeros(shape, dtype: .float64)
    if startsAtRandom { delta = Tensor.uniform(shape, key: random.next(), from: -radius, to: radius, dtype: .float64) * perturbable }
    evaluate(delta)
    for _ in 0..<steps {
      let outputs = networks.outputs(centre + delta)
      // Of -y f or |f - y|, up to a positive factor: signs alone matter.
      let slope = goal == .margin ? targets * -1 : (outputs - targets).sign()
      let ascent = outputs.gradients(withRespectTo: [delta], cotangent: slope.broadcast(to: outputs.shape))[0]
      let next = (delta + ascent.sign() * perturbable * stepSize).clamped(-radius, radius)
      evaluate(next)
      delta = next
    }
    let moved = centre + delta
    evaluate(moved)
    return moved
  }
}

extension ReLUNetworks {
  /// The share of rows whose sign the networks get right, (K) numbers. Features (n, d) or (K, n, d), targets (n) of -1 and 1.
  public func accuracies(_ features: Tensor, targets: Tensor) -> [Double] {
    let isRight = (outputs(features) * targets .> 0).cast(to: .float64)
    return isRight.mean(axes: [1]).array(of: Double.self)
  }

  /// The loss without weight decay, (K) numbers.
  public func losses(_ loss: OutputLoss, _ features: Tensor, targets: Tensor) -> [Double] {
    loss(outputs(features), targets).array(of: Double.self)
  }
}
