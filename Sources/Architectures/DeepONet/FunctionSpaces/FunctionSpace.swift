import Foundation
import Tensors

/// A set of functions on an interval from which some are drawn at random.
public protocol FunctionSpace: Sendable {
  var domain: ClosedRange<Double> { get }
  /// Functions that hang on the stream alone.
  /// - Throws: `DeepONetError` for settings that allow none.
  func sample(_ count: Int, random: inout RandomStream) throws(DeepONetError) -> [SampledFunction]
}

/// A function that can be evaluated anywhere in its domain.
public struct SampledFunction: Sendable {
  public let domain: ClosedRange<Double>
  private let evaluation: @Sendable (Double) -> Double

  public init(on domain: ClosedRange<Double>, _ evaluation: @escaping @Sendable (Double) -> Double) {
    self.domain = domain
    self.evaluation = evaluation
  }

  public func callAsFunction(_ x: Double) -> Double { evaluation(x) }
  public func callAsFunction(_ points: [Double]) -> [Double] { points.map(evaluation) }
}

/// Points of equal distance, both ends included.
public func evenlySpaced(_ count: Int, in domain: ClosedRange<Double>) -> [Double] {
  precondition(count >= 2, "evenlySpaced: \(count) points; at least 2 are needed")
  let spacing = (domain.upperBound - domain.lowerBound) / Double(count - 1)
  return (0..<count).map { $0 == count - 1 ? domain.upperBound : domain.lowerBound + spacing * Double($0) }
}

// MARK: - Gaussian random fields

/// u = L z with L L' = K + jitter I on a fine grid, and cubic interpolation between its points.
public struct GaussianRandomField: FunctionSpace, Hashable, Codable {
  public let domain: ClosedRange<Double>
  public let covariance: Covariance
  /// l.
  public let length: Double
  /// N, points of the grid.
  public let gridCount: Int

  /// - Parameter gridCount: 1000 for each unit of the domain without.
  /// - Throws: `setting`.
  public init(
    on domain: ClosedRange<Double> = 0...1, covariance: Covariance = .squaredExponential, length: Double = 0.2, gridCount: Int? = nil
  ) throws(DeepONetError) {
    guard length > 0, length.isFinite else { throw .setting(name: "the length of a random field", value: "\(length)", allowed: "above 0") }
    let count = gridCount ?? Int((1000 * (domain.upperBound - domain.lowerBound)).rounded())
    guard count >= 4 else { throw .setting(name: "the number of grid points", value: "\(count)", allowed: "at least 4") }
    self.domain = domain
    self.covariance = covariance
    self.length = length
    self.gridCount = count
  }

  public var grid: [Double] { evenlySpaced(gridCount, in: domain) }

  /// L, (N, N), and what had to be added to the diagonal: 1e-13 and, where rounding makes K indefinite, 1e-10. The length is never changed.
  /// - Throws: `notPositiveDefinite`.
  public func factor() throws(DeepONetError) -> (lower: Tensor, jitter: Double) {
    let matrix = covariance.matrix(grid, length: length)
    for jitter in [1e-13, 1e-10] {
      let lower = (matrix + Tensor.identity(gridCount, dtype: .float64) * jitter).cholesky()
      if lower.sum().scalar(as: Double.self).isFinite { return (lower, jitter) }
    }
    throw .notPositiveDefinite(name: "a random field of length \(length) on \(gridCount) points", jitter: 1e-10)
  }

  public func sample(_ count: Int, random: inout RandomStream) throws(DeepONetError) -> [SampledFunction] {
    let lower = try factor().lower
    let (domain, gridCount) = (domain, gridCount)
    let spacing = (domain.upperBound - domain.lowerBound) / Double(gridCount - 1)
    // Some at a time: each takes 8 N bytes.
    return stride(from: 0, to: count, by: 2000).flatMap { start -> [SampledFunction] in
      let noise = Tensor.normal([min(2000, count - start), gridCount], key: random.next(), dtype: .float64)
      let values = noise.matmul(lower.transposed()).array(of: Double.self)
      return (0..<min(2000, count - start)).map { index in
        let own = CubicInterpolant(
          start: domain.lowerBound, spacing: spacing, values: Array(values[index * gridCount..<(index + 1) * gridCount]))
        return SampledFunction(on: domain) { own($0) }
      }
    }
  }
}

/// The same random functions by the theorem of Karhunen and Loeve: u = sum sqrt(lambda_k) phi_k xi_k with the eigenpairs of the integral operator.
public struct KarhunenLoeveField: FunctionSpace, Hashable, Codable {
  public let domain: ClosedRange<Double>
  public let covariance: Covariance
  public let length: Double
  /// How many eigenfunctions are kept.
  public let modes: Int
  public let gridCount: Int

  /// - Throws: `setting`.
  public init(
    on domain: ClosedRange<Double> = 0...1, covariance: Covariance = .squaredExponential, length: Double = 0.2, modes: Int,
    gridCount: Int = 200
  ) throws(DeepONetError) {
    guard length > 0, length.isFinite else { throw .setting(name: "the length of a random field", value: "\(length)", allowed: "above 0") }
    guard gridCount >= 4, (1...gridCount).contains(modes) else {
      throw .setting(name: "the number of modes", value: "\(modes)", allowed: "from 1 to the number of grid points, \(gridCount)")
    }
    self.domain = domain
    self.covariance = covariance
    self.length = length
    self.modes = modes
    self.gridCount = gridCount
  }

  public var grid: [Double] { evenlySpaced(gridCount, in: domain) }

  /// The largest eigenvalues, descending, and their eigenfunctions on the grid, (modes, N), of norm 1 with the weights of the trapezoidal rule.
  public func eigenpairs() -> (values: [Double], functions: Tensor) {
    let spacing = (domain.upperBound - domain.lowerBound) / Double(gridCount - 1)
    let weights = Tensor((0..<gridCount).map { $0 == 0 || $0 == gridCount - 1 ? spacing / 2 : spacing })
    let root = weights.sqrt()
    // W^(1/2) K W^(1/2) is symmetric and has the eigenvalues of K W.
    let (values, vectors) = (covariance.matrix(grid, length: length) * root.expandingShape(at: 0) * root.expandingShape(at: 1)).eigh()
    let functions = (vectors.transposed() / root.expandingShape(at: 0)).flipped(0)[0..<modes]
    evaluate(values, functions)
    return (Array(values.array(of: Double.self).reversed().prefix(modes)).map { max($0, 0) }, functions)
  }

  /// sqrt(lambda_k) phi_k on the grid, (modes, N).
  public func scaledEigenfunctions() -> Tensor {
    let (values, functions) = eigenpairs()
    return functions * Tensor(values.map { $0.squareRoot() }).expandingShape(at: 1)
  }

  public func sample(_ count: Int, random: inout RandomStream) throws(DeepONetError) -> [SampledFunction] {
    let noise = Tensor.normal([count, modes], key: random.next(), dtype: .float64)
    let values = noise.matmul(scaledEigenfunctions()).array(of: Double.self)
    let (domain, gridCount) = (domain, gridCount)
    let spacing = (domain.upperBound - domain.lowerBound) / Double(gridCount - 1)
    return (0..<count).map { index in
      let own = CubicInterpolant(
        start: domain.lowerBound, spacing: spacing, values: Array(values[index * gridCount..<(index + 1) * gridCount]))
      return SampledFunction(on: domain) { own($0) }
    }
  }
}

// MARK: - Polynomials

/// u(x) = sum of a_i T_i(2x - 1) on [0, 1], or of a_i x^i, or of a_i P_i(x) on [-1, 1], with a_i uniform in [-bound, bound].
public struct RandomPolynomials: FunctionSpace, Hashable, Codable {
  public enum Basis: String, Sendable, Hashable, Codable, CaseIterable {
    case chebyshev, powers
    /// On [-1, 1].
    case legendre
  }

  public let basis: Basis
  /// N, terms.
  public let terms: Int
  /// M.
  public let bound: Double

  /// - Parameter terms: 20 for Chebyshev's, 100 for powers and 11 for Legendre's polynomials without.
  /// - Throws: `setting`.
  public init(_ basis: Basis, terms: Int? = nil, bound: Double? = nil) throws(DeepONetError) {
    self.basis = basis
    self.terms = terms ?? (basis == .chebyshev ? 20 : basis == .powers ? 100 : 11)
    self.bound = bound ?? (basis == .legendre ? 2 : 1)
    guard self.terms >= 1 else { throw .setting(name: "the number of terms", value: "\(self.terms)", allowed: "at least 1") }
    guard self.bound > 0, self.bound.isFinite else { throw .setting(name: "the bound M", value: "\(self.bound)", allowed: "above 0") }
  }

  public var domain: ClosedRange<Double> { basis == .legendre ? -1...1 : 0...1 }

  /// The polynomial with the given coefficients.
  public func function(_ coefficients: [Double]) -> SampledFunction {
    switch basis {
    case .powers: SampledFunction(on: domain) { x in coefficients.reversed().reduce(0) { $0 * x + $1 } }
    case .chebyshev: SampledFunction(on: domain) { Chebyshev.sum(coefficients, at: 2 * $0 - 1) }
    case .legendre: SampledFunction(on: domain) { Legendre.sum(coefficients, at: $0) }
    }
  }

  public func sample(_ count: Int, random: inout RandomStream) throws(DeepONetError) -> [SampledFunction] {
    let drawn = Tensor.uniform([count, terms], key: random.next(), from: -bound, to: bound, dtype: .float64).array(of: Double.self)
    return (0..<count).map { function(Array(drawn[$0 * terms..<($0 + 1) * terms])) }
  }
}

/// Chebyshev's polynomials T_0, T_1, ...
public enum Chebyshev {
  /// sum of a_i T_i(x), by the recurrence of Clenshaw (1955).
  public static func sum(_ coefficients: [Double], at x: Double) -> Double {
    var (first, second) = (0.0, 0.0)
    for coefficient in coefficients.dropFirst().reversed() { (first, second) = (2 * x * first - second + coefficient, first) }
    return x * first - second + (coefficients.first ?? 0)
  }
}

/// Legendre's polynomials P_0, P_1, ...
public enum Legendre {
  /// P_n(x).
  public static func value(_ n: Int, at x: Double) -> Double {
    guard n > 0 else { return 1 }
    var (before, now) = (1.0, x)
    for k in 1..<max(n, 1) { (before, now) = (now, (Double(2 * k + 1) * x * now - Double(k) * before) / Double(k + 1)) }
    return now
  }

  /// sum of c_k P_k(x).
  public static func sum(_ coefficients: [Double], at x: Double) -> Double {
    var (before, now) = (1.0, x)
    var total = (coefficients.first ?? 0) + (coefficients.count > 1 ? coefficients[1] * x : 0)
    for k in 1..<max(coefficients.count - 1, 1) {
      (before, now) = (now, (Double(2 * k + 1) * x * now - Double(k) * before) / Double(k + 1))
      if k + 1 < coefficients.count { total += coefficients[k + 1] * now }
    }
    return total
  }

  /// The coefficients of the same polynomial in powers of x + 1.
  public static func powersAroundLeftEnd(_ coefficients: [Double]) -> [Double] {
    // With z = x + 1: P_{k+1} = ((2k+1) (z - 1) P_k - k P_{k-1}) / (k + 1).
    let count = max(coefficients.count, 2)
    var before = [Double](repeating: 0, count: count)
    var now = before
    before[0] = 1
    (now[0], now[1]) = (-1, 1)
    let (constant, linear) = (coefficients.first ?? 0, coefficients.count > 1 ? coefficients[1] : 0)
    var total = zip(before, now).map { constant * $0 + linear * $1 }
    for k in 1..<max(coefficients.count - 1, 1) where k + 1 < coefficients.count {
      let (rise, fall, whole) = (Double(2 * k + 1), Double(k), Double(k + 1))
      let next = (0..<count).map { power -> Double in
        let shifted: Double = power > 0 ? now[power - 1] : 0
        return (rise * (shifted - now[power]) - fall * before[power]) / whole
      }
      (before, now) = (now, next)
      for power in 0..<count { total[power] += coefficients[k + 1] * now[power] }
    }
    return total
  }
}
