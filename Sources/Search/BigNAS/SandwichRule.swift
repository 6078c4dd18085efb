import Layers
import Tensors

/// The training of BigNAS (Yu et al., 2020): in every step the biggest network, the smallest and some random ones, all small ones taught by the biggest of
/// the same step.
public struct SandwichRule: Sendable, Hashable, Codable {
  /// What the networks beside the biggest learn from.
  public enum ChildLoss: Sendable, Hashable, Codable {
    /// The biggest network's prediction in this step, without labels: the published rule.
    case inPlace
    case labels
    /// Labels, and the prediction with this weight.
    case mixed(distillation: Double)
  }

  /// Which networks are regularised.
  public enum RegularizedNetworks: String, Sendable, Hashable, Codable, CaseIterable {
    case biggest
    case all
  }

  /// Networks a step, the biggest and the smallest included; at least 2.
  public var networks: Int
  public var childLoss: ChildLoss
  public var smoothing: Double
  public var regularization: Regularization
  public var regularized: RegularizedNetworks
  /// Multiplies the gradient of every network: their sum then keeps the size of a single one's.
  public var gradientWeight: Double
  public var clipping: GradientClipping

  /// - Throws: `StepPlanError` for fewer than two networks: biggest and smallest.
  public init(
    networks: Int = 4, childLoss: ChildLoss = .inPlace, smoothing: Double = 0.1,
    regularization: Regularization = .init(dropout: 0.2, dropPath: 0.2),
    regularized: RegularizedNetworks = .biggest, gradientWeight: Double = 1, clipping: GradientClipping = .none
  ) throws(StepPlanError) {
    guard networks >= 2 else {
      throw StepPlanError(found: "a sandwich of \(networks) networks", expected: "at least 2: the biggest and the smallest")
    }
    self.networks = networks
    self.childLoss = childLoss
    self.smoothing = smoothing
    self.regularization = regularization
    self.regularized = regularized
    self.gradientWeight = gradientWeight
    self.clipping = clipping
  }

  /// One step: the biggest first, since it teaches; then random ones; the smallest last.
  public func step(_ space: SearchSpace, mask: GeneMask? = nil, using random: inout some RandomNumberGenerator) -> StepPlan {
    let mask = mask ?? GeneMask(all: space)
    var children: [Architecture] = []
    for _ in 0..<(networks - 2) { children.append(space.sample(mask, using: &random)) }
    children.append(space.minimum(mask))
    let biggest = StepEntry(
      space.maximum(mask), loss: .init(labels: 1, smoothing: smoothing), gradientWeight: gradientWeight, regularization: regularization)
    return StepPlan([biggest] + children.map(child), clipping: clipping)
  }

  private func child(_ architecture: Architecture) -> StepEntry {
    let loss: StepEntry.Loss
    var teacher = StepEntry.Teacher.inPlace(0)
    switch childLoss {
    case .inPlace: loss = .init(labels: 0, distillation: 1)
    case .labels:
      loss = .init(labels: 1, smoothing: smoothing)
      teacher = .none
    case .mixed(let distillation): loss = .init(labels: 1, smoothing: smoothing, distillation: distillation)
    }
    return StepEntry(
      architecture, loss: loss, teacher: teacher, gradientWeight: gradientWeight,
      regularization: regularized == .all ? regularization : .none)
  }
}

/// Steps of random networks that learn from labels alone: what sandwich and distillation are measured against.
public struct UniformSampling: Sendable, Hashable, Codable {
  public var networks: Int
  public var smoothing: Double
  public var gradientWeight: Double
  public var regularization: Regularization

  public init(networks: Int, smoothing: Double = 0.1, gradientWeight: Double = 1, regularization: Regularization = .none) {
    precondition(networks >= 1, "UniformSampling: \(networks) networks a step")
    self.networks = networks
    self.smoothing = smoothing
    self.gradientWeight = gradientWeight
    self.regularization = regularization
  }

  public func step(_ space: SearchSpace, mask: GeneMask? = nil, using random: inout some RandomNumberGenerator) -> StepPlan {
    StepPlan(
      (0..<networks).map { _ in
        StepEntry(
          space.sample(mask, using: &random), loss: .init(labels: 1, smoothing: smoothing), gradientWeight: gradientWeight,
          regularization: regularization)
      })
  }
}
