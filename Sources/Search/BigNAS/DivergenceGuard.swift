import Foundation
import Layers
import Tensors

/// Watches the loss of a training and goes back to the last good state when it stops being a number, or jumps to what a network that knows nothing has:
/// the logarithm of the number of classes.
public final class DivergenceGuard {
  private let parameters: [Parameter]
  private let optimizer: any Optimizer
  private let chance: Double
  private let interval: Int
  private var values: [Tensor] = []
  private var state: [String: Tensor] = [:]
  private var average: Double?
  private var step = 0
  /// How often it went back.
  public private(set) var rollbacks = 0

  /// - Parameters:
  ///   - interval: steps between the states that are kept.
  public init(_ module: some Module, optimizer: any Optimizer, classCount: Int, interval: Int = 50) {
    precondition(classCount >= 2 && interval >= 1, "DivergenceGuard: \(classCount) classes, a state every \(interval) steps")
    parameters = module.namedParameters.map(\.parameter)
    self.optimizer = optimizer
    chance = log(Double(classCount))
    self.interval = interval
    keep()
  }

  private func keep() {
    // Copies: a step may write over what nobody else holds.
    values = parameters.map { $0.value * 1 }
    state = optimizer.state.mapValues { $0 * 1 }
    evaluate(values + Array(state.values))
  }

  /// Takes in the loss of a step that is done. Returns whether the state before was restored.
  public func check(_ loss: Double) -> Bool {
    step += 1
    let jumped = average.map { $0 < 0.7 * chance && loss > 0.95 * chance } ?? false
    guard loss.isFinite, !jumped else {
      for (parameter, value) in zip(parameters, values) { parameter.assign(value * 1) }
      optimizer.state = state.mapValues { $0 * 1 }
      evaluate(parameters.map(\.value))
      rollbacks += 1
      return true
    }
    average = average.map { 0.9 * $0 + 0.1 * loss } ?? loss
    if step % interval == 0 { keep() }
    return false
  }
}
