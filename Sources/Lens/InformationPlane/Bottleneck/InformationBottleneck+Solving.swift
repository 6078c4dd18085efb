import Foundation

extension InformationBottleneck {
  /// Iterates until the equations are fulfilled: until one more round would move p(t|x) by less than `tolerance` in the sum over t, for every x, or to the
  /// limit of rounds.
  ///
  /// Where clusters are about to merge, plain rounds creep. Every two of them are therefore followed by a leap along their direction (SQUAREM: Varadhan
  /// and Roland, 2008), which is taken only where the Lagrangian falls at least as far as without it.
  /// - Parameters:
  ///   - start: p(t|x), a row for each x; every input a cluster of its own without.
  ///   - maximumIterations: rounds of the equations, those after leaps included.
  /// - Throws: `setting` for a beta that is not positive, `count` for a start with other rows.
  public func solve(
    beta: Double, from start: [[Double]]? = nil, tolerance: Double = 1e-10, maximumIterations: Int = 10_000
  ) throws(InformationError) -> Solution {
    guard beta > 0, beta.isFinite else { throw .setting(name: "beta", value: beta, allowed: "above 0") }
    let encoder = start ?? identityEncoder
    try check(encoder)
    let path = descend(from: encoder, tolerance: tolerance, maximumIterations: maximumIterations) {
      step($0, beta: beta)
    } objective: {
      measures(of: $0, beta: beta).lagrangian
    }
    return Solution(
      beta: beta, encoder: path.encoder, information: measures(of: path.encoder, beta: beta).information, lagrangian: path.value,
      iterations: path.rounds, residual: path.residual, largestRise: path.largestRise)
  }

  func check(_ encoder: [[Double]]) throws(InformationError) {
    guard encoder.count == distribution.inputs.count else {
      throw .count(what: "rows of the encoder", found: encoder.count, expected: distribution.inputs.count)
    }
  }

  /// A way down of an objective that rounds of some equations never raise.
  struct Descent {
    var encoder: [[Double]]
    var value: Double
    var residual = Double.infinity
    var rounds = 0
    var largestRise = -Double.infinity

    mutating func move(to next: [[Double]], value nextValue: Double) {
      largestRise = max(largestRise, nextValue - value)
      (encoder, value) = (next, nextValue)
    }
  }

  func descend(
    from start: [[Double]], tolerance: Double, maximumIterations: Int, round: ([[Double]]) -> [[Double]],
    objective: ([[Double]]) -> Double
  ) -> Descent {
    var path = Descent(encoder: start, value: objective(start))
    func next(_ encoder: [[Double]]) -> [[Double]] {
      path.rounds += 1
      return round(encoder)
    }
    while true {
      let first = next(path.encoder)
      path.residual = Self.distance(path.encoder, first)
      guard path.residual >= tolerance, path.rounds < maximumIterations else { return path }
      let second = next(first)
      let secondValue = objective(second)
      if let leap = Self.leap(path.encoder, first, second) {
        let settled = next(leap)
        let value = objective(settled)
        if value <= secondValue {
          path.move(to: settled, value: value)
          continue
        }
      }
      path.move(to: second, value: secondValue)
    }
  }

  /// The largest, over x, of the differences summed over t.
  private static func distance(_ a: [[Double]], _ b: [[Double]]) -> Double {
    zip(a, b).map { zip($0, $1).reduce(0) { $0 + abs($1.0 - $1.1) } }.max() ?? 0
  }

  /// x + 2 s r + s² v with r = y - x, v = (z - y) - r and s = |r| / |v|; rows still add up to 1. Shorter where a probability would be negative; nil where
  /// the leap is no longer than the two rounds themselves.
  private static func leap(_ x: [[Double]], _ y: [[Double]], _ z: [[Double]]) -> [[Double]]? {
    var (rr, vv) = (0.0, 0.0)
    for (x, (y, z)) in zip(x, zip(y, z)) {
      for t in x.indices {
        let r = y[t] - x[t]
        let v = z[t] - y[t] - r
        rr += r * r
        vv += v * v
      }
    }
    guard vv > 0 else { return nil }
    var length = (rr / vv).squareRoot()
    while length > 1.01 {
      let rows = zip(x, zip(y, z)).map { x, pair in
        x.indices.map { t in
          let r = pair.0[t] - x[t]
          return x[t] + length * (2 * r + length * (pair.1[t] - pair.0[t] - r))
        }
      }
      if rows.allSatisfy({ $0.allSatisfy { $0 >= 0 } }) { return rows }
      length = (length + 1) / 2
    }
    return nil
  }
}
