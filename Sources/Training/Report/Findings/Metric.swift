/// A named number of a run, with its unit.
public struct Metric: Sendable, Hashable {
  /// Lower case words joined by dots and hyphens, as in "noprop-dt.test-accuracy".
  public let name: String
  public let value: Measurement
  public let unit: Unit

  public init(_ name: String, _ value: Measurement, _ unit: Unit = .none) {
    self.name = name
    self.value = value
    self.unit = unit
  }
}
