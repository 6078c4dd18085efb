/// The wire format of protocol buffers, as far as event files need it: numbered fields, each with a kind and a value.
struct ProtocolBuffer {
  private(set) var bytes: [UInt8] = []

  private enum Kind: UInt64 {
    case varint = 0
    case fixed64 = 1
    case delimited = 2
    case fixed32 = 5
  }

  private mutating func appendVarint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func appendKey(_ field: UInt64, _ kind: Kind) { appendVarint(field << 3 | kind.rawValue) }

  private mutating func appendFixed(_ word: some FixedWidthInteger) {
    withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ field: UInt64, integer: Int) {
    appendKey(field, .varint)
    appendVarint(UInt64(bitPattern: Int64(integer)))
  }

  mutating func append(_ field: UInt64, double: Double) {
    appendKey(field, .fixed64)
    appendFixed(double.bitPattern)
  }

  mutating func append(_ field: UInt64, float: Float) {
    appendKey(field, .fixed32)
    appendFixed(float.bitPattern)
  }

  mutating func append(_ field: UInt64, data: [UInt8]) {
    appendKey(field, .delimited)
    appendVarint(UInt64(data.count))
    bytes += data
  }

  mutating func append(_ field: UInt64, doubles: [Double]) {
    appendKey(field, .delimited)
    appendVarint(UInt64(doubles.count * 8))
    for double in doubles { appendFixed(double.bitPattern) }
  }

  mutating func append(_ field: UInt64, text: String) { append(field, data: Array(text.utf8)) }
  mutating func append(_ field: UInt64, message: ProtocolBuffer) { append(field, data: message.bytes) }

  /// The fields of an encoded message; the first of equal numbers counts.
  struct Fields {
    private var integers: [UInt64: UInt64] = [:]
    private var parts: [UInt64: [UInt8]] = [:]

    init(_ message: some Collection<UInt8>) {
      let bytes = Array(message)
      var position = 0
      func varint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: 0 as UInt64, to: 64, by: 7) {
          guard position < bytes.count else { return nil }
          let byte = bytes[position]
          position += 1
          value |= UInt64(byte & 0x7f) << shift
          if byte < 0x80 { return value }
        }
        return nil
      }
      while let key = varint(), let kind = Kind(rawValue: key & 7) {
        switch kind {
        case .varint:
          guard let value = varint() else { return }
          if integers[key >> 3] == nil { integers[key >> 3] = value }
        case .fixed64: position += 8
        case .fixed32: position += 4
        case .delimited:
          guard let count = varint(), count <= UInt64(bytes.count - position) else { return }
          if parts[key >> 3] == nil { parts[key >> 3] = Array(bytes[position..<(position + Int(count))]) }
          position += Int(count)
        }
      }
    }

    func integer(_ field: UInt64) -> UInt64? { integers[field] }
    func data(_ field: UInt64) -> [UInt8]? { parts[field] }
  }
}
