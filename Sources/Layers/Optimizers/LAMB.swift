import Foundation
import Tensors

/// Adam whose step on each parameter is scaled to the parameter's norm, for large batches (You et al., 2020, algorithm 2).
public final class LAMB: RuleOptimizer {
  public convenience init(
    _ parameters: [Parameter], learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-6,
    weightDecay: Double = 0
  ) {
    self.init([ParameterGroup(parameters)], learningRate: learningRate, betas: betas, epsilon: epsilon, weightDecay: weightDecay)
  }

  public init(
    _ groups: [ParameterGroup], learningRate: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), epsilon: Double = 1e-6,
    weightDecay: Double = 0
  ) {
    super.init(groups, rule: LAMBRule(betas: betas, epsilon: epsilon), learningRate: learningRate, weightDecay: weightDecay)
  }
}

struct LAMBRule: UpdateRule {
  let betas: (Double, Double)
  let epsilon: Double

  var slots: [UpdateSlot] { [UpdateSlot("firstMoment"), UpdateSlot("secondMoment")] }

  func update(_ value: Tensor, gradient: Tensor, slots: [Tensor], step: UpdateStep) -> (value: Tensor, slots: [Tensor]) {
    let first = slots[0] * betas.0 + gradient * (1 - betas.0)
    let second = slots[1] * betas.1 + gradient.square() * (1 - betas.1)
    let firstCorrection = 1 - pow(betas.0, Double(step.count))
    let secondCorrection = 1 - pow(betas.1, Double(step.count))
    let ratio = first * (1 / firstCorrection) / ((second * (1 / secondCorrection)).sqrt() + epsilon)
    let update = ratio.addingDecay(step.weightDecay, of: value)
    let valueNorm = value.norm()
    let updateNorm = update.norm()
    let one = Tensor(1, dtype: value.dtype)
    // Where either norm is 0 there is nothing to scale to.
    let isScaled = (valueNorm .> 0) .& (updateNorm .> 0)
    let trust = Tensor.select(isScaled, valueNorm / Tensor.select(isScaled, updateNorm, one), one)
    return (value - update * (trust * step.learningRate), [first, second])
  }
}
