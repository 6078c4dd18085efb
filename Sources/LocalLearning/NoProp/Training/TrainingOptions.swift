import Layers

/// How NoProp's blocks are trained.
public struct DiscreteTimeOptions: Sendable, Hashable, Codable {
  /// eta, the weight of the denoising term; at least 0.
  public var weight: Double
  public var learningRate: Double
  /// Decoupled weight decay (AdamW).
  public var weightDecay: Double
  /// Takes u_y as a constant in the squared error and in z_{t-1} (see `DiscreteTimeNoProp.denoisingTerm`).
  public var fixesTarget: Bool

  public init(weight: Double = 0.1, learningRate: Double = 1e-3, weightDecay: Double = 1e-3, fixesTarget: Bool = false) {
    self.weight = weight
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    self.fixesTarget = fixesTarget
  }

  func validate() throws(NoPropError) {
    guard weight >= 0 else { throw .denoisingWeight(weight) }
    guard learningRate > 0 else { throw .setting(name: "learning rate", value: learningRate, allowed: "above 0") }
    guard weightDecay >= 0 else { throw .setting(name: "weight decay", value: weightDecay, allowed: "at least 0") }
  }

  func optimizer(_ parameters: [Parameter]) -> any Optimizer {
    AdamW(parameters, learningRate: learningRate, weightDecay: weightDecay)
  }
}
