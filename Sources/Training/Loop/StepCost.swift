import Synchronization
import Tensors

/// What the steps of trainings took, without the evaluations between them.
public struct StepCost: Sendable, Hashable, Codable {
  /// By the clock.
  public var seconds: Double
  /// Inputs, parameters, outputs and temporaries of the largest plan that a step ran, in bytes; exact.
  public var peakBytes: Int

  public init(seconds: Double = 0, peakBytes: Int = 0) {
    self.seconds = seconds
    self.peakBytes = peakBytes
  }

  /// Runs `body` and adds up what its trainings take: every step of a ``TrainingLoop`` in it, and what else is `counted`.
  public static func measured<Result>(_ body: () throws -> Result) rethrows -> (result: Result, cost: StepCost) {
    let meter = TrainingMeter()
    let result = try TrainingMeter.$current.withValue(meter) { try body() }
    return (result, meter.cost.withLock { $0 })
  }

  /// Runs `body`, work of a training, and adds what it takes to the cost that is being measured, if one is.
  @discardableResult
  public static func counted<Result>(_ body: () throws -> Result) rethrows -> Result {
    guard let meter = TrainingMeter.current else { return try body() }
    let start = ContinuousClock.now
    var result: Result!
    let statistics = try EngineStatistics.during { result = try body() }
    meter.cost.withLock {
      $0.seconds += (ContinuousClock.now - start) / .seconds(1)
      $0.peakBytes = max($0.peakBytes, statistics.peakBytes)
    }
    return result
  }
}

private final class TrainingMeter: Sendable {
  @TaskLocal static var current: TrainingMeter?
  let cost = Mutex(StepCost())
}
