/// What several runs of one experiment say together: mean and spread over seeds.
public struct SampleStatistics: Sendable, Equatable, CustomStringConvertible {
  public let count: Int
  public let mean: Double
  /// With n - 1 in the denominator; nil for a single value.
  public let standardDeviation: Double?
  public let minimum: Double
  public let maximum: Double

  /// Of at least one value.
  public init(_ values: [Double]) {
    precondition(!values.isEmpty, "SampleStatistics: no values")
    count = values.count
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    minimum = values.min()!
    maximum = values.max()!
    standardDeviation =
      values.count > 1 ? (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot() : nil
  }

  /// Of the mean: the standard deviation over the square root of the count.
  public var standardError: Double? { standardDeviation.map { $0 / Double(count).squareRoot() } }

  /// The difference of two means in units of its standard error, sqrt(a^2 + b^2) of the two (Welch, 1947); nil where one has a single value.
  public func separation(from other: SampleStatistics) -> Double? {
    guard let error = standardError, let otherError = other.standardError else { return nil }
    let difference = mean - other.mean
    let joint = (error * error + otherError * otherError).squareRoot()
    return joint == 0 ? (difference == 0 ? 0 : difference.sign == .minus ? -.infinity : .infinity) : difference / joint
  }

  public var description: String {
    let mean = ProgressText.metric(mean)
    return standardError.map { "\(mean) ± \(ProgressText.metric($0)) (standard error of \(count))" } ?? mean
  }
}
