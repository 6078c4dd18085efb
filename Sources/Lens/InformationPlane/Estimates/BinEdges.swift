import Foundation

/// Edges that turn an activation into a symbol: the number of edges at or below it.
///
/// Values equal to the last edge are a bin of their own: saturated tanh units, 1.0 in single precision, are told from nearly saturated ones.
public struct BinEdges: Sendable, Hashable {
  /// Rising.
  public let edges: [Double]
  /// How they were chosen, in words for the title of a picture.
  public let origin: String
  /// The distance of neighbours where all are equal: a bin is then found without a search.
  private let spacing: Double?

  /// `count` equally spaced edges from the lower to the upper end.
  /// - Throws: `binCount` below 2, `edges` for a range that is empty or not finite.
  public init(count: Int, over range: ClosedRange<Double> = -1...1, origin: String? = nil) throws(InformationError) {
    guard count >= 2 else { throw .binCount(count) }
    guard range.lowerBound.isFinite, range.upperBound.isFinite, range.lowerBound < range.upperBound else {
      throw .edges("over \(range.lowerBound) to \(range.upperBound)")
    }
    let step = (range.upperBound - range.lowerBound) / Double(count - 1)
    // The last edge is the end itself, whatever rounding does to a sum.
    edges = (0..<count).map { $0 == count - 1 ? range.upperBound : range.lowerBound + Double($0) * step }
    spacing = step
    self.origin = origin ?? "\(count) edges from \(range.lowerBound) to \(range.upperBound)"
  }

  /// Edges of one's own choice.
  public init(_ edges: [Double], origin: String) throws(InformationError) {
    guard edges.count >= 2 else { throw .binCount(edges.count) }
    guard edges.allSatisfy(\.isFinite), zip(edges, edges.dropFirst()).allSatisfy({ $0 < $1 }) else { throw .edges("are not rising") }
    self.edges = edges
    self.origin = origin
    spacing = nil
  }

  /// `count` equally spaced edges from the smallest to the largest of some values, such as all activations of a run.
  public static func overRange(of values: some Sequence<Float>, count: Int) throws(InformationError) -> BinEdges {
    var (low, high) = (Float.infinity, -Float.infinity)
    for value in values where value.isFinite { (low, high) = (min(low, value), max(high, value)) }
    guard low <= high else { throw .empty(what: "values to take a range of") }
    let upper = high > low ? high : low + 1
    return try BinEdges(
      count: count, over: Double(low)...Double(upper), origin: "\(count) edges from the smallest to the largest activation")
  }

  /// Edges between which about equally many of the values lie; fewer than `count` where values repeat.
  public static func quantiles(of values: some Sequence<Float>, count: Int) throws(InformationError) -> BinEdges {
    guard count >= 2 else { throw .binCount(count) }
    let sorted = values.filter(\.isFinite).sorted()
    guard !sorted.isEmpty else { throw .empty(what: "values to take quantiles of") }
    var edges: [Double] = []
    for index in 0..<count {
      let value = Double(sorted[min(index * (sorted.count - 1) / (count - 1), sorted.count - 1)])
      if edges.last.map({ value > $0 }) ?? true { edges.append(value) }
    }
    if edges.count == 1 { edges.append(edges[0] + 1) }
    return try BinEdges(edges, origin: "\(edges.count) edges at quantiles")
  }

  public var count: Int { edges.count }

  /// The number of edges at or below a value: 0 ... count.
  public func index(of value: Float) -> Int {
    let value = Double(value)
    if let spacing {
      var guess = Int(min(max((value - edges[0]) / spacing + 1, 0), Double(count)))
      // The guess is off by one at most; the edges themselves decide.
      while guess < count, edges[guess] <= value { guess += 1 }
      while guess > 0, edges[guess - 1] > value { guess -= 1 }
      return guess
    }
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if edges[middle] <= value { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
