import Foundation

extension InformationBottleneck {
  /// The encoder that minimises b I(X;T)² - I(T;Y), the squared Lagrangian (Kolchinsky, Tracey and Van Kuyk, 2019). It has a solution at every point of the
  /// curve, also where the curve is straight and the plain Lagrangian knows its ends only.
  ///
  /// Each round minimises b (E KL[p(t|x) || r(t)])² - E log q(y|t) over p(t|x), with r(t) and q(y|t) those of the encoder before: a bottleneck's round
  /// with beta = 1 / (2 b E KL), where the divergence is that of the new encoder. Beta times the divergence rises with beta, so there is one such beta, and no
  /// round raises the Lagrangian. (A beta from the encoder before overshoots: near the end of a straight curve it drives probabilities to exactly 0, from where
  /// no round leads back.)
  /// - Parameters:
  ///   - b: weight of the squared information, per nat.
  ///   - start: p(t|x), a row for each x. Without, every input has nine tenths in a cluster of its own: with all of it there, rounds would not move at all.
  /// - Throws: `setting` for a b that is not positive, `count` for a start with other rows.
  public func squared(
    weight b: Double, from start: [[Double]]? = nil, tolerance: Double = 1e-10, maximumIterations: Int = 10_000
  ) throws(InformationError) -> Solution {
    guard b > 0, b.isFinite else { throw .setting(name: "b", value: b, allowed: "above 0") }
    let encoder = start ?? softEncoder
    try check(encoder)
    var beta = 1.0
    let path = descend(from: encoder, tolerance: tolerance, maximumIterations: maximumIterations) { encoder in
      let (clusters, labels) = decoder(of: encoder)
      beta = balancedBeta(weight: b, clusters: clusters, labels: labels, near: beta)
      return encoderFrom(clusters: clusters, labels: labels, beta: beta)
    } objective: {
      let information = measures(of: $0, beta: 1).information
      let nats = information.aboutInput * log(2)
      return b * nats * nats - information.aboutLabel * log(2)
    }
    return Solution(
      beta: beta, encoder: path.encoder, information: measures(of: path.encoder, beta: 1).information, lagrangian: path.value,
      iterations: path.rounds, residual: path.residual, largestRise: path.largestRise)
  }

  private var softEncoder: [[Double]] {
    let n = distribution.inputs.count
    return (0..<n).map { x in (0..<n).map { ($0 == x ? 0.9 : 0) + 0.1 / Double(n) } }
  }

  /// The beta with 2 b beta K(beta) = 1, where K is the divergence of the encoder of beta from the clusters. The largest tried where clusters tell nothing
  /// of the label, so that K stays 0.
  private func balancedBeta(weight b: Double, clusters: [Double], labels: [[Double]], near guess: Double) -> Double {
    func excess(_ beta: Double) -> Double {
      let encoder = encoderFrom(clusters: clusters, labels: labels, beta: beta)
      var divergence = 0.0
      for (row, weight) in zip(encoder, distribution.inputs) {
        for (p, cluster) in zip(row, clusters) where p > 0 { divergence += weight * p * log(p / cluster) }
      }
      return 2 * b * beta * max(divergence, 0) - 1
    }
    let largest = 1e9
    var (low, high) = (guess / 1.1, guess * 1.1)
    while excess(low) > 0, low > 1e-9 { low /= 2 }
    while excess(high) < 0 {
      guard high < largest else { return largest }
      high *= 2
    }
    // Regula falsi (Illinois): an end that stays twice in a row counts half.
    var (atLow, atHigh) = (excess(low), excess(high))
    var lastMoved = 0
    for _ in 0..<100 where high - low > 1e-15 * high {
      let middle = atHigh > atLow ? high - atHigh * (high - low) / (atHigh - atLow) : (low + high) / 2
      let value = excess(middle)
      guard abs(value) > 1e-15, middle > low, middle < high else { return middle }
      if value > 0 {
        (high, atHigh) = (middle, value)
        if lastMoved > 0 { atLow /= 2 }
        lastMoved = 1
      } else {
        (low, atLow) = (middle, value)
        if lastMoved < 0 { atHigh /= 2 }
        lastMoved = -1
      }
    }
    return (low + high) / 2
  }
}
