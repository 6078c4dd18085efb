import Foundation

/// What no information can be estimated from.
public enum InformationError: Error, Sendable, Hashable {
  case empty(what: String)
  /// A value that is not a finite number.
  case notFinite(what: String, row: Int, column: Int, value: Double)
  case binCount(Int)
  /// Edges that do not rise.
  case edges(String)
  case label(row: Int, value: Int, classCount: Int)
  case emptyClass(Int)
  case count(what: String, found: Int, expected: Int)
  /// A joint distribution that does not add up to 1, or holds a negative probability.
  case distribution(String)
  case setting(name: String, value: Double, allowed: String)
}

extension InformationError: LocalizedError, CustomStringConvertible {
  public var description: String {
    switch self {
    case .empty(let what): "\(what): expected at least one"
    case .notFinite(let what, let row, let column, let value):
      "\(what) of example \(row), column \(column), is \(value); expected a finite number: did the training diverge?"
    case .binCount(let count): "\(count) bin edges; expected at least 2"
    case .edges(let problem): "bin edges \(problem); expected finite numbers that rise"
    case .label(let row, let value, let count): "the label of example \(row) is \(value); expected 0 to \(count - 1)"
    case .emptyClass(let index): "class \(index) has no example; expected at least one in each class"
    case .count(let what, let found, let expected): "\(found) \(what); expected \(expected)"
    case .distribution(let problem): "p(x, y) \(problem); expected probabilities that add up to 1"
    case .setting(let name, let value, let allowed): "\(name) is \(value); expected \(allowed)"
    }
  }

  public var errorDescription: String? { description }
}
