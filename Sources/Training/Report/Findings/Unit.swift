/// What a number counts. Any text does; the common ones have names, and bytes and seconds are written at a readable scale.
public struct Unit: Sendable, Hashable, RawRepresentable, ExpressibleByStringLiteral {
  public let rawValue: String

  public init(rawValue: String) { self.rawValue = rawValue }
  public init(stringLiteral value: String) { self.init(rawValue: value) }

  /// A number without a unit.
  public static let none: Unit = ""
  /// Hundredths: 94.1 is written "94.1 %".
  public static let percent: Unit = "%"
  public static let seconds: Unit = "s"
  public static let milliseconds: Unit = "ms"
  public static let bytes: Unit = "bytes"
}

extension Unit: Codable {
  public init(from decoder: any Decoder) throws { self.init(rawValue: try decoder.singleValueContainer().decode(String.self)) }
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(rawValue)
  }
}
