import Foundation
import Tensors

/// An operator with the functions it is learned on: what gives triples of an input function, a place and the value there.
public protocol OperatorFamily: Sendable {
  /// Values by which the branch is told the input.
  var sensorCount: Int { get }
  /// Coordinates of a place.
  var queryDimension: Int { get }
  /// Rows for `count` inputs with `places` random places each; those of one input follow each other.
  /// - Throws: `DeepONetError` for a function space that gives no functions.
  func triples(_ count: Int, places: Int, random: inout RandomStream) throws(DeepONetError) -> OperatorTriples
}

/// An operator on functions of one variable, known by its solver.
public struct FunctionOperator: OperatorFamily {
  public let space: any FunctionSpace
  /// Where the branch sees the input.
  public let sensors: [Double]
  public let queryDimension: Int
  private let draw: @Sendable (_ count: Int, _ random: inout Uniform) -> [[Double]]
  private let evaluate: @Sendable (_ function: SampledFunction, _ queries: [[Double]]) -> [Double]
  private let seen: @Sendable (_ function: SampledFunction, _ x: Double) -> Double

  /// - Parameters:
  ///   - sensors: m points.
  ///   - seen: what the branch sees of an input function at a point; the function itself without.
  ///   - draw: random places.
  ///   - evaluate: G(u) at places.
  public init(
    _ space: any FunctionSpace, sensors: [Double], queryDimension: Int = 1,
    seen: @escaping @Sendable (SampledFunction, Double) -> Double = { $0($1) },
    draw: @escaping @Sendable (_ count: Int, _ random: inout Uniform) -> [[Double]],
    evaluate: @escaping @Sendable (_ function: SampledFunction, _ queries: [[Double]]) -> [Double]
  ) {
    self.space = space
    self.sensors = sensors
    self.queryDimension = queryDimension
    self.seen = seen
    self.draw = draw
    self.evaluate = evaluate
  }

  public var sensorCount: Int { sensors.count }

  /// What the branch sees of a function.
  public func observed(_ function: SampledFunction) -> [Double] { sensors.map { seen(function, $0) } }

  /// G(u) at places.
  public func values(of function: SampledFunction, at queries: [[Double]]) -> [Double] { evaluate(function, queries) }

  public func triples(_ count: Int, places: Int, random: inout RandomStream) throws(DeepONetError) -> OperatorTriples {
    // Some at a time: a sampled function holds its whole grid.
    var parts: [OperatorTriples] = []
    for start in stride(from: 0, to: count, by: 2000) {
      let functions = try space.sample(min(2000, count - start), random: &random)
      parts.append(try triples(functions, places: places, random: &random))
    }
    guard parts.count > 1 else { return parts[0] }
    return try OperatorTriples(
      functions: .concatenate(parts.map(\.functions)), queries: .concatenate(parts.map(\.queries)),
      values: .concatenate(parts.map(\.values)))
  }

  /// The same for given functions.
  public func triples(_ functions: [SampledFunction], places: Int, random: inout RandomStream) throws(DeepONetError) -> OperatorTriples {
    var uniform = Uniform(key: random.next(), count: 1 + functions.count * places * 2 * queryDimension)
    let (m, d) = (sensorCount, queryDimension)
    var (u, y, s): ([Float], [Float], [Float]) = ([], [], [])
    u.reserveCapacity(functions.count * places * m)
    for function in functions {
      let row = observed(function).map { Float($0) }
      let queries = draw(places, &uniform)
      for _ in 0..<places { u += row }
      y += queries.flatMap { $0.map { Float($0) } }
      s += values(of: function, at: queries).map { Float($0) }
    }
    let rows = functions.count * places
    return try OperatorTriples(
      functions: Tensor(u, shape: [rows, m]), queries: Tensor(y, shape: [rows, d]), values: Tensor(s, shape: [rows, 1]))
  }

  /// The functions at the same places.
  public func aligned(_ functions: [SampledFunction], at queries: [[Double]]) throws(DeepONetError) -> AlignedOperatorData {
    let u = functions.flatMap { observed($0).map { Float($0) } }
    let s = functions.flatMap { values(of: $0, at: queries).map { Float($0) } }
    return try AlignedOperatorData(
      functions: Tensor(u, shape: [functions.count, sensorCount]),
      queries: Tensor(queries.flatMap { $0.map { Float($0) } }, shape: [queries.count, queryDimension]),
      values: Tensor(s, shape: [functions.count, queries.count]))
  }
}

/// Uniform numbers in [0, 1), drawn all at once.
public struct Uniform: Sendable {
  private let values: [Double]
  private var position = 0

  init(key: Tensor, count: Int) { values = Tensor.uniform([count], key: key).array(of: Double.self) }

  public mutating func next() -> Double {
    precondition(position < values.count, "Uniform: \(values.count) numbers were drawn and all are used")
    position += 1
    return values[position - 1]
  }

  public mutating func next(in range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * next()
  }

  public mutating func integer(below count: Int) -> Int { min(Int(next() * Double(count)), count - 1) }
}
