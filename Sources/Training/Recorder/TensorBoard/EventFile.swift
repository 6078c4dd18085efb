/// The frames of an event file: a length, its check, that many bytes, and their check (TFRecord format of tensorflow/core/lib/io/record_writer).
package enum EventFile {
  static func frame(_ payload: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(payload.count))
    return length + littleEndian(CRC32C.masked(length)) + payload + littleEndian(CRC32C.masked(payload))
  }

  /// The whole frames at the beginning of `bytes`, up to the first that is cut short or damaged.
  package static func payloads(of bytes: [UInt8]) -> [[UInt8]] {
    var payloads: [[UInt8]] = []
    var position = 0
    while bytes.count - position >= 16 {
      let length = bytes[position..<(position + 8)]
      let count = number(length)
      guard number(bytes[(position + 8)..<(position + 12)]) == UInt64(CRC32C.masked(length)), count <= UInt64(bytes.count - position - 16)
      else { break }
      let start = position + 12
      let end = start + Int(count)
      guard number(bytes[end..<(end + 4)]) == UInt64(CRC32C.masked(bytes[start..<end])) else { break }
      payloads.append(Array(bytes[start..<end]))
      position = end + 4
    }
    return payloads
  }

  private static func littleEndian(_ word: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: word.littleEndian) { Array($0) } }
  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
}
