import Foundation

/// The information bottleneck by the iterations of Blahut and Arimoto (Tishby, Pereira and Bialek, 1999; section 3.6):
///
/// p(t) = sum_x p(x) p(t|x),  p(y|t) = sum_x p(y|x) p(t|x) p(x) / p(t),  p(t|x) = p(t) / Z(x) exp(-beta KL[p(y|x) || p(y|t)])
///
/// beta multiplies natural logarithms; informations are in bits.
public struct InformationBottleneck: Sendable {
  public let distribution: JointDistribution

  public init(_ distribution: JointDistribution) { self.distribution = distribution }

  /// An encoder p(t|x), a row for each x, with what follows from it.
  public struct Solution: Sendable {
    public let beta: Double
    public let encoder: [[Double]]
    /// I(X;T) and I(T;Y) in bits.
    public let information: LayerInformation
    /// I(X;T) - beta I(T;Y), of `squared` b I(X;T)² - I(T;Y), in nats.
    public let lagrangian: Double
    /// Rounds of the equations.
    public let iterations: Int
    /// How far p(t|x) is from what the equations make of it: the sum over t of the differences, the largest over x.
    public let residual: Double
    /// The largest rise of the Lagrangian from one encoder to the next; rounding alone makes it positive.
    public let largestRise: Double
  }

  /// p(t) and p(y|t) of an encoder. Clusters without probability have no p(y|t).
  public func decoder(of encoder: [[Double]]) -> (clusters: [Double], labels: [[Double]]) {
    let count = encoder[0].count
    let classes = distribution.labels[0].count
    var clusters = [Double](repeating: 0, count: count)
    var labels = [[Double]](repeating: [Double](repeating: 0, count: classes), count: count)
    for (x, row) in encoder.enumerated() {
      let weight = distribution.inputs[x]
      for t in 0..<count where row[t] > 0 {
        let joint = row[t] * weight
        clusters[t] += joint
        for y in 0..<classes { labels[t][y] += distribution.labels[x][y] * joint }
      }
    }
    for t in 0..<count where clusters[t] > 0 { for y in 0..<classes { labels[t][y] /= clusters[t] } }
    return (clusters, labels)
  }

  /// One round of the three equations.
  public func step(_ encoder: [[Double]], beta: Double) -> [[Double]] {
    let (clusters, labels) = decoder(of: encoder)
    return encoderFrom(clusters: clusters, labels: labels, beta: beta)
  }

  func encoderFrom(clusters: [Double], labels: [[Double]], beta: Double) -> [[Double]] {
    let logClusters = clusters.map { $0 > 0 ? log($0) : -.infinity }
    let logLabels = labels.map { $0.map { $0 > 0 ? log($0) : -.infinity } }
    return distribution.labels.map { conditional in
      let negativeEntropy = conditional.reduce(0) { $0 + ($1 > 0 ? $1 * log($1) : 0) }
      var exponents = [Double](repeating: -.infinity, count: clusters.count)
      var largest = -Double.infinity
      for t in clusters.indices where clusters[t] > 0 {
        var cross = 0.0
        for (y, p) in conditional.enumerated() where p > 0 { cross += p * logLabels[t][y] }
        exponents[t] = logClusters[t] - beta * (negativeEntropy - cross)
        largest = max(largest, exponents[t])
      }
      var total = 0.0
      for t in exponents.indices {
        exponents[t] = exp(exponents[t] - largest)
        total += exponents[t]
      }
      return exponents.map { $0 / total }
    }
  }

  /// I(X;T) and I(T;Y) in bits, and the Lagrangian in nats.
  public func measures(of encoder: [[Double]], beta: Double) -> (information: LayerInformation, lagrangian: Double) {
    let (clusters, labels) = decoder(of: encoder)
    var input = 0.0
    for (x, row) in encoder.enumerated() {
      for (t, p) in row.enumerated() where p > 0 { input += distribution.inputs[x] * p * log(p / clusters[t]) }
    }
    let marginal = distribution.labelMarginal
    var label = 0.0
    for (t, weight) in clusters.enumerated() where weight > 0 {
      for (y, p) in labels[t].enumerated() where p > 0 { label += weight * p * log(p / marginal[y]) }
    }
    return (LayerInformation(aboutInput: input / log(2), aboutLabel: label / log(2)), input - beta * label)
  }

  /// Every input a cluster of its own.
  public var identityEncoder: [[Double]] {
    let n = distribution.inputs.count
    return (0..<n).map { x in (0..<n).map { $0 == x ? 1 : 0 } }
  }

  /// Solutions by reverse annealing: from the largest beta, with a cluster for every distinct p(y|x), each beginning where the last ended.
  ///
  /// - Parameter betas: of any order; solutions come in the order of falling beta.
  public func curve(betas: [Double], tolerance: Double = 1e-10, maximumIterations: Int = 10_000) throws(InformationError) -> [Solution] {
    var solutions: [Solution] = []
    var start: [[Double]]?
    for beta in betas.sorted(by: >) {
      let solution = try solve(beta: beta, from: start, tolerance: tolerance, maximumIterations: maximumIterations)
      solutions.append(solution)
      start = solution.encoder
    }
    return solutions
  }

  /// `count` values from `high` down to `low`, equally spaced by logarithm.
  public static func logarithmicBetas(count: Int, from low: Double = 1.05, to high: Double = 1e3) -> [Double] {
    precondition(count >= 2 && low > 0 && high > low, "InformationBottleneck: \(count) betas from \(low) to \(high)")
    return (0..<count).map { high * pow(low / high, Double($0) / Double(count - 1)) }
  }
}
