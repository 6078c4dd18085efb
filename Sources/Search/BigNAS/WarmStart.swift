import Layers

/// The sandwich with a warm teacher (DepsilonpS, Annavajjala et al., 2024): the biggest network learns alone at first; then the others join, their
/// gradients growing from 0 to their full weight, so that they disturb it little.
public struct WarmStart: Sendable, Hashable, Codable {
  public var rule: SandwichRule
  /// Steps of the biggest network alone. Channels are to be sorted after them.
  public var warmSteps: Int
  /// Steps in which the others' weight grows.
  public var rampSteps: Int

  public init(_ rule: SandwichRule, warmSteps: Int, rampSteps: Int) {
    precondition(warmSteps >= 0 && rampSteps >= 1, "WarmStart: \(warmSteps) steps alone, \(rampSteps) of growth")
    self.rule = rule
    self.warmSteps = warmSteps
    self.rampSteps = rampSteps
  }

  /// The step of a number, from 0.
  public func step(_ step: Int, _ space: SearchSpace, mask: GeneMask? = nil, using random: inout some RandomNumberGenerator) -> StepPlan {
    var plan = rule.step(space, mask: mask, using: &random)
    guard step >= warmSteps else {
      plan.entries = [plan.entries[0]]
      return plan
    }
    let share = min(1, Double(step - warmSteps + 1) / Double(rampSteps))
    for index in plan.entries.indices.dropFirst() { plan.entries[index].gradientWeight *= share }
    return plan
  }
}
