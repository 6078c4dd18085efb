import Foundation
import Layers
import Tensors

/// Watches the losses of a training and goes back to the last good state when one stops being a number, or when they jump to what a network that knows
/// nothing has - the logarithm of the number of classes - and stay there.
///
/// A loss shows what the update before it did, so the newest state that is kept may hold the damage already. A state counts as good only when as many
/// steps again went well after it; two are kept. After going back the training goes on with the next batches. Where that fails again and again, the guard
/// gives up and lets what happens happen.
public final class DivergenceGuard {
  public enum Verdict: Sendable, Hashable {
    case healthy
    /// The last good state is back; the step is lost.
    case restored
    /// The state was restored as often in a row as allowed, without success. From now on nothing is restored.
    case givenUp
  }

  private struct Kept {
    var values: [Tensor]
    var state: [String: Tensor]
  }

  private let parameters: [Parameter]
  private let optimizer: any Optimizer
  private let chance: Double
  private let interval: Int
  private let patience: Int
  private let limit: Int

  private var good: Kept
  private var candidate: Kept
  private var average: Double?
  private var highSteps = 0
  private var healthySteps = 0
  private var rollbacksInARow = 0
  private var hasGivenUp = false
  /// How often it went back.
  public private(set) var rollbacks = 0

  /// - Parameters:
  ///   - interval: steps between the states that are kept.
  ///   - patience: losses at chance in a row that make a jump; a single batch may be bad luck.
  ///   - limit: how often in a row it goes back, without `interval` healthy steps in between, before it gives up.
  public init(
    _ module: some Module, optimizer: any Optimizer, classCount: Int, interval: Int = 50, patience: Int = 3, limit: Int = 3
  ) {
    precondition(
      classCount >= 2 && interval >= 1 && patience >= 1 && limit >= 1,
      "DivergenceGuard: \(classCount) classes, a state every \(interval) steps, patience \(patience), limit \(limit)")
    module.materialize()
    parameters = module.namedParameters.map(\.parameter)
    self.optimizer = optimizer
    chance = log(Double(classCount))
    self.interval = interval
    self.patience = patience
    self.limit = limit
    let now = Kept(values: parameters.map { $0.value.separateCopy }, state: optimizer.state.mapValues(\.separateCopy))
    (good, candidate) = (now, now)
  }

  /// Takes in the losses of the networks of a step that is done, the largest network's first: that one is judged for jumps, all have to be finite.
  public func check(_ losses: [Double]) -> Verdict {
    precondition(!losses.isEmpty, "DivergenceGuard: a step without losses")
    guard !hasGivenUp else { return .givenUp }
    let loss = losses[0]
    let isFinite = losses.allSatisfy(\.isFinite)
    let isHigh = average.map { $0 < 0.7 * chance && loss > 0.95 * chance } ?? false
    highSteps = isFinite && isHigh ? highSteps + 1 : 0
    guard isFinite, highSteps < patience else { return goBack() }
    // Neither the average nor the kept states take in what may turn out to be a collapse.
    guard highSteps == 0 else { return .healthy }
    average = average.map { 0.9 * $0 + 0.1 * loss } ?? loss
    healthySteps += 1
    if healthySteps % interval == 0 {
      good = candidate
      candidate = Kept(values: parameters.map { $0.value.separateCopy }, state: optimizer.state.mapValues(\.separateCopy))
      rollbacksInARow = 0
    }
    return .healthy
  }

  private func goBack() -> Verdict {
    (highSteps, healthySteps) = (0, 0)
    guard rollbacksInARow < limit else {
      hasGivenUp = true
      return .givenUp
    }
    for (parameter, value) in zip(parameters, good.values) { parameter.assign(value.separateCopy) }
    optimizer.state = good.state.mapValues(\.separateCopy)
    candidate = good
    rollbacks += 1
    rollbacksInARow += 1
    return .restored
  }

  /// Everything the guard remembers, so that a training that is resumed is guarded as if it had not stopped. Names and shapes never change.
  public var state: [String: Tensor] {
    get {
      let numbers = [
        average ?? -1, Double(highSteps), Double(healthySteps), Double(rollbacksInARow), Double(rollbacks), hasGivenUp ? 1 : 0,
      ]
      var state = ["numbers": Tensor(numbers)]
      for (name, kept) in [("good", good), ("candidate", candidate)] {
        for (index, value) in kept.values.enumerated() { state["\(name).\(index)"] = value }
        for (key, value) in kept.state { state["\(name).optimizer.\(key)"] = value }
      }
      return state
    }
    set {
      func kept(_ name: String) -> Kept {
        Kept(
          values: parameters.indices.map { newValue["\(name).\($0)"]! },
          state: Dictionary(uniqueKeysWithValues: good.state.keys.map { ($0, newValue["\(name).optimizer.\($0)"]!) }))
      }
      (good, candidate) = (kept("good"), kept("candidate"))
      let numbers = newValue["numbers"]!.array(of: Double.self)
      average = numbers[0] < 0 ? nil : numbers[0]
      (highSteps, healthySteps, rollbacksInARow) = (Int(numbers[1]), Int(numbers[2]), Int(numbers[3]))
      (rollbacks, hasGivenUp) = (Int(numbers[4]), numbers[5] == 1)
    }
  }
}

extension Tensor {
  /// The same values in memory of their own: a step may write over what nobody else holds.
  fileprivate var separateCopy: Tensor { withBytes { Tensor(bytes: $0, shape: shape, dtype: dtype) } }
}
