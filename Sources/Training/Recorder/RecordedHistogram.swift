import Tensors

/// How values are spread: counts in intervals of equal width between the least and the greatest finite value.
public struct RecordedHistogram: Sendable, Equatable, Codable {
  public let minimum: Double
  public let maximum: Double
  /// Finite values counted.
  public let count: Int
  /// NaN and infinite values, which are in no interval.
  public let nonFiniteCount: Int
  public let sum: Double
  public let sumOfSquares: Double
  /// The upper ends of the intervals, ascending; a value at an end belongs to the interval above it, but the greatest to the last.
  public let limits: [Double]
  public let counts: [Int]

  /// Counts `values` in `intervalCount` intervals (at least 1).
  public init(of values: some Sequence<Double>, intervalCount: Int = 64) {
    precondition(intervalCount > 0, "RecordedHistogram: \(intervalCount) intervals, at least 1 is needed")
    let all = Array(values)
    let finite = all.filter(\.isFinite)
    count = finite.count
    nonFiniteCount = all.count - finite.count
    let least = finite.min() ?? 0
    let greatest = finite.max() ?? 0
    minimum = least
    maximum = greatest
    sum = finite.reduce(0, +)
    sumOfSquares = finite.reduce(0) { $0 + $1 * $1 }
    guard greatest > least, (greatest - least).isFinite else {
      limits = [greatest]
      counts = [finite.count]
      return
    }
    let width = (greatest - least) / Double(intervalCount)
    limits = (1...intervalCount).map { $0 == intervalCount ? greatest : least + Double($0) * width }
    var counts = [Int](repeating: 0, count: intervalCount)
    for value in finite { counts[min(Int((value - least) / width), intervalCount - 1)] += 1 }
    self.counts = counts
  }

  /// Counts the elements of a tensor, computing it if that has not happened.
  public init(of tensor: Tensor, intervalCount: Int = 64) {
    self.init(of: tensor.array(of: Double.self), intervalCount: intervalCount)
  }
}
