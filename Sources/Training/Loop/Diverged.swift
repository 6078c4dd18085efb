import Tensors

/// A run whose loss became NaN or infinite.
public struct Diverged: Error, Sendable, Equatable {
  /// The step, from 0, in which the first value that is not finite arose; where that cannot be found out, the step in which it was noticed.
  public let step: Int
  public let epoch: Int
  /// The metric in which it was noticed, and its value.
  public let metric: String
  public let value: Double
  /// The first operation that gave a value that is not finite from finite ones; nil where it cannot be found out, or where there was none.
  public let operation: String?
  /// How it came about, in words.
  public let cause: String
  /// Parameters that are not finite after the step, by name.
  public let parameters: [String]
}

extension Diverged: CustomStringConvertible {
  public var description: String {
    let number = value.isNaN ? "NaN" : value > 0 ? "infinite" : "-infinite"
    let listed = parameters.prefix(4).joined(separator: ", ") + (parameters.count > 4 ? " and \(parameters.count - 4) more" : "")
    return "diverged at step \(step) of epoch \(epoch): \(metric) is \(number); \(cause)"
      + (parameters.isEmpty ? "" : "; the step leaves \(listed) not finite")
      + "; try a smaller learning rate, clipping of gradients, or a look at the data"
  }
}

extension NonFiniteOrigin {
  /// The origin as part of a sentence.
  var inWords: String {
    guard let operation else {
      return leaf.map { "the parameter \($0) was \(found) before the step" } ?? "the step was given a \(type) that holds \(found)"
    }
    let place = nearest.isEmpty ? "" : ", next to \(nearest.prefix(3).joined(separator: ", "))"
    return "the first operation that is not finite is \(operation), which gave \(found) from \(operands.joined(separator: " and "))\(place)"
  }
}
