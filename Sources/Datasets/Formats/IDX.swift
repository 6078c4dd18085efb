import Foundation
import Tensors

/// The IDX format of MNIST and its relatives: a big-endian header (two zero bytes, element type, rank, extents) and the elements.
/// Gzip is unpacked on the way.
public enum IDX {
  private enum ElementType: UInt8, CaseIterable {
    case uint8 = 0x08
    case int8 = 0x09
    case int16 = 0x0b
    case int32 = 0x0c
    case float32 = 0x0d
    case float64 = 0x0e

    var byteCount: Int {
      switch self {
      case .uint8, .int8: 1
      case .int16: 2
      case .int32, .float32: 4
      case .float64: 8
      }
    }
  }

  /// Reads one tensor. The types int8 and int16, which the engine lacks, become int32.
  /// - Throws: `FileFormatError`, `FileAccessError`.
  public static func read(_ url: URL) throws -> Tensor {
    let reader = try ByteReader(url)
    let magic = try reader.bytes(4, of: "the IDX magic number")
    guard magic[0] == 0, magic[1] == 0, let type = ElementType(rawValue: magic[2]) else {
      throw reader.failure(
        at: 0, found: "the bytes \(hexadecimal(magic))",
        expected: "an IDX magic number: 00 00, a type of 08, 09, 0b, 0c, 0d or 0e, the rank",
        advice: "this is no IDX file, or it is damaged")
    }
    let rank = Int(magic[3])
    guard rank >= 1, rank <= Shape.maximumRank else {
      throw reader.failure(at: 3, found: "rank \(rank)", expected: "a rank of 1 ... \(Shape.maximumRank)")
    }
    let header = try reader.bytes(4 * rank, of: "the IDX extents")
    let extents = (0..<rank).map { axis in header[4 * axis..<4 * axis + 4].reduce(0) { $0 << 8 | Int($1) } }
    var byteCount = type.byteCount
    for extent in extents {
      let product = byteCount.multipliedReportingOverflow(by: extent)
      guard !product.overflow else {
        throw reader.failure(at: 4, found: "the extents \(describe(extents))", expected: "fewer than 2^63 bytes of elements")
      }
      byteCount = product.partialValue
    }
    func content() -> String { "\(describe(extents)) elements of \(type.byteCount) bytes" }
    try reader.requireRoom(byteCount, of: content())
    let tensor: Tensor
    switch type {
    case .uint8:
      tensor = try Tensor(shape: Shape(extents), dtype: .uint8) { try reader.read(into: $0, of: content()) }
    case .int8:
      tensor = Tensor(try reader.bytes(byteCount, of: content()).map { Int32(Int8(bitPattern: $0)) }, shape: Shape(extents))
    case .int16:
      tensor = Tensor(try words(reader, byteCount, content(), UInt16.self).map { Int32(Int16(bitPattern: $0)) }, shape: Shape(extents))
    case .int32:
      tensor = Tensor(try words(reader, byteCount, content(), UInt32.self).map { Int32(bitPattern: $0) }, shape: Shape(extents))
    case .float32:
      tensor = Tensor(try words(reader, byteCount, content(), UInt32.self).map { Float(bitPattern: $0) }, shape: Shape(extents))
    case .float64:
      tensor = Tensor(try words(reader, byteCount, content(), UInt64.self).map { Double(bitPattern: $0) }, shape: Shape(extents))
    }
    try reader.requireEnd(after: content())
    return tensor
  }

  /// Writes a tensor of uint8, int32, float32 or float64; packs it when the path ends in ".gz".
  /// - Throws: `FileAccessError`.
  public static func write(_ tensor: Tensor, to url: URL) throws {
    let type: ElementType
    var elements: [UInt8] = []
    func append<Word: FixedWidthInteger>(_ words: [Word]) {
      elements.reserveCapacity(words.count * MemoryLayout<Word>.size)
      for word in words { withUnsafeBytes(of: word.bigEndian) { elements.append(contentsOf: $0) } }
    }
    switch tensor.dtype {
    case .uint8:
      type = .uint8
      elements = tensor.array()
    case .int32:
      type = .int32
      append(tensor.array(of: Int32.self))
    case .float32:
      type = .float32
      append(tensor.array(of: Float.self).map(\.bitPattern))
    case .float64:
      type = .float64
      append(tensor.array(of: Double.self).map(\.bitPattern))
    default: preconditionFailure("IDX.write: \(tensor.dtype) has no IDX type; cast to uint8, int32, float32 or float64")
    }
    precondition(
      tensor.shape.allSatisfy { $0 <= UInt32.max } && tensor.rank >= 1, "IDX.write: the shape \(tensor.shape) does not fit 32-bit extents")
    var bytes: [UInt8] = [0, 0, type.rawValue, UInt8(tensor.rank)]
    for extent in tensor.shape { withUnsafeBytes(of: UInt32(extent).bigEndian) { bytes.append(contentsOf: $0) } }
    bytes += elements
    try AtomicFile.write(url.pathExtension == "gz" ? Gzip.compressed(bytes) : bytes, to: url)
  }

  private static func words<Word: FixedWidthInteger>(
    _ reader: ByteReader, _ byteCount: Int, _ content: @autoclosure () -> String, _ type: Word.Type
  ) throws -> [Word] {
    let bytes = try reader.bytes(byteCount, of: content())
    return bytes.withUnsafeBytes { source in
      (0..<byteCount / MemoryLayout<Word>.size).map {
        Word(bigEndian: source.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Word>.size, as: Word.self))
      }
    }
  }

  private static func describe(_ extents: [Int]) -> String { extents.map(String.init).joined(separator: " x ") }
}

/// Bytes as pairs of hexadecimal digits.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}
