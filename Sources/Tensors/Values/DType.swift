/// Element type of a tensor, held at run time. Raw values are those of `apus_dtype` in the C kernels.
public enum DType: UInt8, Sendable, Hashable, CaseIterable, Codable {
  case float32 = 0
  case float64 = 1
  /// Storage only: arithmetic happens in `float32`.
  case bfloat16 = 2
  case int32 = 3
  case int64 = 4
  case uint8 = 5
  case bool = 6

  public var byteCount: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .bfloat16: 2
    case .uint8, .bool: 1
    }
  }

  public var isFloatingPoint: Bool { self == .float32 || self == .float64 || self == .bfloat16 }
  public var isInteger: Bool { self == .int32 || self == .int64 || self == .uint8 }

  /// The type both operands of a mixed expression are converted to: the wider kind, then the wider size.
  func promoted(with other: DType) -> DType {
    if self == other { return self }
    return Self.promotionOrder(self) > Self.promotionOrder(other) ? self : other
  }

  private static func promotionOrder(_ type: DType) -> Int {
    switch type {
    case .bool: 0
    case .uint8: 1
    case .int32: 2
    case .int64: 3
    case .bfloat16: 4
    case .float32: 5
    case .float64: 6
    }
  }
}

extension DType: CustomStringConvertible {
  public var description: String {
    switch self {
    case .float32: "float32"
    case .float64: "float64"
    case .bfloat16: "bfloat16"
    case .int32: "int32"
    case .int64: "int64"
    case .uint8: "uint8"
    case .bool: "bool"
    }
  }
}

/// A Swift type that a tensor's elements can be read as or written from.
public protocol TensorScalar: Sendable {
  static var dtype: DType { get }
  init(tensorValue: Double)
  var tensorValue: Double { get }
}

extension Float: TensorScalar {
  public static var dtype: DType { .float32 }
  public init(tensorValue: Double) { self = Float(tensorValue) }
  public var tensorValue: Double { Double(self) }
}
extension Double: TensorScalar {
  public static var dtype: DType { .float64 }
  public init(tensorValue: Double) { self = tensorValue }
  public var tensorValue: Double { self }
}
extension Int32: TensorScalar {
  public static var dtype: DType { .int32 }
  public init(tensorValue: Double) { self = Int32(tensorValue) }
  public var tensorValue: Double { Double(self) }
}
extension Int64: TensorScalar {
  public static var dtype: DType { .int64 }
  public init(tensorValue: Double) { self = Int64(tensorValue) }
  public var tensorValue: Double { Double(self) }
}
extension Int: TensorScalar {
  public static var dtype: DType { .int64 }
  public init(tensorValue: Double) { self = Int(tensorValue) }
  public var tensorValue: Double { Double(self) }
}
extension UInt8: TensorScalar {
  public static var dtype: DType { .uint8 }
  public init(tensorValue: Double) { self = UInt8(tensorValue) }
  public var tensorValue: Double { Double(self) }
}
extension Bool: TensorScalar {
  public static var dtype: DType { .bool }
  public init(tensorValue: Double) { self = tensorValue != 0 }
  public var tensorValue: Double { self ? 1 : 0 }
}
