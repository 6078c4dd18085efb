/// Something measured during a run, and when.
public struct MetricRecord: Sendable, Equatable {
  public enum Value: Sendable, Equatable {
    case scalar(Double)
    case histogram(RecordedHistogram)
    case image(RecordedImage)
    case text(String)
  }

  /// What was measured; parts separated by "/" group what belongs together.
  public let name: String
  /// The unit of a scalar, such as "nats" or "images/s"; nil for a pure number.
  public let unit: String?
  /// Steps done when it was measured.
  public let step: Int
  /// The epoch it was measured in, from 0; nil where there are none.
  public let epoch: Int?
  public let value: Value

  public init(name: String, unit: String? = nil, step: Int, epoch: Int? = nil, value: Value) {
    self.name = name
    self.unit = unit
    self.step = step
    self.epoch = epoch
    self.value = value
  }

  /// The number, where the value is one.
  public var scalar: Double? {
    guard case .scalar(let number) = value else { return nil }
    return number
  }
}

// MARK: - JSON

extension MetricRecord: Codable {
  private enum CodingKeys: String, CodingKey { case name, unit, step, epoch, value, histogram, image, text }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encodeIfPresent(unit, forKey: .unit)
    try container.encode(step, forKey: .step)
    try container.encodeIfPresent(epoch, forKey: .epoch)
    switch value {
    case .scalar(let number): try container.encode(JSONNumber(number), forKey: .value)
    case .histogram(let histogram): try container.encode(histogram, forKey: .histogram)
    case .image(let image): try container.encode(image, forKey: .image)
    case .text(let text): try container.encode(text, forKey: .text)
    }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let value: Value
    if let number = try container.decodeIfPresent(JSONNumber.self, forKey: .value) {
      value = .scalar(number.value)
    } else if let histogram = try container.decodeIfPresent(RecordedHistogram.self, forKey: .histogram) {
      value = .histogram(histogram)
    } else if let image = try container.decodeIfPresent(RecordedImage.self, forKey: .image) {
      value = .image(image)
    } else {
      value = .text(try container.decode(String.self, forKey: .text))
    }
    self.init(
      name: try container.decode(String.self, forKey: .name), unit: try container.decodeIfPresent(String.self, forKey: .unit),
      step: try container.decode(Int.self, forKey: .step), epoch: try container.decodeIfPresent(Int.self, forKey: .epoch), value: value)
  }
}

/// A number in JSON, which has no words for what is not finite: those become the texts "NaN", "Infinity" and "-Infinity", as in the JSON form of
/// protocol buffers.
struct JSONNumber: Codable, Sendable, Equatable {
  let value: Double

  init(_ value: Double) { self.value = value }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Double.self) {
      value = number
      return
    }
    switch try container.decode(String.self) {
    case "NaN": value = .nan
    case "Infinity": value = .infinity
    case "-Infinity": value = -.infinity
    case let other: throw DecodingError.dataCorruptedError(in: container, debugDescription: "\"\(other)\" is no number")
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if value.isFinite {
      try container.encode(value)
    } else {
      try container.encode(value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity")
    }
  }
}
