import CImageFormats
import Foundation
import Tensors

/// The PNG format through libpng: every bit depth, colour type and interlacing; palettes and transparency expanded, 16 bits reduced to 8.
public enum PNG {
  static let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

  /// - Throws: `FileFormatError`, `FileAccessError`.
  public static func read(_ url: URL) throws -> RasterImage {
    try decode(try ImageFiles.contents(of: url), path: url.path)
  }

  /// - Parameter path: named in errors.
  /// - Throws: `FileFormatError`.
  public static func decode(_ bytes: [UInt8], path: String) throws -> RasterImage {
    try ImageFiles.decode(
      bytes, path: path, format: "a PNG image",
      maximumPixels: { info in
        // The smallest pixel takes a bit, and deflate shrinks by 1032 at most.
        bytes.count.multipliedReportingOverflow(by: 8 * 1032).partialValue / Int(max(info.bit_depth, 1))
      }, readInfo: apus_png_read_info, decode: apus_png_decode)
  }

  /// Encodes as grey, grey and alpha, RGB, or RGB and alpha of 8 bits.
  public static func encode(_ image: RasterImage) -> [UInt8] {
    let colorType: Int32 = [0, 4, 2, 6][image.channels - 1]
    return encode(width: image.width, height: image.height, bitDepth: 8, colorType: colorType, rows: image.pixels)
  }

  /// Encodes packed rows in any of PNG's ways.
  /// - Parameters:
  ///   - colorType: 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
  ///   - rows: as PNG packs them, each row beginning with a byte of its own; 16-bit samples big-endian.
  ///   - palette: three bytes an entry.
  ///   - transparency: alpha of the first entries of the palette.
  package static func encode(
    width: Int, height: Int, bitDepth: Int, colorType: Int32, isInterlaced: Bool = false, rows: [UInt8], palette: [UInt8] = [],
    transparency: [UInt8] = []
  ) -> [UInt8] {
    palette.withUnsafeBufferPointer { palette in
      transparency.withUnsafeBufferPointer { transparency in
        var description = apus_png_description(
          width: UInt32(width), height: UInt32(height), bit_depth: Int32(bitDepth), color_type: colorType, is_interlaced: isInterlaced,
          palette: palette.isEmpty ? nil : palette.baseAddress, palette_count: Int32(palette.count / 3),
          transparency: transparency.isEmpty ? nil : transparency.baseAddress, transparency_count: Int32(transparency.count))
        var failure = apus_image_failure()
        var count = 0
        guard let encoded = apus_png_encode(&description, rows, &count, &failure) else {
          preconditionFailure("PNG.encode(\(width) x \(height)): \(ImageFiles.message(failure))")
        }
        defer { apus_image_free(encoded) }
        return Array(UnsafeBufferPointer(start: encoded, count: count))
      }
    }
  }

  /// Writes an image; the file appears whole or not at all.
  /// - Throws: `FileAccessError`.
  public static func write(_ image: RasterImage, to url: URL) throws { try AtomicFile.write(encode(image), to: url) }
}
