import Foundation

/// D^alpha u(y) = 1 / Gamma(1 - alpha) times the integral of u'(tau) (y - tau)^(-alpha) over tau from -1 to y, alpha in (0, 1).
public struct CaputoDerivative: Sendable, Hashable, Codable {
  /// n, intervals of the L1 scheme.
  public var intervals: Int

  public init(intervals: Int = 1000) {
    precondition(intervals >= 1, "CaputoDerivative: \(intervals) intervals; at least 1 is needed")
    self.intervals = intervals
  }

  /// By the L1 scheme: u' is constant on each of n intervals.
  public func callAsFunction(_ u: (Double) -> Double, at y: Double, order alpha: Double) -> Double {
    precondition(alpha > 0 && alpha < 1, "CaputoDerivative: the order \(alpha) must lie between 0 and 1")
    let h = (y + 1) / Double(intervals)
    guard h > 0 else { return 0 }
    var before = u(-1)
    var sum = 0.0
    for i in 0..<intervals {
      let value = u(-1 + h * Double(i + 1))
      let rest = Double(intervals - i)
      sum += (pow(rest, 1 - alpha) - pow(rest - 1, 1 - alpha)) * (value - before)
      before = value
    }
    return sum * pow(h, -alpha) / tgamma(2 - alpha)
  }

  /// Of a sum of c_q (x + 1)^q, exactly: Gamma(q + 1) / Gamma(q + 1 - alpha) (x + 1)^(q - alpha) each.
  public static func exact(powers coefficients: [Double], at y: Double, order alpha: Double) -> Double {
    coefficients.enumerated().dropFirst().reduce(0) { sum, term in
      let q = Double(term.offset)
      return sum + term.element * tgamma(q + 1) / tgamma(q + 1 - alpha) * pow(y + 1, q - alpha)
    }
  }
}
