import Foundation

/// A learning rate as a function of the step. `optimizer.learningRate = schedule.rate(at: step)` before each step follows it.
public protocol LearningRateSchedule: Sendable {
  /// The rate in force during a step, counted from 0.
  func rate(at step: Int) -> Double
}

/// The same rate throughout.
public struct ConstantSchedule: LearningRateSchedule, Codable, Hashable {
  public var base: Double
  public init(_ base: Double) { self.base = base }
  public func rate(at step: Int) -> Double { base }
}

/// The rate multiplied by `factor` after every `every` steps.
public struct StepSchedule: LearningRateSchedule, Codable, Hashable {
  public var base: Double
  public var every: Int
  public var factor: Double

  public init(base: Double, every: Int, factor: Double = 0.1) {
    precondition(every > 0, "StepSchedule: \(every) steps between changes")
    self.base = base
    self.every = every
    self.factor = factor
  }

  public func rate(at step: Int) -> Double { base * pow(factor, Double(step / every)) }
}

/// The rate multiplied by `factor` at each of the milestones.
public struct MultiStepSchedule: LearningRateSchedule, Codable, Hashable {
  public var base: Double
  public var milestones: [Int]
  public var factor: Double

  public init(base: Double, milestones: [Int], factor: Double = 0.1) {
    self.base = base
    self.milestones = milestones
    self.factor = factor
  }

  public func rate(at step: Int) -> Double { base * pow(factor, Double(milestones.count { $0 <= step })) }
}

/// The rate multiplied by `factor` after each step.
public struct ExponentialSchedule: LearningRateSchedule, Codable, Hashable {
  public var base: Double
  public var factor: Double

  public init(base: Double, factor: Double) {
    self.base = base
    self.factor = factor
  }

  public func rate(at step: Int) -> Double { base * pow(factor, Double(step)) }
}

/// Down to `minimum` in `steps` steps as base * (1 - step / steps)^power.
public struct PolynomialSchedule: LearningRateSchedule, Codable, Hashable {
  public var base: Double
  public var steps: Int
  public var power: Double
  public var minimum: Double

  public init(base: Double, steps: Int, power: Double = 1, minimum: Double = 0) {
    precondition(steps > 0, "PolynomialSchedule: \(steps) steps")
    self.base = base
    self.steps = steps
    self.power = power
    self.minimum = minimum
  }

  public func rate(at step: Int) -> Double {
    minimum + (base - minimum) * pow(1 - Double(min(step, steps)) / Double(steps), power)
  }
}
