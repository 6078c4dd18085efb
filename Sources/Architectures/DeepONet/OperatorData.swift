import Foundation
import Tensors

/// Rows of an input function, a place and the value there: (u_i, y_i, G(u_i)(y_i)).
public struct OperatorTriples: Sendable {
  /// (rows, m).
  public let functions: Tensor
  /// (rows, d).
  public let queries: Tensor
  /// (rows, outputs).
  public let values: Tensor

  /// - Throws: `shape`, `rowCounts`, `notFinite`.
  public init(functions: Tensor, queries: Tensor, values: Tensor) throws(DeepONetError) {
    for (name, tensor) in [("functions", functions), ("queries", queries), ("values", values)] {
      guard tensor.rank == 2 else { throw .shape(name: name, found: tensor.shape.dimensions, expected: "rows and columns") }
    }
    for (name, tensor) in [("queries", queries), ("values", values)] where tensor.shape[0] != functions.shape[0] {
      throw .rowCounts(name: name, found: tensor.shape[0], other: "functions", expected: functions.shape[0])
    }
    try requireFinite("functions", functions)
    try requireFinite("queries", queries)
    try requireFinite("values", values)
    self.functions = functions
    self.queries = queries
    self.values = values
  }

  public var count: Int { functions.shape[0] }

  /// - Throws: `sensorCount`, `queryDimension` where they do not fit a network.
  public func check(sensors: Int, queryDimension: Int) throws(DeepONetError) {
    guard functions.shape[1] == sensors else { throw .sensorCount(found: functions.shape[1], expected: sensors) }
    guard queries.shape[1] == queryDimension else { throw .queryDimension(found: queries.shape[1], expected: queryDimension) }
  }

  public func rows(_ range: Range<Int>) -> OperatorTriples {
    OperatorTriples(trusted: functions[range], queries[range], values[range])
  }

  public func rows(_ indices: [Int]) -> OperatorTriples {
    let positions = Tensor(indices.map(Int64.init))
    let parts = OperatorTriples(trusted: functions.gathered(positions), queries.gathered(positions), values.gathered(positions))
    evaluate(parts.functions, parts.queries, parts.values)
    return parts
  }

  init(trusted functions: Tensor, _ queries: Tensor, _ values: Tensor) {
    self.functions = functions
    self.queries = queries
    self.values = values
  }

  /// Solves some rows again and compares: do functions, places and values really belong together?
  /// - Parameters:
  ///   - rows: which.
  ///   - tolerance: of |value - solution|, relative to the root mean square of the values.
  ///   - solve: the operator, from the values at the sensors and a place.
  /// - Throws: `mismatchedRow` at the first that does not.
  public func audit(rows: [Int], tolerance: Double, solve: (_ function: [Double], _ query: [Double]) -> Double) throws(DeepONetError) {
    let (m, d, n) = (functions.shape[1], queries.shape[1], values.shape[1])
    let (u, y, s) = (functions.array(of: Double.self), queries.array(of: Double.self), values.array(of: Double.self))
    let size = (s.reduce(0) { $0 + $1 * $1 } / Double(max(s.count, 1))).squareRoot()
    for row in rows {
      let expected = solve(Array(u[row * m..<(row + 1) * m]), Array(y[row * d..<(row + 1) * d]))
      let found = s[row * n]
      guard abs(found - expected) <= tolerance * max(size, 1e-30) else { throw .mismatchedRow(row: row, found: found, expected: expected) }
    }
  }

  /// How much of the values' variance a row's own function explains beyond another row's: the mean squared error of `predict` on shuffled
  /// functions divided by that on the rows as they are. Near 1 where functions and values do not belong together.
  public func shuffleRatio(random: inout RandomStream, predict: (_ functions: Tensor, _ queries: Tensor) -> Tensor) -> Double {
    let order = Tensor.permutation(count, key: random.next())
    let own = (predict(functions, queries) - values).square().mean()
    let shuffled = (predict(functions.gathered(order), queries) - values).square().mean()
    evaluate(own, shuffled)
    return shuffled.scalar(as: Double.self) / max(own.scalar(as: Double.self), 1e-300)
  }
}

/// Functions that are all known at the same places.
public struct AlignedOperatorData: Sendable {
  /// (functions, m).
  public let functions: Tensor
  /// (places, d).
  public let queries: Tensor
  /// (functions, places).
  public let values: Tensor

  /// - Throws: `shape`, `rowCounts`, `notFinite`.
  public init(functions: Tensor, queries: Tensor, values: Tensor) throws(DeepONetError) {
    for (name, tensor) in [("functions", functions), ("queries", queries), ("values", values)] {
      guard tensor.rank == 2 else { throw .shape(name: name, found: tensor.shape.dimensions, expected: "rows and columns") }
    }
    guard values.shape[0] == functions.shape[0] else {
      throw .rowCounts(name: "values", found: values.shape[0], other: "functions", expected: functions.shape[0])
    }
    guard values.shape[1] == queries.shape[0] else {
      throw .rowCounts(name: "the columns of values", found: values.shape[1], other: "queries", expected: queries.shape[0])
    }
    try requireFinite("functions", functions)
    try requireFinite("queries", queries)
    try requireFinite("values", values)
    self.functions = functions
    self.queries = queries
    self.values = values
  }

  /// A row for every function and every place, the places of one function together.
  public var triples: OperatorTriples {
    let (count, places) = (functions.shape[0], queries.shape[0])
    let result = OperatorTriples(
      trusted: functions.repeatingElements(places, axis: 0), queries.tiled(count, axis: 0),
      values.reshaped(to: [count * places, 1] as Shape))
    evaluate(result.functions, result.queries, result.values)
    return result
  }
}

private func requireFinite(_ name: String, _ tensor: Tensor) throws(DeepONetError) {
  let width = max(tensor.shape[1], 1)
  if let position = tensor.array(of: Double.self).firstIndex(where: { !$0.isFinite }) {
    throw .notFinite(name: name, row: position / width)
  }
}
