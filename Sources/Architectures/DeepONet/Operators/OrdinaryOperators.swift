import Foundation

/// Solution operators of ordinary differential equations driven by u, with s(0) = 0 and a place y uniform in [0, T].
public enum OrdinaryEquation: String, Sendable, Hashable, Codable, CaseIterable {
  /// s' = u.
  case antiderivative
  /// s' = -s^2 + u.
  case nonlinear
  /// s1' = s2, s2' = -k sin s1 + u; what is learned is s1, the angle.
  case pendulum

  /// All components of the solution at ascending times.
  /// - Parameter stiffness: k of the pendulum.
  public func solve(
    _ u: (Double) -> Double, at times: [Double], stiffness k: Double = 1, solver: DormandPrince = DormandPrince()
  ) -> [[Double]] {
    // A step must not pass over a bump of u unseen.
    let longest = max(times.last ?? 1, 1e-6) / 20
    return switch self {
    case .antiderivative: solver.solve(from: (0, [0]), at: times, maximumStep: longest) { t, _ in [u(t)] }
    case .nonlinear: solver.solve(from: (0, [0]), at: times, maximumStep: longest) { t, s in [u(t) - s[0] * s[0]] }
    case .pendulum: solver.solve(from: (0, [0, 0]), at: times, maximumStep: longest) { t, s in [s[1], u(t) - k * sin(s[0])] }
    }
  }
}

extension FunctionOperator {
  /// - Parameters:
  ///   - space: on [0, T].
  ///   - sensors: m, evenly spaced over [0, T].
  public static func ordinary(_ equation: OrdinaryEquation, _ space: any FunctionSpace, sensors: Int) -> FunctionOperator {
    FunctionOperator(
      space, sensors: evenlySpaced(sensors, in: space.domain),
      draw: { count, random in (0..<count).map { _ in [random.next(in: space.domain)] } },
      evaluate: { u, queries in
        let order = queries.indices.sorted { queries[$0][0] < queries[$1][0] }
        let solutions = equation.solve({ u($0) }, at: order.map { queries[$0][0] })
        var values = [Double](repeating: 0, count: queries.count)
        for (position, index) in order.enumerated() { values[index] = solutions[position][0] }
        return values
      })
  }

  /// J_n = integral of P_n(x) u(x) over [-1, 1] for n = 0 ..< orders, by Simpson's rule; the place is n.
  /// - Parameter intervals: even, 10,000 by the specification.
  public static func legendreTransform(
    _ space: any FunctionSpace, sensors: Int, orders: Int = 20, intervals: Int = 10_000
  ) -> FunctionOperator {
    precondition(intervals >= 2 && intervals % 2 == 0, "legendreTransform: \(intervals) intervals; an even number is needed")
    let points = evenlySpaced(intervals + 1, in: -1...1)
    let weights = points.indices.map { (2 / Double(intervals)) / 3 * ($0 == 0 || $0 == intervals ? 1 : $0 % 2 == 1 ? 4 : 2) }
    // P_n at all points once, weighted.
    let basis = (0..<orders).map { n in zip(points, weights).map { Legendre.value(n, at: $0) * $1 } }
    return FunctionOperator(
      space, sensors: evenlySpaced(sensors, in: -1...1),
      draw: { count, random in (0..<count).map { _ in [Double(random.integer(below: orders))] } },
      evaluate: { u, queries in
        let values = u(points)
        var known: [Int: Double] = [:]
        return queries.map { query in
          let n = Int(query[0])
          if let value = known[n] { return value }
          let value = zip(basis[n], values).reduce(0) { $0 + $1.0 * $1.1 }
          known[n] = value
          return value
        }
      })
  }

  /// D^alpha u(y) on [-1, 1] by the L1 scheme; a place is (y, alpha), each one of ten values as published.
  public static func caputo(_ space: any FunctionSpace, sensors: Int = 15, intervals: Int = 1000) -> FunctionOperator {
    let derivative = CaputoDerivative(intervals: intervals)
    let (places, orders) = (evenlySpaced(10, in: -0.99...0.99), evenlySpaced(10, in: 0.01...0.99))
    return FunctionOperator(
      space, sensors: evenlySpaced(sensors, in: -1...1), queryDimension: 2,
      draw: { count, random in (0..<count).map { _ in [places[random.integer(below: 10)], orders[random.integer(below: 10)]] } },
      evaluate: { u, queries in queries.map { derivative({ u($0) }, at: $0[0], order: $0[1]) } })
  }
}
