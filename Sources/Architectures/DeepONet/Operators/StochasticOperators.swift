import Foundation
import Tensors

/// Differential equations with a random coefficient, whose law - a Gaussian field of some length l in [1, 2] - is the input: the branch sees the scaled
/// eigenfunctions sqrt(lambda_k) phi_k of the field at 20 points.
public struct StochasticOperator: OperatorFamily, Hashable, Codable {
  public enum Problem: String, Sendable, Hashable, Codable, CaseIterable {
    /// s' = k(t) s, s(0) = 1: E s(t) = exp(sigma^2 / 2) with sigma^2 = 2 l t + 2 l^2 (exp(-t / l) - 1) for the exponential covariance.
    case meanGrowth = "stochastic-mean"
    /// The same, path by path: places are (t, xi_1, ..., xi_modes).
    case growth = "stochastic-path"
    /// -(exp(b) s')' = 10 on [0, 1], s = 0 at both ends, path by path: places are (x, xi_1, ..., xi_modes).
    case elliptic = "stochastic-elliptic"
  }

  public let problem: Problem
  /// Points at which the branch sees an eigenfunction.
  public let pointCount: Int
  public let modes: Int
  public let lengths: ClosedRange<Double>
  /// Standard deviation of the field.
  public let deviation: Double
  /// Points of the grid on which the field is decomposed.
  public let gridCount: Int

  /// - Parameter deviation: 1 for the growth and 0.1 for the elliptic problem without.
  public init(
    _ problem: Problem, pointCount: Int = 20, modes: Int = 5, lengths: ClosedRange<Double> = 1...2, deviation: Double? = nil,
    gridCount: Int = 101
  ) throws(DeepONetError) {
    guard pointCount >= 2, modes >= 1, gridCount >= max(modes, 5) else {
      throw .setting(
        name: "the numbers of points, modes and grid points", value: "\(pointCount), \(modes), \(gridCount)", allowed: "at least 2, 1 and 5"
      )
    }
    guard lengths.lowerBound > 0 else { throw .setting(name: "the range of lengths", value: "\(lengths)", allowed: "above 0") }
    self.problem = problem
    self.pointCount = pointCount
    self.modes = modes
    self.lengths = lengths
    self.deviation = deviation ?? (problem == .elliptic ? 0.1 : 1)
    self.gridCount = gridCount
  }

  public var sensorCount: Int { pointCount * modes }
  public var queryDimension: Int { problem == .meanGrowth ? 1 : 1 + modes }

  /// E s(t) for the exponential covariance of variance 1 and length l: k integrates to a Gaussian number of variance sigma^2.
  public static func meanGrowth(at t: Double, length l: Double) -> Double {
    exp(l * t + l * l * (exp(-t / l) - 1))
  }

  /// The field of one length.
  func field(_ length: Double) throws(DeepONetError) -> KarhunenLoeveField {
    try KarhunenLoeveField(
      covariance: problem == .elliptic ? .squaredExponential : .exponential, length: length, modes: modes, gridCount: gridCount)
  }

  public func triples(_ count: Int, places: Int, random: inout RandomStream) throws(DeepONetError) -> OperatorTriples {
    let rows = count * places
    var uniform = Uniform(key: random.next(), count: count + 2 * rows + 1)
    let normals = Tensor.normal([rows, modes], key: random.next(), dtype: .float64).array(of: Double.self)
    var (u, y, s): ([Float], [Float], [Float]) = ([], [], [])
    u.reserveCapacity(rows * sensorCount)
    for index in 0..<count {
      let length = uniform.next(in: lengths)
      let functions = eigenfunctions(try field(length))
      let seen = functions.flatMap { function in evenlySpaced(pointCount, in: 0...1).map { Float(function($0)) } }
      for place in 0..<places {
        let x = uniform.next()
        let row = (index * places + place) * modes
        let xi = Array(normals[row..<row + modes])
        u += seen
        y += problem == .meanGrowth ? [Float(x)] : [Float(x)] + xi.map { Float($0) }
        s.append(Float(value(x, xi, functions, length)))
      }
    }
    return try OperatorTriples(
      functions: Tensor(u, shape: [rows, sensorCount]), queries: Tensor(y, shape: [rows, queryDimension]),
      values: Tensor(s, shape: [rows, 1]))
  }

  /// sqrt(lambda_k) phi_k, scaled by the deviation. Their signs are those of positive beginnings.
  func eigenfunctions(_ field: KarhunenLoeveField) -> [CubicInterpolant] {
    let values = field.scaledEigenfunctions().array(of: Double.self)
    let spacing = 1 / Double(gridCount - 1)
    return (0..<modes).map { mode in
      let own = values[mode * gridCount..<(mode + 1) * gridCount]
      // Eigenvectors have no sign of their own; without a rule the same field would look different from one decomposition to another.
      let sign = own.first! < 0 ? -deviation : deviation
      return CubicInterpolant(start: 0, spacing: spacing, values: own.map { $0 * sign })
    }
  }

  private func value(_ x: Double, _ xi: [Double], _ functions: [CubicInterpolant], _ length: Double) -> Double {
    switch problem {
    case .meanGrowth: return Self.meanGrowth(at: x, length: length)
    case .growth:
      let points = evenlySpaced(51, in: 0...max(x, 1e-9))
      return exp(trapezoid(points, points.map { path($0, xi, functions) }).last!)
    case .elliptic:
      let points = evenlySpaced(201, in: 0...1)
      let solution = Self.elliptic(points.map { path($0, xi, functions) }, on: points, force: 10)
      return CubicInterpolant(start: 0, spacing: points[1] - points[0], values: solution)(x)
    }
  }

  private func path(_ x: Double, _ xi: [Double], _ functions: [CubicInterpolant]) -> Double {
    zip(functions, xi).reduce(0) { $0 + $1.0(x) * $1.1 }
  }

  /// -(exp(b) s')' = f with s = 0 at both ends, by two cumulative integrals: v1 of exp(-b), v2 of f x exp(-b), s = (v2(1) / v1(1)) v1 - v2.
  public static func elliptic(_ b: [Double], on points: [Double], force: Double) -> [Double] {
    let inverse = b.map { exp(-$0) }
    let first = trapezoid(points, inverse)
    let second = trapezoid(points, zip(points, inverse).map { force * $0 * $1 })
    return zip(first, second).map { second.last! / first.last! * $0 - $1 }
  }
}

/// Integrals from the first point to each, by the trapezoidal rule.
func trapezoid(_ points: [Double], _ values: [Double]) -> [Double] {
  var sum = 0.0
  return points.indices.map { i in
    if i > 0 { sum += (points[i] - points[i - 1]) * (values[i] + values[i - 1]) / 2 }
    return sum
  }
}
