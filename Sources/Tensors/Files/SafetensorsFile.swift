import Foundation

/// Named tensors in a file of the safetensors format (huggingface/safetensors): a length, a JSON header, and the elements.
///
/// The header is read and checked once; elements are read when a tensor is asked for.
///
///     let file = try SafetensorsFile(reading: url)
///     let weight = try file.tensor(named: "blocks.0.weight")
///     try SafetensorsFile.write(["weight": weight], metadata: ["epoch": "3"], to: url)
public struct SafetensorsFile: Sendable {
  /// Where a tensor lies and how its elements are stored.
  public struct Entry: Sendable, Hashable {
    public let shape: Shape
    /// The type stored in the file.
    public let storage: SafetensorsType
    /// Of the elements within the file.
    let byteRange: Range<Int>
  }

  public let url: URL
  /// The header's free-form texts.
  public let metadata: [String: String]
  /// The names of the tensors, in the order in which they lie in the file.
  public let names: [String]
  private let entries: [String: Entry]
  private let file: ReadableFile

  /// Opens a file and checks its header against the size of the file.
  /// - Throws: `FileAccessError`; `FileFormatError` for a file that is truncated, whose header does not parse, repeats a name or disagrees with itself.
  public init(reading url: URL) throws {
    self.url = url
    file = try ReadableFile(url)
    let header = try SafetensorsHeader(reading: file)
    metadata = header.metadata
    entries = header.entries
    names = header.names
  }

  /// The entry of a name; nil where the file has none.
  public subscript(name: String) -> Entry? { entries[name] }

  /// Reads one tensor. Types the engine does not compute with are converted: F16 to float32, I8, I16 and U16 to int32, U32 and U64 to int64.
  /// - Throws: `FileFormatError` where there is no such tensor or it cannot be represented; `FileAccessError`.
  public func tensor(named name: String) throws -> Tensor {
    guard let entry = entries[name] else {
      throw FileFormatError(
        path: url.path, at: .field(name), found: "no tensor of this name", expected: "one of \(names.joined(separator: ", "))")
    }
    guard let dtype = entry.storage.dtype else {
      throw FileFormatError(
        path: url.path, at: .field(name), found: "elements of type \(entry.storage.rawValue)",
        expected: "one of " + SafetensorsType.allCases.filter { $0.dtype != nil }.map(\.rawValue).joined(separator: ", "),
        advice: "convert the tensor to F32 or BF16 before saving")
    }
    let type = TensorType(entry.shape, dtype)
    let buffer = Buffer(byteCount: type.byteCount)
    let target = UnsafeMutableRawBufferPointer(start: buffer.pointer, count: type.byteCount)
    if entry.storage.isStoredAsComputed {
      try file.read(into: target, at: entry.byteRange.lowerBound)
    } else {
      let stored = try file.bytes(at: entry.byteRange.lowerBound, count: entry.byteRange.count)
      guard stored.withUnsafeBytes({ entry.storage.convert($0, into: target) }) else {
        throw FileFormatError(
          path: url.path, at: .field(name), found: "an integer above \(Int64.max)", expected: "integers that fit int64")
      }
    }
    return Tensor(buffer: buffer, type: type)
  }

  /// Reads every tensor.
  public func tensors() throws -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for name in names { result[name] = try tensor(named: name) }
    return result
  }

  /// Writes tensors, computing them first, under their names. The file appears whole or not at all.
  /// - Throws: `FileAccessError`.
  public static func write(_ tensors: [String: Tensor], metadata: [String: String] = [:], to url: URL) throws {
    evaluate(Array(tensors.values))
    // Wide elements first, so that every tensor is aligned to its element.
    let order = tensors.sorted { ($1.value.dtype.byteCount, $0.key) < ($0.value.dtype.byteCount, $1.key) }
    let header = try SafetensorsHeader.encoded(order.map { ($0.key, $0.value.type) }, metadata: metadata)
    try AtomicFile.write(to: url) { writer in
      try writer.write(header)
      for (_, tensor) in order { try tensor.withBytes { try writer.write($0) } }
    }
  }
}
