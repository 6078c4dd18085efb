import Tensors

/// The exponential moving average of parameters (Polyak and Juditsky, 1992), which often predicts better than their last values.
public final class MovingAverage {
  public let parameters: [Parameter]
  /// Share of the old average that stays with each update, in 0 ... 1.
  public let decay: Double
  /// Whether the first averages forget faster: update n keeps at most (1 + n) / (10 + n).
  public let isWarmedUp: Bool
  /// The averages, in the order of the parameters.
  public private(set) var values: [Tensor]
  public private(set) var updates = 0

  /// Begins with the present values.
  public init(of parameters: [Parameter], decay: Double, isWarmedUp: Bool = false) {
    precondition((0...1).contains(decay), "MovingAverage: the decay \(decay) does not lie in 0 ... 1")
    self.parameters = parameters
    self.decay = decay
    self.isWarmedUp = isWarmedUp
    // Values of their own: the parameters' memory is overwritten by their updates.
    values = parameters.map { $0.value * 1 }
    evaluate(values)
  }

  /// Records the next averages; they are computed along with the updates of the parameters.
  public func update() {
    updates += 1
    let kept = isWarmedUp ? min(decay, Double(1 + updates) / Double(10 + updates)) : decay
    for (index, parameter) in parameters.enumerated() {
      let average = values[index] * kept + parameter.value * (1 - kept)
      attachUpdate(of: parameter.value, to: average)
      values[index] = average
    }
  }

  /// Runs `body` with the averages in the place of the parameters.
  public func withAverages<Result>(_ body: () throws -> Result) rethrows -> Result {
    let own = parameters.map(\.value)
    for (parameter, value) in zip(parameters, values) { parameter.assign(value) }
    defer { for (parameter, value) in zip(parameters, own) { parameter.assign(value) } }
    return try body()
  }

  /// Everything a checkpoint needs, named by position.
  public var state: [String: Tensor] {
    get {
      var state = ["updates": Tensor([Int64(updates)])]
      for (index, value) in values.enumerated() { state["\(index).average"] = value }
      return state
    }
    set {
      guard let count = newValue["updates"] else { preconditionFailure("MovingAverage: the state lacks updates") }
      updates = Int(count.array(of: Int64.self)[0])
      values = parameters.enumerated().map { index, parameter in
        guard let value = newValue["\(index).average"], value.shape == parameter.shape else {
          preconditionFailure("MovingAverage: the state lacks \(index).average of shape \(parameter.shape)")
        }
        return value
      }
    }
  }
}
