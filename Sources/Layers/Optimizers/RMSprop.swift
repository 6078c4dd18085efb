import Tensors

/// Division by the running root of the mean square of the gradient (Hinton, 2012). Weight decay is added to the gradient.
public final class RMSprop: RuleOptimizer {
  /// - Parameters:
  ///   - decay: of the running mean square.
  ///   - isCentered: subtracts the square of the running mean (Graves, 2013).
  public convenience init(
    _ parameters: [Parameter], learningRate: Double = 1e-2, decay: Double = 0.99, epsilon: Double = 1e-8, momentum: Double = 0,
    isCentered: Bool = false, weightDecay: Double = 0
  ) {
    self.init(
      [ParameterGroup(parameters)], learningRate: learningRate, decay: decay, epsilon: epsilon, momentum: momentum, isCentered: isCentered,
      weightDecay: weightDecay)
  }

  public init(
    _ groups: [ParameterGroup], learningRate: Double = 1e-2, decay: Double = 0.99, epsilon: Double = 1e-8, momentum: Double = 0,
    isCentered: Bool = false, weightDecay: Double = 0
  ) {
    precondition(
      (0..<1).contains(decay) && epsilon >= 0 && (0..<1).contains(momentum),
      "RMSprop: decay \(decay) and momentum \(momentum) must lie in 0 ..< 1, epsilon \(epsilon) must not be negative")
    let rule = RMSpropRule(decay: decay, epsilon: epsilon, momentum: momentum, isCentered: isCentered)
    super.init(groups, rule: rule, learningRate: learningRate, weightDecay: weightDecay)
  }
}

struct RMSpropRule: UpdateRule {
  let decay: Double
  let epsilon: Double
  let momentum: Double
  let isCentered: Bool

  var slots: [UpdateSlot] {
    [UpdateSlot("meanSquare")] + (isCentered ? [UpdateSlot("mean")] : []) + (momentum > 0 ? [UpdateSlot("momentum")] : [])
  }

  func update(_ value: Tensor, gradient: Tensor, slots: [Tensor], step: UpdateStep) -> (value: Tensor, slots: [Tensor]) {
    let gradient = gradient.addingDecay(step.weightDecay, of: value)
    var kept = [slots[0] * decay + gradient.square() * (1 - decay)]
    var variance = kept[0]
    if isCentered {
      kept.append(slots[1] * decay + gradient * (1 - decay))
      variance = variance - kept[1].square()
    }
    var change = gradient / (variance.sqrt() + epsilon)
    if momentum > 0 {
      change = slots[slots.count - 1] * momentum + change
      kept.append(change)
    }
    return (value - change * step.learningRate, kept)
  }
}
