import Foundation

/// What the convex programs of two-layer ReLU networks cannot be posed for.
public enum ConvexReLUError: Error, Sendable, Hashable {
  /// There is no example, or an example without features.
  case empty(shape: [Int])
  /// A feature or a target is not a finite number.
  case notFinite(what: String, row: Int, column: Int?)
  /// A label that the loss does not take.
  case label(row: Int, value: Double, allowed: String)
  /// A setting outside its range, such as a negative beta.
  case setting(name: String, value: Double, allowed: String)
  /// An example whose features are all zero: 1[x a >= 0] says nothing about it.
  case zeroRow(Int)
  /// More distinct activation patterns were asked for than there are, or than were found.
  case tooFewPatterns(found: Int, asked: Int, draws: Int)
  /// Tensors that do not belong together.
  case shape(what: String, found: [Int], expected: [Int])
  /// More patterns than may be enumerated.
  case tooManyPatterns(atLeast: Int, limit: Int)
}

extension ConvexReLUError: LocalizedError, CustomStringConvertible {
  public var description: String {
    switch self {
    case .empty(let shape): "features of shape \(shape); expected at least one example with at least one feature"
    case .notFinite(let what, let row, let column):
      "\(what) of example \(row)\(column.map { ", column \($0)," } ?? "") is not finite; remove the example or fill the value in"
    case .label(let row, let value, let allowed): "the label of example \(row) is \(value); expected \(allowed)"
    case .setting(let name, let value, let allowed): "\(name) is \(value); expected \(allowed)"
    case .zeroRow(let row):
      "all features of example \(row) are zero, so that every neuron is on its edge there; remove the example or add a column of ones"
    case .tooFewPatterns(let found, let asked, let draws):
      "\(found) distinct activation patterns in \(draws) draws, \(asked) were asked for; ask for fewer"
    case .shape(let what, let found, let expected): "\(what) has shape \(found); expected \(expected)"
    case .tooManyPatterns(let least, let limit):
      "the data have at least \(least) activation patterns, \(limit) may be enumerated; sample patterns instead"
    }
  }

  public var errorDescription: String? { description }
}
