import Architectures
import Foundation
import Tensors
import Testing

@Suite("DeepONet: function spaces and rows") struct DeepONetSpaceTests {
  /// The sample covariance of 20,000 draws at 10 grid points (acceptance 4 of the specification).
  @Test(arguments: Covariance.allCases) func `covariance of Gaussian fields`(covariance: Covariance) throws {
    let field = try GaussianRandomField(covariance: covariance, length: 0.2, gridCount: 28)
    var random = RandomStream(seed: covariance == .exponential ? 6 : 5)
    let functions = try field.sample(20_000, random: &random)
    let points = evenlySpaced(10, in: 0...1)
    let values = Tensor(functions.flatMap { $0(points) }, shape: [20_000, 10])
    let sample = values.transposed().matmul(values) / 20_000
    #expect(largestDifference(sample, covariance.matrix(points, length: 0.2)) < 0.03)
  }

  @Test func `fields by modes have nearly the same covariance`() throws {
    let field = try KarhunenLoeveField(length: 0.2, modes: 20, gridCount: 100)
    let (values, functions) = field.eigenpairs()
    #expect(
      zip(values, values.dropFirst()).allSatisfy { $0 >= $1 } && abs(values.reduce(0, +) - 1) < 1e-3, "the trace of the covariance is 1")
    let scaled = field.scaledEigenfunctions()
    let sum = scaled.transposed().matmul(scaled)
    #expect(largestDifference(sum, Covariance.squaredExponential.matrix(field.grid, length: 0.2)) < 1e-3)
    #expect(functions.shape == [20, 100])
    var random = RandomStream(seed: 1)
    #expect(try field.sample(3, random: &random).count == 3)
  }

  @Test func `smooth fields need a little on the diagonal, and keep their length`() throws {
    let (lower, jitter) = try GaussianRandomField(length: 1, gridCount: 200).factor()
    #expect(jitter == 1e-13 || jitter == 1e-10)
    let product = lower.matmul(lower.transposed())
    #expect(largestDifference(product, Covariance.squaredExponential.matrix(evenlySpaced(200, in: 0...1), length: 1)) < 1e-8)
  }

  @Test func `cubic interpolation`() {
    let cubic = CubicInterpolant(start: -1, spacing: 0.5, values: [-1, -0.125, 0, 0.125, 1])
    for x in [-1, -0.9, -0.3, 0.1, 0.77, 1] { #expect(abs(cubic(x) - x * x * x) < 1e-12) }
    func error(_ count: Int) -> Double {
      let grid = evenlySpaced(count, in: 0...1)
      let sine = CubicInterpolant(start: 0, spacing: grid[1], values: grid.map { sin(6 * $0) })
      return evenlySpaced(997, in: 0...1).map { abs(sine($0) - sin(6 * $0)) }.max()!
    }
    #expect(error(41) / error(81) > 12)
  }

  @Test func polynomials() throws {
    let t = try RandomPolynomials(.chebyshev).function([0, 0, 0, 1])
    for x in [0, 0.3, 1] { #expect(abs(t(x) - cos(3 * acos(2 * x - 1))) < 1e-12) }
    #expect(abs(try RandomPolynomials(.powers).function([1, 2, 3])(0.5) - 2.75) < 1e-14)
    // (35 x^4 - 30 x^2 + 3) / 8 at 0.6.
    let fourth: Double = (4.536 - 10.8 + 3) / 8
    #expect(abs(Legendre.value(4, at: 0.6) - fourth) < 1e-12)
    var random = RandomStream(seed: 2)
    let drawn = try RandomPolynomials(.powers, bound: 0.5).sample(4, random: &random)
    #expect(drawn.allSatisfy { abs($0(0)) <= 0.5 })
  }

  @Test func `the distance of two fields`() {
    let grid = evenlySpaced(60, in: 0...1)
    func matrix(_ length: Double) -> Tensor { Covariance.squaredExponential.matrix(grid, length: length) }
    #expect(wassersteinDistance(matrix(0.2), matrix(0.2)) < 1e-3)
    let (near, far) = (wassersteinDistance(matrix(0.2), matrix(0.3)), wassersteinDistance(matrix(0.2), matrix(1)))
    #expect(near > 0.05 && far > near)
    // Commuting covariances: the distance of the roots.
    let (a, b) = (Tensor.identity(4, dtype: .float64) * 4, Tensor.identity(4, dtype: .float64))
    #expect(abs(wassersteinDistance(a, b) - 1) < 1e-9)
  }

  @Test func `settings that allow no functions`() throws {
    for length in [0, -1, .nan, .infinity] {
      #expect(throws: DeepONetError.self) { _ = try GaussianRandomField(length: length) }
      #expect(throws: DeepONetError.self) { _ = try KarhunenLoeveField(length: length, modes: 3) }
    }
    #expect(throws: DeepONetError.self) { _ = try GaussianRandomField(gridCount: 3) }
    #expect(throws: DeepONetError.self) { _ = try KarhunenLoeveField(modes: 0) }
    #expect(throws: DeepONetError.self) { _ = try RandomPolynomials(.powers, terms: 0) }
    #expect(throws: DeepONetError.self) { _ = try RandomPolynomials(.powers, bound: .nan) }
    #expect(throws: DeepONetError.self) { _ = try StochasticOperator(.growth, modes: 0) }
  }

  // MARK: Rows

  @Test func `rows that do not fit name both sizes`() throws {
    let (u, y, s) = (Tensor.ones([4, 3]), Tensor.ones([4, 2]), Tensor.ones([4, 1]))
    func refused(_ u: Tensor, _ y: Tensor, _ s: Tensor) -> DeepONetError? {
      do {
        _ = try OperatorTriples(functions: u, queries: y, values: s)
        return nil
      } catch {
        return error
      }
    }
    #expect(refused(u, y, s) == nil)
    #expect(refused(u, y[0..<3], s) == .rowCounts(name: "queries", found: 3, other: "functions", expected: 4))
    #expect(refused(u, y, s[0..<2]) == .rowCounts(name: "values", found: 2, other: "functions", expected: 4))
    #expect(refused(u, y, Tensor.ones([4])) == .shape(name: "values", found: [4], expected: "rows and columns"))
    #expect(
      refused(Tensor([1, 2, 3, 4, .nan, 6, 7, 8, 9, 1, 1, 1] as [Float], shape: [4, 3]), y, s) == .notFinite(name: "functions", row: 1))
    #expect(refused(u, y, Tensor([1, 2, 3, .infinity] as [Float], shape: [4, 1])) == .notFinite(name: "values", row: 3))
    let rows = try OperatorTriples(functions: u, queries: y, values: s)
    #expect(throws: DeepONetError.sensorCount(found: 3, expected: 5)) { try rows.check(sensors: 5, queryDimension: 2) }
    #expect(throws: DeepONetError.queryDimension(found: 2, expected: 1)) { try rows.check(sensors: 3, queryDimension: 1) }
    #expect(throws: DeepONetError.rowCounts(name: "the columns of values", found: 1, other: "queries", expected: 4)) {
      _ = try AlignedOperatorData(functions: u, queries: y, values: s)
    }
    for error: DeepONetError in [
      .sensorCount(found: 3, expected: 5), .queryDimension(found: 2, expected: 1), .widths(branch: 3, trunk: 4),
      .rowCounts(name: "a", found: 1, other: "b", expected: 2), .shape(name: "a", found: [1], expected: "b"), .notFinite(name: "a", row: 1),
      .mismatchedRow(row: 1, found: 2, expected: 3), .setting(name: "a", value: "1", allowed: "b"),
      .notPositiveDefinite(name: "a", jitter: 1),
    ] {
      #expect(error.description.hasPrefix("DeepONet: ") && error.errorDescription == error.description)
    }
  }

  @Test func `grids and rows hold the same`() throws {
    let family = FunctionOperator.ordinary(.antiderivative, try GaussianRandomField(gridCount: 50), sensors: 8)
    var random = RandomStream(seed: 6)
    let functions = try family.space.sample(3, random: &random)
    let grid = try family.aligned(functions, at: [[0.2], [0.9]])
    let rows = grid.triples
    #expect(rows.count == 6 && rows.functions.shape == [6, 8])
    #expect(rows.values.array(of: Float.self) == grid.values.array(of: Float.self))
    #expect(rows.functions[1].array(of: Float.self) == grid.functions[0].array(of: Float.self))
    #expect(rows.queries[4].array(of: Float.self) == [0.2])
  }

  @Test func `an audit finds rows that were mixed up`() throws {
    let family = FunctionOperator.ordinary(.antiderivative, try GaussianRandomField(length: 0.5, gridCount: 60), sensors: 60)
    var random = RandomStream(seed: 7)
    let rows = try family.triples(20, places: 1, random: &random)
    // The solver's own route: interpolating what the sensors saw.
    func solve(_ u: [Double], _ y: [Double]) -> Double {
      let function = CubicInterpolant(start: 0, spacing: 1.0 / 59, values: u)
      return OrdinaryEquation.antiderivative.solve({ function($0) }, at: [y[0]])[0][0]
    }
    try rows.audit(rows: Array(0..<20), tolerance: 1e-3, solve: solve)
    let mixed = try OperatorTriples(functions: rows.functions.rolled(by: 1, axis: 0), queries: rows.queries, values: rows.values)
    #expect(throws: DeepONetError.self) { try mixed.audit(rows: Array(0..<20), tolerance: 1e-3, solve: solve) }
    func predict(_ functions: Tensor, _ queries: Tensor) -> Tensor {
      let (u, y) = (functions.array(of: Double.self), queries.array(of: Double.self))
      return Tensor(y.indices.map { Float(solve(Array(u[$0 * 60..<($0 + 1) * 60]), [y[$0]])) }, shape: [y.count, 1])
    }
    #expect(rows.shuffleRatio(random: &random, predict: predict) > 100)
    #expect(mixed.shuffleRatio(random: &random, predict: predict) < 5)
  }

  @Test func `every family gives rows of its shapes, the same for the same seed`() throws {
    let field = try GaussianRandomField(gridCount: 50)
    var families: [any OperatorFamily] = OrdinaryEquation.allCases.map { FunctionOperator.ordinary($0, field, sensors: 9) }
    families.append(FunctionOperator.legendreTransform(try RandomPolynomials(.legendre), sensors: 9, intervals: 100))
    families.append(FunctionOperator.caputo(try RandomPolynomials(.legendre), intervals: 50))
    families.append(FunctionOperator.diffusionReaction(field, sensors: 12, times: 9))
    for problem in TransportProblem.allCases { families.append(FunctionOperator.transport(problem, field, sensors: 12, times: 9)) }
    for problem in StochasticOperator.Problem.allCases {
      families.append(try StochasticOperator(problem, pointCount: 4, modes: 3, gridCount: 21))
    }
    for family in families {
      func rows() throws -> OperatorTriples {
        var random = RandomStream(seed: 8)
        return try family.triples(3, places: 4, random: &random)
      }
      let (one, two) = (try rows(), try rows())
      #expect(
        one.functions.shape == [12, family.sensorCount] && one.queries.shape == [12, family.queryDimension] && one.values.shape == [12, 1])
      #expect(one.values.array(of: Float.self) == two.values.array(of: Float.self))
      #expect(Set(one.values.array(of: Float.self)).count > 3)
    }
  }
}
