import Foundation
import Tensors

/// I(T;Y) between a continuous layer and classes by nearest neighbours (Ross, 2014).
///
/// psi(n) + psi(k) - <psi(n_y)> - <psi(m)>: with the distance to the k-th neighbour of the same class, m points of any class are as near.
public struct NearestNeighbourInformation: Sendable {
  /// k.
  public let neighbours: Int

  public init(neighbours: Int = 3) throws(InformationError) {
    guard neighbours >= 1 else { throw .setting(name: "the number of neighbours", value: Double(neighbours), allowed: "at least 1") }
    self.neighbours = neighbours
  }

  /// Bits. Activations (n, units) row by row; classes with one example are left out, as the estimator wants.
  public func information(_ activations: [Float], units: Int, labels: [Int]) -> Double {
    precondition(
      activations.count == units * labels.count, "NearestNeighbourInformation: \(activations.count) values for \(labels.count) labels")
    var counts: [Int: Int] = [:]
    for label in labels { counts[label, default: 0] += 1 }
    let rows = labels.indices.filter { counts[labels[$0]]! > 1 }
    let n = rows.count
    guard n > 1 else { return 0 }
    var (labelTerm, neighbourTerm, ownTerm) = (0.0, 0.0, 0.0)
    var distances = [Float](repeating: 0, count: n)
    for row in rows {
      for (position, other) in rows.enumerated() {
        var largest: Float = 0
        for unit in 0..<units { largest = max(largest, abs(activations[row * units + unit] - activations[other * units + unit])) }
        distances[position] = largest
      }
      let ofClass = counts[labels[row]]!
      let k = min(neighbours, ofClass - 1)
      let same = rows.indices.filter { rows[$0] != row && labels[rows[$0]] == labels[row] }.map { distances[$0] }.sorted()
      let radius = same[k - 1]
      // Itself counts among the points as near.
      let near = distances.count { $0 <= radius } - 1
      labelTerm += Self.digamma(Double(ofClass))
      neighbourTerm += Self.digamma(Double(max(near, 1)))
      ownTerm += Self.digamma(Double(k))
    }
    let total = Double(n)
    return max((Self.digamma(total) + (ownTerm - labelTerm - neighbourTerm) / total) / log(2), 0)
  }

  /// The logarithmic derivative of the gamma function, for x >= 1: recurrence up to 6, then the asymptotic series.
  static func digamma(_ x: Double) -> Double {
    var (x, result) = (x, 0.0)
    while x < 6 {
      result -= 1 / x
      x += 1
    }
    let f = 1 / (x * x)
    return result + log(x) - 0.5 / x - f * (1.0 / 12 - f * (1.0 / 120 - f / 252))
  }
}
