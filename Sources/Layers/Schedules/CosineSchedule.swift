import Foundation

/// Half a cosine from `base` down to `minimum` (Loshchilov and Hutter, 2017); `minimum` afterwards.
public struct CosineSchedule: LearningRateSchedule, Codable, Hashable {
  public var base: Double
  public var steps: Int
  public var minimum: Double

  public init(base: Double, steps: Int, minimum: Double = 0) {
    precondition(steps > 0, "CosineSchedule: \(steps) steps")
    self.base = base
    self.steps = steps
    self.minimum = minimum
  }

  public func rate(at step: Int) -> Double { cosine(from: base, to: minimum, Double(min(step, steps)) / Double(steps)) }
}

/// Half cosines one after the other, each `growth` times as long as the one before (Loshchilov and Hutter, 2017).
public struct CosineRestartSchedule: LearningRateSchedule, Codable, Hashable {
  public var base: Double
  /// Steps of the first period.
  public var first: Int
  public var growth: Int
  public var minimum: Double

  public init(base: Double, first: Int, growth: Int = 1, minimum: Double = 0) {
    precondition(first > 0 && growth > 0, "CosineRestartSchedule: a first period of \(first) steps that grows \(growth)-fold")
    self.base = base
    self.first = first
    self.growth = growth
    self.minimum = minimum
  }

  public func rate(at step: Int) -> Double {
    var position = step
    var period = first
    while position >= period {
      position -= period
      period *= growth
      if growth == 1 {
        position %= period
      }
    }
    return cosine(from: base, to: minimum, Double(position) / Double(period))
  }
}

/// Half a cosine: `start` at progress 0, `end` at 1.
func cosine(from start: Double, to end: Double, _ progress: Double) -> Double {
  end + (start - end) * (1 + cos(Double.pi * progress)) / 2
}
