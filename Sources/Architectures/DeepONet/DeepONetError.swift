import Foundation

/// Data or networks of an operator that do not fit together.
public enum DeepONetError: Error, Sendable, Hashable {
  /// Input functions with another number of values than the branch has sensors.
  case sensorCount(found: Int, expected: Int)
  /// Queries with another number of coordinates than the trunk takes.
  case queryDimension(found: Int, expected: Int)
  /// Branch and trunk that end in different numbers.
  case widths(branch: Int, trunk: Int)
  /// Arrays that belong together row by row and have different numbers of rows.
  case rowCounts(name: String, found: Int, other: String, expected: Int)
  /// An array of another shape.
  case shape(name: String, found: [Int], expected: String)
  /// A number that is none.
  case notFinite(name: String, row: Int)
  /// Values that an operator does not give for their input functions.
  case mismatchedRow(row: Int, found: Double, expected: Double)
  /// A setting out of its range.
  case setting(name: String, value: String, allowed: String)
  /// A matrix that is not positive definite even with a small number on its diagonal.
  case notPositiveDefinite(name: String, jitter: Double)
}

extension DeepONetError: LocalizedError, CustomStringConvertible {
  public var description: String {
    switch self {
    case .sensorCount(let found, let expected):
      "DeepONet: the input functions have \(found) values each and the branch has \(expected) sensors; sample them where the sensors are"
    case .queryDimension(let found, let expected): "DeepONet: queries of \(found) coordinates; the trunk takes \(expected)"
    case .widths(let branch, let trunk):
      "DeepONet: the branch ends in \(branch) numbers and the trunk in \(trunk); they must be equally many"
    case .rowCounts(let name, let found, let other, let expected):
      "DeepONet: \(name) has \(found) rows and \(other) has \(expected); each row of one belongs to the same row of the other"
    case .shape(let name, let found, let expected): "DeepONet: \(name) has the shape \(found); expected \(expected)"
    case .notFinite(let name, let row): "DeepONet: \(name) holds something in row \(row) that is no finite number; leave the row out"
    case .mismatchedRow(let row, let found, let expected):
      "DeepONet: row \(row) says \(found) where the operator gives \(expected); do functions, queries and values belong together row by row?"
    case .setting(let name, let value, let allowed): "DeepONet: \(name) is \(value); expected \(allowed)"
    case .notPositiveDefinite(let name, let jitter):
      "DeepONet: the covariance of \(name) is not positive definite, even with \(jitter) on its diagonal; use fewer grid points or a shorter length"
    }
  }

  public var errorDescription: String? { description }
}
