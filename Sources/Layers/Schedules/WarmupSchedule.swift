/// A straight rise, then another schedule from its beginning (Goyal et al., 2017).
public struct WarmupSchedule: LearningRateSchedule {
  /// Steps of the rise.
  public var steps: Int
  /// The rate of step 0 as a fraction of the one that is risen to.
  public var startFactor: Double
  /// What follows; its rate at step 0 is risen to.
  public var following: any LearningRateSchedule

  public init(steps: Int, startFactor: Double = 0, following: any LearningRateSchedule) {
    precondition(steps >= 0, "WarmupSchedule: \(steps) steps")
    self.steps = steps
    self.startFactor = startFactor
    self.following = following
  }

  public func rate(at step: Int) -> Double {
    guard step < steps else { return following.rate(at: step - steps) }
    return following.rate(at: 0) * (startFactor + (1 - startFactor) * Double(step) / Double(steps))
  }
}

extension LearningRateSchedule {
  /// This schedule after a straight rise of `steps` steps to its first rate.
  public func warmedUp(steps: Int, startFactor: Double = 0) -> WarmupSchedule {
    WarmupSchedule(steps: steps, startFactor: startFactor, following: self)
  }
}
