/// A measured number: one value a seed, so that chance can be told from effect.
///
/// A literal is a measurement of one value: a threshold, or a quantity that no seed changes.
public struct Measurement: Sendable, Hashable {
  /// One value a seed; at least one.
  public let values: [Double]

  public init(_ values: [Double]) {
    precondition(!values.isEmpty, "Measurement: no values; a measurement holds one value a seed, at least one")
    self.values = values
  }

  public init(_ value: Double) { values = [value] }
  public init(_ value: Float) { values = [Double(value)] }
  public init(_ value: Int) { values = [Double(value)] }

  public var mean: Double { values.reduce(0, +) / Double(values.count) }

  /// The standard deviation over seeds, divided by their number less one; `nil` with one seed.
  public var standardDeviation: Double? {
    guard values.count > 1 else { return nil }
    let mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (squares / Double(values.count - 1)).squareRoot()
  }

  /// The standard error of the mean; `nil` with one seed.
  public var standardError: Double? { standardDeviation.map { $0 / Double(values.count).squareRoot() } }
}

extension Measurement: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  public init(floatLiteral value: Double) { self.init(value) }
  public init(integerLiteral value: Int) { self.init(value) }
}

extension Measurement {
  /// The mean of `self - other` and its standard error; the error is `nil` where either side rests on one seed while the other does too.
  ///
  /// Equally many seeds on both sides are paired by their order (same seed, same data), which removes what both have in common. Otherwise the
  /// squared errors add.
  package func difference(from other: Measurement) -> (mean: Double, standardError: Double?) {
    if values.count == other.values.count {
      let paired = Measurement(zip(values, other.values).map { $0 - $1 })
      return (mean - other.mean, paired.standardError)
    }
    let squares = [standardError, other.standardError].compactMap(\.self).map { $0 * $0 }
    return (mean - other.mean, squares.isEmpty ? nil : squares.reduce(0, +).squareRoot())
  }
}
