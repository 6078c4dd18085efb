/// An element type of the safetensors format.
public enum SafetensorsType: String, Sendable, CaseIterable, Decodable {
  case bool = "BOOL"
  case uint8 = "U8"
  case int8 = "I8"
  case float8E5M2 = "F8_E5M2"
  case float8E4M3 = "F8_E4M3"
  case int16 = "I16"
  case uint16 = "U16"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int32 = "I32"
  case uint32 = "U32"
  case float32 = "F32"
  case float64 = "F64"
  case int64 = "I64"
  case uint64 = "U64"

  init(_ dtype: DType) {
    switch dtype {
    case .float32: self = .float32
    case .float64: self = .float64
    case .bfloat16: self = .bfloat16
    case .int32: self = .int32
    case .int64: self = .int64
    case .uint8: self = .uint8
    case .bool: self = .bool
    }
  }

  public var byteCount: Int {
    switch self {
    case .bool, .uint8, .int8, .float8E5M2, .float8E4M3: 1
    case .int16, .uint16, .float16, .bfloat16: 2
    case .int32, .uint32, .float32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  /// The type elements are read as; nil where they cannot be.
  public var dtype: DType? {
    switch self {
    case .bool: .bool
    case .uint8: .uint8
    case .int8, .int16, .uint16, .int32: .int32
    case .uint32, .uint64, .int64: .int64
    case .float16, .float32: .float32
    case .bfloat16: .bfloat16
    case .float64: .float64
    case .float8E5M2, .float8E4M3: nil
    }
  }

  /// Whether the bytes in the file are those of the type they are read as. Those of a Boolean may be anything but 0 for true.
  package var isStoredAsComputed: Bool {
    switch self {
    case .uint8, .int32, .int64, .float32, .float64, .bfloat16: true
    default: false
    }
  }

  /// Converts stored elements to those of `dtype`. Returns whether all could be represented.
  package func convert(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
    func map<From, To>(_ from: From.Type, _ to: To.Type, _ convert: (From) -> To) {
      let target = target.bindMemory(to: To.self)
      for index in target.indices {
        target[index] = convert(source.loadUnaligned(fromByteOffset: index * MemoryLayout<From>.stride, as: From.self))
      }
    }
    var fits = true
    switch self {
    case .bool: map(UInt8.self, UInt8.self) { $0 == 0 ? 0 : 1 }
    case .int8: map(Int8.self, Int32.self) { Int32($0) }
    case .int16: map(Int16.self, Int32.self) { Int32($0) }
    case .uint16: map(UInt16.self, Int32.self) { Int32($0) }
    case .uint32: map(UInt32.self, Int64.self) { Int64($0) }
    case .uint64:
      map(UInt64.self, Int64.self) { value in
        if value > UInt64(Int64.max) { fits = false }
        return Int64(truncatingIfNeeded: value)
      }
    case .float16: map(UInt16.self, Float.self) { Float(Float16(bitPattern: $0)) }
    default: return false
    }
    return fits
  }
}
