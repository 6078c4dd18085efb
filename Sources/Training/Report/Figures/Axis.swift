/// What runs along an axis.
public struct Axis: Sendable, Hashable, ExpressibleByStringLiteral {
  public enum Scale: Sendable, Hashable {
    case linear
    case logarithmic
  }

  public let name: String
  public let unit: Unit
  public let scale: Scale
  /// The ends; `nil` fits the data.
  public let range: ClosedRange<Double>?

  public init(_ name: String, _ unit: Unit = .none, scale: Scale = .linear, range: ClosedRange<Double>? = nil) {
    self.name = name
    self.unit = unit
    self.scale = scale
    self.range = range
  }

  public init(stringLiteral value: String) { self.init(value) }
}
