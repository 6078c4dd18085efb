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

extension DType {
  /// Writes `number`, converted, at `address`.
  func store(_ number: Double, at address: UnsafeMutableRawPointer) {
    switch self {
    case .float32: address.storeBytes(of: Float(number), as: Float.self)
    case .float64: address.storeBytes(of: number, as: Double.self)
    case .bfloat16: address.storeBytes(of: UInt16(bfloat16: Float(number)), as: UInt16.self)
    case .int32: address.storeBytes(of: Int32(ReferenceArray.convert(number, to: .int32)), as: Int32.self)
    case .int64: address.storeBytes(of: Int64(ReferenceArray.convert(number, to: .int64)), as: Int64.self)
    case .uint8: address.storeBytes(of: UInt8(ReferenceArray.convert(number, to: .uint8)), as: UInt8.self)
    case .bool: address.storeBytes(of: number != 0 ? 1 : 0, as: UInt8.self)
    }
  }

  /// Reads the element at `address`.
  func load(_ address: UnsafeRawPointer) -> Double {
    switch self {
    case .float32: Double(address.loadUnaligned(as: Float.self))
    case .float64: address.loadUnaligned(as: Double.self)
    case .bfloat16: Double(Float(bitPattern: UInt32(address.loadUnaligned(as: UInt16.self)) << 16))
    case .int32: Double(address.loadUnaligned(as: Int32.self))
    case .int64: Double(address.loadUnaligned(as: Int64.self))
    case .uint8, .bool: Double(address.loadUnaligned(as: UInt8.self))
    }
  }
}

extension UInt16 {
  /// The bits of the bfloat16 nearest to `value`, ties to even.
  init(bfloat16 value: Float) {
    let bits = value.bitPattern
    if value.isNaN {
      self = UInt16(truncatingIfNeeded: bits >> 16) | 0x40
    } else {
      self = UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ (bits >> 16 & 1)) >> 16)
    }
  }
}
