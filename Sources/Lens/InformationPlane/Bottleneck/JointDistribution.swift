import Foundation

/// p(x, y), as p(x) and p(y|x), for the information bottleneck.
public struct JointDistribution: Sendable, Hashable {
  /// p(x), all positive.
  public let inputs: [Double]
  /// p(y|x), a row for each x.
  public let labels: [[Double]]
  /// Rows of the given table that had no probability and were left out.
  public let droppedRows: [Int]

  /// From a table of p(x, y), a row for each x.
  /// - Throws: `distribution` for a table that is empty, holds a negative number or does not add up to 1 within 1e-6.
  public init(table: [[Double]]) throws(InformationError) {
    guard let width = table.first?.count, width > 0, table.allSatisfy({ $0.count == width }) else {
      throw .distribution("has no rows, or rows of different lengths")
    }
    for (row, values) in table.enumerated() {
      if let column = values.firstIndex(where: { !($0 >= 0 && $0.isFinite) }) {
        throw .distribution("holds \(values[column]) at row \(row), column \(column)")
      }
    }
    let total = table.reduce(0) { $0 + $1.reduce(0, +) }
    guard abs(total - 1) <= 1e-6 else { throw .distribution("adds up to \(total)") }
    let sums = table.map { $0.reduce(0, +) }
    droppedRows = sums.indices.filter { sums[$0] == 0 }
    let kept = sums.indices.filter { sums[$0] > 0 }
    inputs = kept.map { sums[$0] / total }
    labels = kept.map { row in table[row].map { $0 / sums[row] } }
  }

  /// From p(y|x) of equally likely inputs.
  public init(uniformInputs labels: [[Double]]) throws(InformationError) {
    let n = Double(labels.count)
    try self.init(table: labels.map { row in row.map { $0 / n } })
  }

  /// p(y).
  public var labelMarginal: [Double] {
    labels[0].indices.map { y in zip(inputs, labels).reduce(0) { $0 + $1.0 * $1.1[y] } }
  }

  /// I(X;Y) in bits.
  public var information: Double {
    let marginal = labelMarginal
    return zip(inputs, labels).reduce(0) { sum, one in
      sum + one.0 * zip(one.1, marginal).reduce(0) { $0 + ($1.0 > 0 ? $1.0 * log2($1.0 / $1.1) : 0) }
    }
  }

  /// The same problem with inputs of equal p(y|x) joined, and the group of each input.
  public func merged(tolerance: Double = 1e-12) -> (distribution: JointDistribution, groups: [Int]) {
    let order = inputs.indices.sorted { labels[$0].lexicographicallyPrecedes(labels[$1]) }
    var groups = [Int](repeating: 0, count: inputs.count)
    var (weights, rows): ([Double], [[Double]]) = ([], [])
    for index in order {
      if let last = rows.last, zip(last, labels[index]).allSatisfy({ abs($0 - $1) <= tolerance }) {
        weights[weights.count - 1] += inputs[index]
      } else {
        rows.append(labels[index])
        weights.append(inputs[index])
      }
      groups[index] = rows.count - 1
    }
    return (JointDistribution(inputs: weights, labels: rows), groups)
  }

  private init(inputs: [Double], labels: [[Double]]) {
    self.inputs = inputs
    self.labels = labels
    droppedRows = []
  }
}
