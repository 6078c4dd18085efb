import Foundation
import Tensors

/// The header of an NPY array: a Python dictionary of the element type, the memory order and the shape.
struct NumPyHeader {
  /// An element type, by NumPy's letter and width.
  enum ElementType: String, CaseIterable {
    case bool = "b1"
    case uint8 = "u1"
    case int8 = "i1"
    case int16 = "i2"
    case uint16 = "u2"
    case float16 = "f2"
    case int32 = "i4"
    case uint32 = "u4"
    case float32 = "f4"
    case int64 = "i8"
    case uint64 = "u8"
    case float64 = "f8"

    var byteCount: Int { rawValue.last!.wholeNumberValue! }

    /// The same type as safetensors has it, which knows how to convert.
    private var counterpart: SafetensorsType {
      switch self {
      case .bool: .bool
      case .uint8: .uint8
      case .int8: .int8
      case .int16: .int16
      case .uint16: .uint16
      case .float16: .float16
      case .int32: .int32
      case .uint32: .uint32
      case .float32: .float32
      case .int64: .int64
      case .uint64: .uint64
      case .float64: .float64
      }
    }

    var dtype: DType { counterpart.dtype! }
    var isStoredAsComputed: Bool { counterpart.isStoredAsComputed }

    /// Converts little-endian elements. Returns whether all could be represented.
    func convert(_ source: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer) -> Bool {
      if isStoredAsComputed {
        target.copyMemory(from: source)
        return true
      }
      return counterpart.convert(source, into: target)
    }
  }

  let type: ElementType
  let isBigEndian: Bool
  let isFortranOrder: Bool
  let shape: [Int]

  init(_ text: [UInt8], reader: ByteReader, offset: Int) throws {
    var parser = Parser(text: text)
    func failure(_ found: String, _ expected: String, _ advice: String = "the file is damaged; copy it again") -> FileFormatError {
      reader.failure(at: offset + parser.place, found: found, expected: expected, advice: advice)
    }
    func unexpected(_ expected: String) -> FileFormatError { failure(parser.excerpt, expected) }
    var descr: String?
    var order: Bool?
    var extents: [Int]?
    guard parser.take("{") else { throw unexpected("a dictionary, which begins with {") }
    while !parser.take("}") {
      guard let key = parser.string(), parser.take(":") else { throw unexpected("a key in quotes and a colon") }
      switch key {
      case "descr":
        guard let value = parser.string() else {
          throw failure(
            parser.excerpt, "one element type, such as '<f4'",
            "arrays of records and objects are not read; save plain arrays of numbers")
        }
        descr = value
      case "fortran_order":
        if parser.take("True") { order = true } else if parser.take("False") { order = false } else { throw unexpected("True or False") }
      case "shape":
        guard parser.take("(") else { throw unexpected("a shape in parentheses") }
        var shape: [Int] = []
        while !parser.take(")") {
          guard let extent = parser.integer() else { throw unexpected("an extent of 0 ... 2^62") }
          shape.append(extent)
          guard shape.count <= Shape.maximumRank else {
            throw failure("more than \(Shape.maximumRank) axes", "at most \(Shape.maximumRank)", "join axes before saving")
          }
          if !parser.take(",") {
            guard parser.take(")") else { throw unexpected("a comma or the end of the shape") }
            break
          }
        }
        extents = shape
      default: throw failure("the key '\(key)'", "the keys 'descr', 'fortran_order' and 'shape'")
      }
      if !parser.take(",") {
        guard parser.take("}") else { throw unexpected("a comma or the end of the dictionary") }
        break
      }
    }
    guard parser.isAtEnd else { throw unexpected("nothing after the dictionary") }
    guard let descr, let order, let extents else {
      throw failure("a header that lacks a key", "the keys 'descr', 'fortran_order' and 'shape'")
    }
    let letter = descr.first.map(String.init) ?? ""
    guard ["<", ">", "|", "="].contains(letter), let type = ElementType(rawValue: String(descr.dropFirst())) else {
      throw failure(
        "the element type '\(descr)'", "one of \(ElementType.allCases.map(\.rawValue).joined(separator: ", ")) after <, > or |",
        "convert the array to a plain number type before saving")
    }
    self.type = type
    isBigEndian = letter == ">"
    isFortranOrder = order
    shape = extents
  }
}

/// Reads the few Python literals that occur.
private struct Parser {
  let text: [UInt8]
  var place = 0

  private mutating func skipSpace() {
    while place < text.count, text[place] == 0x20 || text[place] == 0x0a || text[place] == 0x09 || text[place] == 0x0d { place += 1 }
  }

  var isAtEnd: Bool {
    mutating get {
      skipSpace()
      return place == text.count
    }
  }

  var excerpt: String {
    place < text.count ? "\"\(String(decoding: text[place..<min(place + 16, text.count)], as: UTF8.self))\"" : "the end of the header"
  }

  mutating func take(_ token: String) -> Bool {
    skipSpace()
    guard text[place...].starts(with: token.utf8) else { return false }
    place += token.utf8.count
    return true
  }

  mutating func string() -> String? {
    skipSpace()
    guard place < text.count, text[place] == 0x27 || text[place] == 0x22 else { return nil }
    guard let end = text[(place + 1)...].firstIndex(of: text[place]) else { return nil }
    defer { place = end + 1 }
    return String(decoding: text[(place + 1)..<end], as: UTF8.self)
  }

  mutating func integer() -> Int? {
    skipSpace()
    let start = place
    var value = 0
    while place < text.count, (0x30...0x39).contains(text[place]) {
      guard value < 1 << 58 else { return nil }
      value = value * 10 + Int(text[place] - 0x30)
      place += 1
    }
    // Python 2 wrote long integers with an L.
    if place > start, place < text.count, text[place] == 0x4c { place += 1 }
    return place > start && value <= 1 << 62 ? value : nil
  }
}
