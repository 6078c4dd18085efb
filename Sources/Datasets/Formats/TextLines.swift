import Foundation
import Tensors

/// Plain text, line by line. Gzip is unpacked on the way.
public enum TextLines {
  /// The lines without their ends; a last empty one does not count.
  /// - Throws: `FileFormatError` for bytes that are no UTF-8; `FileAccessError`.
  public static func read(_ url: URL) throws -> [String] {
    var lines = try contents(of: url).split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" })
      .map(String.init)
    if lines.last == "" { lines.removeLast() }
    return lines
  }

  /// The whole text.
  /// - Throws: `FileFormatError` for bytes that are no UTF-8; `FileAccessError`.
  public static func contents(of url: URL) throws -> String {
    let bytes = try ByteReader.contents(of: url)
    if let place = firstInvalidUTF8(bytes) {
      throw FileFormatError(
        path: url.path, at: .byte(place), found: "the byte \(hexadecimal([bytes[place]])), which is no text in UTF-8",
        expected: "UTF-8 text",
        advice: "save the file as UTF-8, or copy it again")
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
