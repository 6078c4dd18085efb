import Foundation
import Tensors

/// Records of text fields after RFC 4180: fields between delimiters, in double quotes where they hold delimiters, line ends or quotes.
struct DelimitedText {
  /// A field's bytes, without its quotes.
  struct Field {
    let start: Int
    let end: Int
    /// Whether two quotes stand for one in it.
    let hasEscapes: Bool
    /// A quoted field is text even where it is empty or looks like a number.
    let isQuoted: Bool
  }

  let path: String
  /// The content, and a zero byte that ends the last number.
  private let bytes: [UInt8]
  /// Row by row.
  private(set) var fields: [Field] = []
  private(set) var columnCount = 0
  /// The line on which each row begins, counted from 1.
  private(set) var lines: [Int] = []

  var rowCount: Int { lines.count }

  /// - Throws: `FileFormatError` for an unclosed quote, text after a quote, a row with another number of fields than the first, or bytes that
  ///   are no UTF-8.
  init(_ content: [UInt8], path: String, delimiter: UInt8) throws {
    self.path = path
    bytes = content + [0]
    let count = content.count
    var offset = content.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    var line = 1
    if let place = firstInvalidUTF8(content) ?? content.firstIndex(of: 0) {
      let line = content[..<place].reduce(1) { $0 + ($1 == 0x0a ? 1 : 0) }
      throw FileFormatError(
        path: path, at: .line(line), found: "the byte \(hexadecimal([content[place]])) at \(place), which is no text in UTF-8",
        expected: "UTF-8 text",
        advice: "save the file as UTF-8, or copy it again")
    }

    while offset < count {
      let rowLine = line
      let rowStart = fields.count
      var isRowOpen = true
      while isRowOpen {
        var isQuoted = false
        var hasEscapes = false
        var start = offset
        var end = offset
        if offset < count, bytes[offset] == 0x22 {
          isQuoted = true
          offset += 1
          start = offset
          let quoteLine = line
          while true {
            guard offset < count else {
              throw FileFormatError(
                path: path, at: .line(quoteLine), found: "a quote that is not closed", expected: "a closing quote",
                advice: "the file is cut short, or a quote within a field is not doubled")
            }
            if bytes[offset] == 0x22 {
              guard bytes[offset + 1] == 0x22 else { break }
              hasEscapes = true
              offset += 1
            } else if bytes[offset] == 0x0a {
              line += 1
            }
            offset += 1
          }
          end = offset
          offset += 1
          guard offset == count || bytes[offset] == delimiter || bytes[offset] == 0x0a || bytes[offset] == 0x0d else {
            throw FileFormatError(
              path: path, at: .line(line), found: "text after a closing quote", expected: "a delimiter or the end of the line",
              advice: "double the quotes within a field")
          }
        } else {
          while offset < count, bytes[offset] != delimiter, bytes[offset] != 0x0a { offset += 1 }
          end = offset
          // A carriage return belongs to the line end.
          if (offset == count || bytes[offset] == 0x0a), end > start, bytes[end - 1] == 0x0d { end -= 1 }
        }
        fields.append(Field(start: start, end: end, hasEscapes: hasEscapes, isQuoted: isQuoted))
        if offset < count, bytes[offset] == 0x0d { offset += 1 }
        if offset < count, bytes[offset] == delimiter {
          offset += 1
        } else {
          isRowOpen = false
          if offset < count {
            guard bytes[offset] == 0x0a else {
              throw FileFormatError(path: path, at: .line(line), found: "a carriage return within a line", expected: "a line end")
            }
            offset += 1
            line += 1
          }
        }
      }
      let width = fields.count - rowStart
      if width == 1, fields[rowStart].start == fields[rowStart].end, !fields[rowStart].isQuoted {
        // An empty line is no row.
        fields.removeLast()
        continue
      }
      if lines.isEmpty { columnCount = width }
      guard width == columnCount else {
        throw FileFormatError(
          path: path, at: .line(rowLine), found: "\(width) fields", expected: "\(columnCount), as on line \(lines[0])",
          advice: "check the delimiter and the quotes of that line")
      }
      lines.append(rowLine)
    }
  }

  func field(_ row: Int, _ column: Int) -> Field { fields[row * columnCount + column] }

  func text(_ field: Field) -> String {
    let raw = String(decoding: bytes[field.start..<field.end], as: UTF8.self)
    return field.hasEscapes ? raw.replacingOccurrences(of: "\"\"", with: "\"") : raw
  }

  /// The number that a field is, spaces around it aside; nil where it is none. Infinity and hexadecimal digits are no numbers here.
  func number(_ field: Field) -> Double? {
    var (start, end) = (field.start, field.end)
    while start < end, bytes[start] == 0x20 { start += 1 }
    while end > start, bytes[end - 1] == 0x20 { end -= 1 }
    guard start < end, end - start < 400, !field.hasEscapes else { return nil }
    for byte in bytes[start..<end] {
      switch byte {
      case 0x30...0x39, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): continue
      default: return nil
      }
    }
    return bytes.withUnsafeBytes { buffer -> Double? in
      let text = buffer.baseAddress!.assumingMemoryBound(to: CChar.self) + start
      var stop: UnsafeMutablePointer<CChar>?
      let value = strtod(text, &stop)
      return stop.map { UnsafePointer($0) } == text + (end - start) && value.isFinite ? value : nil
    }
  }
}
