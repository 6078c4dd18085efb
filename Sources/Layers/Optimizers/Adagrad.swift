import Tensors

/// Division by the root of the sum of all squared gradients (Duchi et al., 2011). Weight decay is added to the gradient.
public final class Adagrad: RuleOptimizer {
  /// - Parameters:
  ///   - rateDecay: the rate of update t is learningRate / (1 + (t - 1) * rateDecay).
  ///   - initialSum: what the sums of squares begin with.
  public convenience init(
    _ parameters: [Parameter], learningRate: Double = 1e-2, rateDecay: Double = 0, initialSum: Double = 0, epsilon: Double = 1e-10,
    weightDecay: Double = 0
  ) {
    self.init(
      [ParameterGroup(parameters)], learningRate: learningRate, rateDecay: rateDecay, initialSum: initialSum, epsilon: epsilon,
      weightDecay: weightDecay)
  }

  public init(
    _ groups: [ParameterGroup], learningRate: Double = 1e-2, rateDecay: Double = 0, initialSum: Double = 0, epsilon: Double = 1e-10,
    weightDecay: Double = 0
  ) {
    let rule = AdagradRule(rateDecay: rateDecay, initialSum: initialSum, epsilon: epsilon)
    super.init(groups, rule: rule, learningRate: learningRate, weightDecay: weightDecay)
  }
}

struct AdagradRule: UpdateRule {
  let rateDecay: Double
  let initialSum: Double
  let epsilon: Double

  var slots: [UpdateSlot] { [UpdateSlot("sum", initialValue: initialSum)] }

  func update(_ value: Tensor, gradient: Tensor, slots: [Tensor], step: UpdateStep) -> (value: Tensor, slots: [Tensor]) {
    let gradient = gradient.addingDecay(step.weightDecay, of: value)
    let sum = slots[0] + gradient.square()
    let rate = step.learningRate / (1 + Double(step.count - 1) * rateDecay)
    return (value - gradient / (sum.sqrt() + epsilon) * rate, [sum])
  }
}
