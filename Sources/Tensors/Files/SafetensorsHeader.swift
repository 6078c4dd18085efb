import Foundation

/// The header of a safetensors file: eight bytes of length (little-endian), then that many bytes of JSON.
struct SafetensorsHeader {
  /// The format's own bound on the JSON text.
  static let maximumByteCount = 100_000_000

  private(set) var metadata: [String: String] = [:]
  private(set) var entries: [String: SafetensorsFile.Entry] = [:]
  private(set) var names: [String] = []

  init(reading file: ReadableFile) throws {
    func failure(
      _ location: FileFormatError.Location, _ found: String, _ expected: String,
      _ advice: String = "the file is damaged or no safetensors file; copy or download it again"
    ) -> FileFormatError {
      FileFormatError(path: file.path, at: location, found: found, expected: expected, advice: advice)
    }
    guard file.byteCount >= 8 else {
      throw failure(.byte(0), "\(file.byteCount) bytes", "at least the 8 bytes of a header's length")
    }
    let length = try file.bytes(at: 0, count: 8).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(file.byteCount - 8), length <= UInt64(Self.maximumByteCount) else {
      let limit = min(file.byteCount - 8, Self.maximumByteCount)
      throw failure(.byte(0), "a header of \(length) bytes", "at most \(limit) in a file of \(file.byteCount) bytes")
    }
    let text = try file.bytes(at: 8, count: Int(length))
    guard text.first == UInt8(ascii: "{"), !text.contains(0), String(validating: text, as: UTF8.self) != nil else {
      throw failure(.byte(8), "a header that is no JSON object in UTF-8", "a header that begins with \"{\"")
    }

    let header: Header
    do {
      header = try JSONDecoder().decode(Header.self, from: Data(text))
    } catch DecodingError.dataCorrupted(let context) where context.codingPath.isEmpty {
      throw failure(.byte(8), "a header that is no valid JSON", "a JSON object")
    } catch let error as DecodingError {
      throw failure(.field(error.fieldPath), error.summary, "\"dtype\", \"shape\" and \"data_offsets\" as the format has them")
    }
    let (outer, inner) = Self.keyCounts(text)
    guard outer == header.keyCount, inner == header.innerKeyCount else {
      throw failure(.byte(8), "a name that occurs twice in the header", "names that occur once")
    }
    metadata = header.metadata

    // Elements lie one after the other without gaps, so sorted offsets must meet, beginning at 0 and ending with the file.
    let dataStart = 8 + text.count
    let order = header.entries.sorted {
      ($0.value.offsets.0, $0.value.offsets.1, $0.key) < ($1.value.offsets.0, $1.value.offsets.1, $1.key)
    }
    var next = 0
    for (name, entry) in order {
      guard let storage = SafetensorsType(rawValue: entry.dtype) else {
        throw failure(
          .field(name), "the element type \(entry.dtype)", "one of \(SafetensorsType.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      guard entry.shape.count <= Shape.maximumRank else {
        throw failure(.field(name), "\(entry.shape.count) axes", "at most \(Shape.maximumRank)", "join axes before saving")
      }
      var byteCount = storage.byteCount
      for extent in entry.shape {
        let product = byteCount.multipliedReportingOverflow(by: extent)
        guard extent >= 0, !product.overflow else {
          throw failure(.field(name), "the shape \(entry.shape)", "extents >= 0 whose product fits 64 bits")
        }
        byteCount = product.partialValue
      }
      let (begin, end) = entry.offsets
      guard begin == next, end >= begin, end <= file.byteCount - dataStart else {
        throw failure(
          .field(name), "elements at \(begin) ..< \(end)", "a range that begins at \(next) and ends by \(file.byteCount - dataStart)")
      }
      guard end - begin == byteCount else {
        throw failure(.field(name), "\(end - begin) bytes of elements", "\(byteCount) for \(storage.rawValue) \(entry.shape)")
      }
      entries[name] = SafetensorsFile.Entry(
        shape: Shape(entry.shape), storage: storage, byteRange: (dataStart + begin)..<(dataStart + end))
      names.append(name)
      next = end
    }
    guard next == file.byteCount - dataStart else {
      throw failure(.byte(dataStart + next), "\(file.byteCount - dataStart - next) bytes that belong to no tensor", "the end of the file")
    }
  }

  /// The names and their values at the first two levels of a valid JSON text. A parser keeps one of equal names, silently, so they are counted.
  private static func keyCounts(_ text: [UInt8]) -> (outer: Int, inner: Int) {
    var counts = (outer: 0, inner: 0)
    var depth = 0
    var isQuoted = false
    var isEscaped = false
    for byte in text {
      if isEscaped {
        isEscaped = false
      } else if isQuoted {
        if byte == UInt8(ascii: "\\") { isEscaped = true }
        if byte == UInt8(ascii: "\"") { isQuoted = false }
      } else {
        switch byte {
        case UInt8(ascii: "\""): isQuoted = true
        case UInt8(ascii: "{"): depth += 1
        case UInt8(ascii: "}"): depth -= 1
        case UInt8(ascii: ":") where depth == 1: counts.outer += 1
        case UInt8(ascii: ":") where depth == 2: counts.inner += 1
        default: break
        }
      }
    }
    return counts
  }

  /// The bytes of a file before the elements, which are to follow in this order. Spaces at the end align them to eight bytes.
  static func encoded(_ types: [(name: String, type: TensorType)], metadata: [String: String]) throws -> [UInt8] {
    var object: [String: EncodedValue] = [:]
    if !metadata.isEmpty { object[Header.metadataName] = .metadata(metadata) }
    var offset = 0
    for (name, type) in types {
      precondition(name != Header.metadataName, "SafetensorsFile: a tensor may not be called \(name), which names the metadata")
      object[name] = .entry(
        EncodedEntry(
          dtype: SafetensorsType(type.dtype).rawValue, shape: type.shape.dimensions, data_offsets: [offset, offset + type.byteCount]))
      offset += type.byteCount
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var text = Array(try encoder.encode(object))
    while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> ($0 * 8)) } + text
  }
}

// MARK: - JSON

private struct Name: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

private struct Header: Decodable {
  static let metadataName = "__metadata__"

  struct Entry: Decodable {
    let dtype: String
    let shape: [Int]
    let offsets: (Int, Int)
    let keyCount: Int

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Name.self)
      keyCount = container.allKeys.count
      dtype = try container.decode(String.self, forKey: Name(stringValue: "dtype"))
      shape = try container.decode([Int].self, forKey: Name(stringValue: "shape"))
      let pair = try container.decode([Int].self, forKey: Name(stringValue: "data_offsets"))
      guard pair.count == 2 else {
        throw DecodingError.dataCorruptedError(
          forKey: Name(stringValue: "data_offsets"), in: container, debugDescription: "\(pair.count) offsets instead of two")
      }
      offsets = (pair[0], pair[1])
    }
  }

  var metadata: [String: String] = [:]
  var entries: [String: Entry] = [:]
  var keyCount: Int
  var innerKeyCount = 0

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    keyCount = container.allKeys.count
    for name in container.allKeys {
      if name.stringValue == Self.metadataName {
        metadata = try container.decode([String: String].self, forKey: name)
        innerKeyCount += metadata.count
      } else {
        let entry = try container.decode(Entry.self, forKey: name)
        entries[name.stringValue] = entry
        innerKeyCount += entry.keyCount
      }
    }
  }
}

private struct EncodedEntry: Encodable {
  let dtype: String
  let shape: [Int]
  let data_offsets: [Int]
}

private enum EncodedValue: Encodable {
  case metadata([String: String])
  case entry(EncodedEntry)

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .metadata(let texts): try texts.encode(to: encoder)
    case .entry(let entry): try entry.encode(to: encoder)
    }
  }
}

extension DecodingError {
  private var context: Context {
    switch self {
    case .dataCorrupted(let context), .keyNotFound(_, let context), .typeMismatch(_, let context), .valueNotFound(_, let context): context
    @unknown default: Context(codingPath: [], debugDescription: "a value of the wrong kind")
    }
  }

  /// Names from the outermost value to the one that failed.
  fileprivate var fieldPath: String { context.codingPath.map(\.stringValue).joined(separator: ".") }

  fileprivate var summary: String {
    if case .keyNotFound(let key, _) = self { return "no \"\(key.stringValue)\"" }
    return context.debugDescription
  }
}
