import Foundation

/// A noisy rule of patterns on points of the sphere: P(y = 1|x) = 1 / (1 + exp(-gamma (f(x) - theta))), f the power of the pattern in
/// spherical harmonics (section 3.1). Rotations of the points leave it as it is; with finite gamma the information curve is informative.
public struct SphericalRule: Sendable {
  /// f of every pattern, the first point the most significant bit.
  public let power: [Double]
  /// theta: P(y = 1) is 1/2 at it.
  public let threshold: Double
  public let steepness: Double

  /// - Parameters:
  ///   - points: unit vectors; the icosahedron's vertices by default.
  ///   - degrees: of the spherical harmonics whose power counts.
  ///   - steepness: gamma, above 0.
  public init(
    points: [[Double]] = SphericalRule.icosahedron, degrees: [Int] = Array(0...6), steepness: Double
  ) throws(InformationError) {
    guard steepness > 0, steepness.isFinite else { throw .setting(name: "gamma", value: steepness, allowed: "above 0") }
    guard (1...16).contains(points.count) else { throw .count(what: "points", found: points.count, expected: 12) }
    for (row, point) in points.enumerated() {
      let length = point.reduce(0) { $0 + $1 * $1 }
      guard point.count == 3, abs(length - 1) < 1e-6 else {
        throw .setting(name: "the squared length of point \(row)", value: length, allowed: "1")
      }
    }
    self.steepness = steepness
    // By the addition theorem sum_m |a_lm|² = (2l + 1) / 4 pi sum_ij x_i x_j P_l(cos angle_ij).
    let kernel = points.map { a in
      points.map { b in
        let cosine = min(max(zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }, -1), 1)
        return degrees.reduce(0) { $0 + Double(2 * $1 + 1) / (4 * .pi) * Self.legendre($1, cosine) }
      }
    }
    let count = points.count
    power = (0..<1 << count).map { pattern in
      let on = (0..<count).filter { pattern >> (count - 1 - $0) & 1 == 1 }
      return on.reduce(0) { sum, i in on.reduce(sum) { $0 + kernel[i][$1] } }
    }
    // Patterns that symmetry makes equal differ by rounding: they are given one value.
    let power = power
    threshold = Self.threshold(power, steepness: steepness)
  }

  /// P(y|x) of every pattern: (1 - p, p).
  public var labels: [[Double]] {
    power.map { value in
      let p = 1 / (1 + exp(-steepness * ((value * 1e9).rounded() / 1e9 - threshold)))
      return [1 - p, p]
    }
  }

  private static func threshold(_ power: [Double], steepness: Double) -> Double {
    var (low, high) = (power.min()!, power.max()!)
    for _ in 0..<200 {
      let middle = (low + high) / 2
      let mean = power.reduce(0) { $0 + 1 / (1 + exp(-steepness * ($1 - middle))) } / Double(power.count)
      if mean > 0.5 { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  static func legendre(_ degree: Int, _ x: Double) -> Double {
    var (before, now) = (1.0, x)
    guard degree > 0 else { return before }
    for l in 1..<max(degree, 1) { (before, now) = (now, (Double(2 * l + 1) * x * now - Double(l) * before) / Double(l + 1)) }
    return now
  }

  /// Twelve vertices in the order of ``SymmetricRule``: neighbours there are neighbours here.
  public static let icosahedron: [[Double]] = {
    // Vertex 0 at the pole, its neighbours in a ring, and the antipodes below.
    let ring = orderedRing()
    let height = 1 / 5.0.squareRoot()
    let radius = 2 * height
    var points = [[Double]](repeating: [0, 0, 1], count: 12)
    for (index, vertex) in ring.enumerated() {
      let angle = 2 * Double.pi * Double(index) / 5
      points[vertex] = [radius * cos(angle), radius * sin(angle), height]
    }
    for vertex in [0] + ring { points[SymmetricRule.antipodes[vertex]] = points[vertex].map { -$0 } }
    return points
  }()

  /// The neighbours of vertex 0, each beside the next.
  private static func orderedRing() -> [Int] {
    var ring = [SymmetricRule.neighbours[0][0]]
    while ring.count < 5 {
      let next = SymmetricRule.neighbours[0].first { !ring.contains($0) && SymmetricRule.neighbours[ring.last!].contains($0) }!
      ring.append(next)
    }
    return ring
  }
}
