import Foundation
import Tensors

/// Arrays in NumPy's formats: NPY holds one, NPZ (a zip archive) several by name.
public enum NumPy {
  /// Reads an NPY file. Types the engine lacks are converted: float16 to float32, int8, int16 and uint16 to int32, uint32 and uint64 to int64.
  /// Both byte orders and both memory orders are read.
  /// - Throws: `FileFormatError`, `FileAccessError`.
  public static func read(_ url: URL) throws -> Tensor { try decode(ByteReader(url)) }

  /// Reads every array of an NPZ file, by name.
  /// - Throws: `FileFormatError`, `FileAccessError`.
  public static func readArchive(_ url: URL) throws -> [String: Tensor] {
    let archive = try ZipArchive(url)
    var arrays: [String: Tensor] = [:]
    for entry in archive.entries {
      guard entry.name.hasSuffix(".npy") else {
        throw FileFormatError(
          path: url.path, at: .field(entry.name), found: "an entry that is no array",
          expected: "entries ending in .npy", advice: "this is no NPZ file")
      }
      let name = String(entry.name.dropLast(4))
      guard arrays[name] == nil else {
        throw FileFormatError(path: url.path, at: .field(name), found: "the array \"\(name)\" twice", expected: "names that occur once")
      }
      arrays[name] = try decode(ByteReader(try archive.contents(of: entry), path: "\(url.path)[\(name)]"))
    }
    return arrays
  }

  /// Writes an NPY file (version 1.0). bfloat16 becomes float32, which NumPy has.
  /// - Throws: `FileAccessError`.
  public static func write(_ tensor: Tensor, to url: URL) throws { try AtomicFile.write(encode(tensor), to: url) }

  /// Writes an NPZ file. Equal arrays give equal files: no time of writing is stored.
  /// - Throws: `FileAccessError`.
  public static func writeArchive(_ arrays: [String: Tensor], compressed: Bool = true, to url: URL) throws {
    let entries = arrays.sorted { $0.key < $1.key }.map { ("\($0.key).npy", encode($0.value)) }
    try ZipArchive.write(entries, compressed: compressed, to: url)
  }

  // MARK: - Format

  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// Longer headers describe arrays of records, which are not read.
  private static let maximumHeaderBytes = 1 << 16

  static func isRecognised(_ bytes: some Collection<UInt8>) -> Bool { bytes.starts(with: magic) }

  static func decode(_ reader: ByteReader) throws -> Tensor {
    let start = try reader.bytes(8, of: "the NPY magic number and version")
    guard isRecognised(start) else {
      throw reader.failure(
        at: 0, found: "the bytes \(hexadecimal(start.prefix(6)))", expected: "\(hexadecimal(magic)), with which an NPY array begins",
        advice: "this is no NPY array, or it is damaged")
    }
    guard (1...3).contains(start[6]) else { throw reader.failure(at: 6, found: "version \(start[6])", expected: "version 1, 2 or 3") }
    let lengthBytes = try reader.bytes(start[6] == 1 ? 2 : 4, of: "the length of the NPY header")
    let length = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= maximumHeaderBytes else {
      throw reader.failure(at: 8, found: "a header of \(length) bytes", expected: "at most \(maximumHeaderBytes)")
    }
    let text = try reader.bytes(length, of: "the NPY header")
    let header = try NumPyHeader(text, reader: reader, offset: 8 + lengthBytes.count)

    var byteCount = header.type.byteCount
    for extent in header.shape {
      let product = byteCount.multipliedReportingOverflow(by: extent)
      guard !product.overflow else {
        throw reader.failure(at: 8, found: "the shape \(header.shape)", expected: "a shape that fits 64 bits")
      }
      byteCount = product.partialValue
    }
    let shape = Shape(header.shape)
    func content() -> String { "\(shape) elements of \(header.type.byteCount) bytes" }
    try reader.requireRoom(byteCount, of: content())
    // The first index varies fastest in Fortran's order: the array lies there with its axes reversed.
    let stored = header.isFortranOrder ? Shape(header.shape.reversed()) : shape
    var bytes: [UInt8] = []
    var tensor: Tensor
    if header.isBigEndian || !header.type.isStoredAsComputed {
      bytes = try reader.bytes(byteCount, of: content())
      if header.isBigEndian { swapBytes(&bytes, width: header.type.byteCount) }
      var fits = true
      tensor = Tensor(shape: stored, dtype: header.type.dtype) { target in
        fits = bytes.withUnsafeBytes { header.type.convert($0, into: target) }
      }
      guard fits else { throw reader.failure(found: "an integer above \(Int64.max)", expected: "integers that fit int64", advice: "") }
    } else {
      tensor = try Tensor(shape: stored, dtype: header.type.dtype) { try reader.read(into: $0, of: content()) }
    }
    try reader.requireEnd(after: content())
    if header.isFortranOrder && shape.rank > 1 {
      tensor = tensor.transposed(permutation: Array((0..<shape.rank).reversed()))
      evaluate(tensor)
    }
    return tensor
  }

  private static func swapBytes(_ bytes: inout [UInt8], width: Int) {
    guard width > 1 else { return }
    for start in stride(from: 0, to: bytes.count, by: width) { bytes[start..<start + width].reverse() }
  }

  static func encode(_ tensor: Tensor) -> [UInt8] {
    let tensor = tensor.dtype == .bfloat16 ? tensor.cast(to: .float32) : tensor
    let type =
      switch tensor.dtype {
      case .float32, .bfloat16: "<f4"
      case .float64: "<f8"
      case .int32: "<i4"
      case .int64: "<i8"
      case .uint8: "|u1"
      case .bool: "|b1"
      }
    let extents = tensor.shape.map(String.init).joined(separator: ", ") + (tensor.rank == 1 ? "," : "")
    var text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(extents)), }"
    // NumPy aligns the elements to 64 bytes.
    while (10 + text.utf8.count + 1) % 64 != 0 { text += " " }
    text += "\n"
    let length = text.utf8.count
    var bytes = magic + [1, 0, UInt8(length & 0xff), UInt8(length >> 8)] + Array(text.utf8)
    tensor.withBytes { bytes.append(contentsOf: $0) }
    return bytes
  }
}
