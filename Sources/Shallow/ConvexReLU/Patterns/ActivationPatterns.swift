import Foundation
import Tensors

/// Distinct activation patterns 1[X a >= 0]: which examples a neuron with weights a is on for.
public struct ActivationPatterns: Sendable {
  /// D, (n, P): column i is the diagonal of D_i, of zeros and ones, float64.
  public let matrix: Tensor
  /// An a for each pattern, (d, P).
  public let directions: Tensor
  /// Draws that it took, duplicates counted; 0 for patterns that were not drawn.
  public let draws: Int

  /// Patterns of given directions, (d, P), repeated ones left out.
  public init(of directions: Tensor, features: Tensor) {
    var collector = PatternCollector(exampleCount: features.shape[0], width: features.shape[1])
    collector.add(directions, features: features, limit: .max)
    self = collector.patterns(draws: directions.shape[1])
  }

  /// Patterns from elsewhere: D (n, P) of zeros and ones, and a direction (d, P) for each.
  public init(matrix: Tensor, directions: Tensor, draws: Int = 0) {
    precondition(
      matrix.rank == 2 && directions.rank == 2 && matrix.shape[1] == directions.shape[1],
      "ActivationPatterns: patterns \(matrix.shape) and directions \(directions.shape), expected (n, P) and (d, P)")
    self.matrix = matrix
    self.directions = directions
    self.draws = draws
  }

  /// P.
  public var count: Int { matrix.shape[1] }

  /// Some of the patterns, by position.
  public func selected(_ positions: [Int]) -> ActivationPatterns {
    let indices = Tensor(positions.map { Int32($0) })
    return ActivationPatterns(matrix: matrix.gathered(indices, axis: 1), directions: directions.gathered(indices, axis: 1))
  }

  /// The first patterns, in the order in which they were found: samples of different sizes are nested.
  public func prefix(_ count: Int) -> ActivationPatterns {
    let kept = min(count, self.count)
    return ActivationPatterns(matrix: matrix[.all, 0..<kept], directions: directions[.all, 0..<kept], draws: draws)
  }

  /// Draws directions a ~ N(0, I) until there are `count` distinct patterns.
  /// - Throws: `tooFewPatterns` where the data cannot have as many, or many draws bring none.
  public static func sampled(
    features: Tensor, count: Int, random: inout RandomStream
  ) throws(ConvexReLUError) -> ActivationPatterns {
    guard count >= 1 else { throw .setting(name: "the number of patterns", value: Double(count), allowed: "at least 1") }
    let (n, d) = (features.shape[0], features.shape[1])
    let bound = largestCount(examples: n, rank: min(n, d))
    guard Double(count) <= bound + 1 else { throw .tooFewPatterns(found: Int(bound), asked: count, draws: 0) }
    var collector = PatternCollector(exampleCount: n, width: d)
    let chunk = max(64, min(count, 4096))
    var (draws, barren) = (0, 0)
    while collector.count < count {
      let before = collector.count
      draws += collector.add(Tensor.normal([d, chunk], key: random.next(), dtype: .float64), features: features, limit: count)
      barren = collector.count == before ? barren + 1 : 0
      guard barren < 200 else { throw .tooFewPatterns(found: collector.count, asked: count, draws: draws) }
    }
    return collector.patterns(draws: draws)
  }

  /// The distinct patterns of exactly `draws` draws.
  public static func drawn(features: Tensor, draws: Int, random: inout RandomStream) -> ActivationPatterns {
    precondition(draws >= 1, "ActivationPatterns: \(draws) draws, expected at least 1")
    return ActivationPatterns(of: Tensor.normal([features.shape[1], draws], key: random.next(), dtype: .float64), features: features)
  }

  /// Patterns for perturbed data: those of `directions` draws on the data and of as many on data moved by epsilon in `corners` random corners
  /// of the ball each, and the pattern of all ones, without which the robust cones are often {0}.
  ///
  /// - Parameter perturbable: (d), 1 for the columns that move.
  public static func robust(
    features: Tensor, directions count: Int, corners: Int = 1, radius: Double, perturbable: Tensor, random: inout RandomStream
  ) -> ActivationPatterns {
    precondition(count >= 1 && corners >= 0, "ActivationPatterns: \(count) directions and \(corners) corners")
    let (n, d) = (features.shape[0], features.shape[1])
    var collector = PatternCollector(exampleCount: n, width: d)
    collector.addAllOnes()
    let directions = Tensor.normal([d, count], key: random.next(), dtype: .float64)
    for index in 0..<count {
      let direction = directions[.all, index..<index + 1]
      collector.add(direction, features: features, limit: .max)
      for _ in 0..<corners {
        let signs = Tensor.bernoulli([n, d], probability: 0.5, key: random.next()).cast(to: .float64) * 2 - 1
        collector.add(direction, features: features + signs * perturbable * radius, limit: .max)
      }
    }
    return collector.patterns(draws: count * (1 + corners))
  }

  /// 2 sum_{k<r} C(n-1, k): how many patterns n points of rank r in general position have (Cover, 1965).
  public static func largestCount(examples n: Int, rank r: Int) -> Double {
    var (term, sum) = (1.0, 0.0)
    for k in 0..<r {
      sum += term
      term *= Double(n - 1 - k) / Double(k + 1)
      if term <= 0 { break }
    }
    return 2 * sum
  }

  /// Theorem A (and B, for sampled neurons): so many draws that, with probability at least 1 - `risk`, one more improves the optimum with
  /// probability at most `improvement`: min{ (n+1)/(psi xi) - 1, (2/psi)(n + 1 - ln xi) }.
  ///
  /// - Parameters:
  ///   - n: examples.
  ///   - improvement: psi in (0, 1].
  ///   - risk: xi in (0, 1].
  public static func required(examples n: Int, improvement psi: Double, risk xi: Double) throws(ConvexReLUError) -> Int {
    guard n >= 1 else { throw .empty(shape: [n]) }
    for (name, value) in [("psi", psi), ("xi", xi)] where !(value > 0 && value <= 1) {
      throw .setting(name: name, value: value, allowed: "above 0 and at most 1")
    }
    let scenario = Double(n + 1) / (psi * xi) - 1
    let logarithmic = 2 / psi * (Double(n + 1) - log(xi))
    return Int(min(scenario, logarithmic).rounded(.up))
  }
}

/// Gathers distinct patterns; a pattern is known by its bits, 64 a word.
struct PatternCollector {
  private let exampleCount: Int
  private let width: Int
  private var seen: Set<[UInt64]> = []
  private var bits: [[UInt64]] = []
  private var directions: [[Double]] = []

  init(exampleCount: Int, width: Int) {
    self.exampleCount = exampleCount
    self.width = width
  }

  var count: Int { bits.count }

  /// Adds the patterns of the columns of (d, k) up to `limit` in all; returns how many columns were looked at.
  @discardableResult
  mutating func add(_ columns: Tensor, features: Tensor, limit: Int) -> Int {
    let isOn = (features.matmul(columns) .>= 0).transposed()
    let values = columns.transposed()
    evaluate(isOn, values)
    let (on, weights) = (isOn.array(of: Bool.self), values.array(of: Double.self))
    for column in 0..<columns.shape[1] {
      if count >= limit { return column }
      var words = [UInt64](repeating: 0, count: (exampleCount + 63) / 64)
      for row in 0..<exampleCount where on[column * exampleCount + row] { words[row / 64] |= 1 << UInt64(row % 64) }
      insert(words, direction: Array(weights[column * width..<(column + 1) * width]))
    }
    return columns.shape[1]
  }

  mutating func addAllOnes() {
    var words = [UInt64](repeating: 0, count: (exampleCount + 63) / 64)
    for row in 0..<exampleCount { words[row / 64] |= 1 << UInt64(row % 64) }
    // The bias alone turns every example on; without one, a = 0 does.
    insert(words, direction: [Double](repeating: 0, count: width - 1) + [1])
  }

  mutating func insert(_ words: [UInt64], direction: [Double]) {
    guard seen.insert(words).inserted else { return }
    bits.append(words)
    directions.append(direction)
  }

  func patterns(draws: Int) -> ActivationPatterns {
    var matrix = [Double](repeating: 0, count: exampleCount * count)
    var columns = [Double](repeating: 0, count: width * count)
    for (column, words) in bits.enumerated() {
      for row in 0..<exampleCount where words[row / 64] >> UInt64(row % 64) & 1 == 1 { matrix[row * count + column] = 1 }
      for row in 0..<width { columns[row * count + column] = directions[column][row] }
    }
    return ActivationPatterns(
      matrix: Tensor(matrix, shape: [exampleCount, count]), directions: Tensor(columns, shape: [width, count]), draws: draws)
  }
}
