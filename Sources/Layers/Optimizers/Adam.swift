import Foundation
import Tensors

/// Adam (Kingma and Ba, 2015). Weight decay is added to the gradient; `AdamW` decouples it.
public final class Adam: RuleOptimizer {
  /// - Parameters:
  ///   - betas: decay of the running first and second moment.
  ///   - epsilon: added to the root of the second moment.
  ///   - isAMSGrad: divides by the largest second moment so far (Reddi et al., 2018).
  public convenience init(
    _ parameters: [Parameter], learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8,
    weightDecay: Double = 0, isAMSGrad: Bool = false
  ) {
    self.init(
      [ParameterGroup(parameters)], learningRate: learningRate, betas: betas, epsilon: epsilon, weightDecay: weightDecay,
      isAMSGrad: isAMSGrad)
  }

  public init(
    _ groups: [ParameterGroup], learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8,
    weightDecay: Double = 0, isAMSGrad: Bool = false
  ) {
    let rule = AdamRule(betas: betas, epsilon: epsilon, isAMSGrad: isAMSGrad, isDecayDecoupled: false)
    super.init(groups, rule: rule, learningRate: learningRate, weightDecay: weightDecay)
  }
}

/// Adam whose weight decay shrinks the weights directly, in proportion to the learning rate (Loshchilov and Hutter, 2019).
public final class AdamW: RuleOptimizer {
  public convenience init(
    _ parameters: [Parameter], learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8,
    weightDecay: Double = 1e-2, isAMSGrad: Bool = false
  ) {
    self.init(
      [ParameterGroup(parameters)], learningRate: learningRate, betas: betas, epsilon: epsilon, weightDecay: weightDecay,
      isAMSGrad: isAMSGrad)
  }

  public init(
    _ groups: [ParameterGroup], learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-8,
    weightDecay: Double = 1e-2, isAMSGrad: Bool = false
  ) {
    let rule = AdamRule(betas: betas, epsilon: epsilon, isAMSGrad: isAMSGrad, isDecayDecoupled: true)
    super.init(groups, rule: rule, learningRate: learningRate, weightDecay: weightDecay)
  }
}

struct AdamRule: UpdateRule {
  let betas: (Double, Double)
  let epsilon: Double
  let isAMSGrad: Bool
  let isDecayDecoupled: Bool

  var slots: [UpdateSlot] {
    [UpdateSlot("firstMoment"), UpdateSlot("secondMoment")] + (isAMSGrad ? [UpdateSlot("largestSecondMoment")] : [])
  }

  func update(_ value: Tensor, gradient: Tensor, slots: [Tensor], step: UpdateStep) -> (value: Tensor, slots: [Tensor]) {
    let gradient = isDecayDecoupled ? gradient : gradient.addingDecay(step.weightDecay, of: value)
    let shrunk = isDecayDecoupled && step.weightDecay != 0 ? value * (1 - step.learningRate * step.weightDecay) : value
    let first = slots[0] * betas.0 + gradient * (1 - betas.0)
    let second = slots[1] * betas.1 + gradient.square() * (1 - betas.1)
    let largest = isAMSGrad ? slots[2].maximum(second) : second
    // Both moments begin at zero; the corrections undo that bias.
    let firstCorrection = 1 - pow(betas.0, Double(step.count))
    let secondCorrection = (1 - pow(betas.1, Double(step.count))).squareRoot()
    let denominator = largest.sqrt() * (1 / secondCorrection) + epsilon
    let updated = shrunk - first / denominator * (step.learningRate / firstCorrection)
    return (updated, [first, second] + (isAMSGrad ? [largest] : []))
  }
}
