import Foundation
import Tensors

/// The formats PGM and PPM of Netpbm: P2 and P5 grey, P3 and P6 colour, comments, up to 16 bits a sample (reduced to 8).
public enum PortableAnymap {
  static func isRecognised(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 3 && bytes[0] == UInt8(ascii: "P") && [0x32, 0x33, 0x35, 0x36].contains(bytes[1])
      && (isSpace(bytes[2]) || bytes[2] == UInt8(ascii: "#"))
  }

  /// - Throws: `FileFormatError`, `FileAccessError`.
  public static func read(_ url: URL) throws -> RasterImage { try decode(try ImageFiles.contents(of: url), path: url.path) }

  /// - Parameter path: named in errors.
  /// - Throws: `FileFormatError`.
  public static func decode(_ bytes: [UInt8], path: String) throws -> RasterImage {
    var offset = 2
    func failure(_ place: Int, _ found: String, _ expected: String) -> FileFormatError {
      FileFormatError(
        path: path, at: .byte(place), found: found, expected: expected, advice: "the file is damaged; copy or convert the image again")
    }
    guard isRecognised(bytes) else {
      throw failure(0, "the bytes \(hexadecimal(bytes.prefix(3)))", "P2, P3, P5 or P6 as the first word of a PGM or PPM image")
    }
    let isText = bytes[1] < UInt8(ascii: "4")
    let channels = bytes[1] == UInt8(ascii: "2") || bytes[1] == UInt8(ascii: "5") ? 1 : 3

    func skipSpace() {
      while offset < bytes.count {
        if bytes[offset] == UInt8(ascii: "#") {
          while offset < bytes.count, bytes[offset] != UInt8(ascii: "\n") { offset += 1 }
        } else if isSpace(bytes[offset]) {
          offset += 1
        } else {
          return
        }
      }
    }
    func number(_ what: String, in range: ClosedRange<Int>) throws -> Int {
      skipSpace()
      let start = offset
      var value = 0
      while offset < bytes.count, (0x30...0x39).contains(bytes[offset]), value <= range.upperBound {
        value = value * 10 + Int(bytes[offset] - 0x30)
        offset += 1
      }
      guard offset > start, range.contains(value) else {
        throw failure(
          start,
          start == bytes.count
            ? "the end of the file" : "\"\(String(decoding: bytes[start..<min(max(offset, start + 1), bytes.count)], as: UTF8.self))\"",
          "\(what) in \(range.lowerBound) ... \(range.upperBound)")
      }
      return value
    }

    let width = try number("the width", in: 1...1 << 20)
    let height = try number("the height", in: 1...1 << 20)
    let maximum = try number("the largest sample", in: 1...65535)
    let sampleCount = width * height * channels
    // Text needs a digit a sample, and a space between two.
    let needed = isText ? 2 * sampleCount - 1 : sampleCount * (maximum > 255 ? 2 : 1)
    if !isText {
      guard offset < bytes.count, isSpace(bytes[offset]) else { throw failure(offset, "no space", "one space before the samples") }
      offset += 1
    }
    guard needed <= bytes.count - offset, width * height <= RasterImage.maximumPixelCount else {
      throw failure(offset, "\(bytes.count - offset) bytes", "at least \(needed) for \(width) x \(height) pixels of \(channels) samples")
    }
    var pixels = [UInt8](repeating: 0, count: sampleCount)
    for index in 0..<sampleCount {
      let sample: Int
      if isText {
        sample = try number("a sample", in: 0...maximum)
      } else if maximum > 255 {
        sample = Int(bytes[offset]) << 8 | Int(bytes[offset + 1])
        offset += 2
      } else {
        sample = Int(bytes[offset])
        offset += 1
      }
      guard sample <= maximum else { throw failure(offset - 1, "the sample \(sample)", "at most \(maximum)") }
      pixels[index] = UInt8((sample * 255 + maximum / 2) / maximum)
    }
    return RasterImage(height: height, width: width, channels: channels, pixels: pixels)
  }

  /// Encodes one channel as P5, three as P6.
  public static func encode(_ image: RasterImage) -> [UInt8] {
    precondition(image.channels == 1 || image.channels == 3, "PortableAnymap.encode: \(image.channels) channels, must be 1 or 3")
    return Array("P\(image.channels == 1 ? 5 : 6)\n\(image.width) \(image.height)\n255\n".utf8) + image.pixels
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}
