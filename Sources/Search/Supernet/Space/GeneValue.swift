/// What a gene can be: a number of pixels, blocks or channels, a ratio, or the name of an operation.
public enum GeneValue: Sendable, Hashable {
  case integer(Int)
  case real(Double)
  case name(String)

  /// A whole number where it is one.
  public init(_ value: Double) { self = value == value.rounded() && abs(value) < 1e15 ? .integer(Int(value)) : .real(value) }

  /// The number; nil for a name.
  public var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .real(let value): value
    case .name: nil
    }
  }
}

extension GeneValue: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .real(value)
    } else {
      self = .name(try container.decode(String.self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .integer(let value): try container.encode(value)
    case .real(let value): try container.encode(value)
    case .name(let value): try container.encode(value)
    }
  }
}

extension GeneValue: CustomStringConvertible, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral {
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self.init(value) }
  public init(stringLiteral value: String) { self = .name(value) }

  public var description: String {
    switch self {
    case .integer(let value): String(value)
    case .real(let value): String(value)
    case .name(let value): value
    }
  }
}
