import Tensors

/// Stochastic gradient descent, with momentum if asked for (Sutskever et al., 2013). Weight decay is added to the gradient.
public final class SGD: RuleOptimizer {
  /// - Parameters:
  ///   - momentum: share of the last direction in the next.
  ///   - dampening: share of the gradient that does not enter the direction.
  ///   - isNesterov: looks ahead along the direction.
  public convenience init(
    _ parameters: [Parameter], learningRate: Double, momentum: Double = 0, dampening: Double = 0, isNesterov: Bool = false,
    weightDecay: Double = 0
  ) {
    self.init(
      [ParameterGroup(parameters)], learningRate: learningRate, momentum: momentum, dampening: dampening, isNesterov: isNesterov,
      weightDecay: weightDecay)
  }

  public init(
    _ groups: [ParameterGroup], learningRate: Double, momentum: Double = 0, dampening: Double = 0, isNesterov: Bool = false,
    weightDecay: Double = 0
  ) {
    precondition(
      !isNesterov || (momentum > 0 && dampening == 0),
      "SGD: Nesterov's method needs momentum (got \(momentum)) and no dampening (got \(dampening))")
    let rule = SGDRule(momentum: momentum, dampening: dampening, isNesterov: isNesterov)
    super.init(groups, rule: rule, learningRate: learningRate, weightDecay: weightDecay)
  }
}

struct SGDRule: UpdateRule {
  let momentum: Double
  let dampening: Double
  let isNesterov: Bool

  var slots: [UpdateSlot] { momentum == 0 ? [] : [UpdateSlot("momentum")] }

  func update(_ value: Tensor, gradient: Tensor, slots: [Tensor], step: UpdateStep) -> (value: Tensor, slots: [Tensor]) {
    let gradient = gradient.addingDecay(step.weightDecay, of: value)
    guard momentum != 0 else { return (value - gradient * step.learningRate, []) }
    // The first direction is the gradient itself, undamped.
    let fresh = dampening == 0 || step.count == 1 ? gradient : gradient * (1 - dampening)
    let direction = slots[0] * momentum + fresh
    let change = isNesterov ? gradient + direction * momentum : direction
    return (value - change * step.learningRate, [direction])
  }
}

extension Tensor {
  /// The gradient with that of decay / 2 * |value|^2 added.
  func addingDecay(_ decay: Double, of value: Tensor) -> Tensor { decay == 0 ? self : self + value * decay }
}
