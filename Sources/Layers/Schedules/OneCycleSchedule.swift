/// Up to a maximum and down to almost nothing in one run (Smith and Topin, 2019).
public struct OneCycleSchedule: LearningRateSchedule, Codable, Hashable {
  public enum Annealing: String, Sendable, Codable, Hashable { case cosine, linear }

  public var maximum: Double
  /// Of the whole run.
  public var steps: Int
  /// The rise takes risingFraction * steps - 1 steps.
  public var risingFraction: Double
  /// The run begins with maximum / startDivisor ...
  public var startDivisor: Double
  /// ... and ends, in the last step, with that divided by this.
  public var endDivisor: Double
  public var annealing: Annealing

  public init(
    maximum: Double, steps: Int, risingFraction: Double = 0.3, startDivisor: Double = 25, endDivisor: Double = 1e4,
    annealing: Annealing = .cosine
  ) {
    precondition(steps > 1 && (0...1).contains(risingFraction), "OneCycleSchedule: \(steps) steps, of which \(risingFraction) rise")
    self.maximum = maximum
    self.steps = steps
    self.risingFraction = risingFraction
    self.startDivisor = startDivisor
    self.endDivisor = endDivisor
    self.annealing = annealing
  }

  public func rate(at step: Int) -> Double {
    let start = maximum / startDivisor
    let top = max(risingFraction * Double(steps) - 1, 0)
    let last = Double(steps - 1)
    let position = min(Double(step), last)
    if position <= top, top > 0 { return between(start, maximum, position / top) }
    return between(maximum, start / endDivisor, last == top ? 1 : (position - top) / (last - top))
  }

  private func between(_ start: Double, _ end: Double, _ progress: Double) -> Double {
    switch annealing {
    case .cosine: cosine(from: start, to: end, progress)
    case .linear: start + (end - start) * progress
    }
  }
}
