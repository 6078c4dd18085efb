import CImageFormats
import Foundation
import Tensors

/// The JPEG format through libjpeg: grey and colour, baseline and progressive.
public enum JPEG {
  static let signature: [UInt8] = [0xff, 0xd8, 0xff]

  /// - Throws: `FileFormatError`, `FileAccessError`.
  public static func read(_ url: URL) throws -> RasterImage {
    try decode(try ImageFiles.contents(of: url), path: url.path)
  }

  /// - Parameter path: named in errors.
  /// - Throws: `FileFormatError`.
  public static func decode(_ bytes: [UInt8], path: String) throws -> RasterImage {
    // A block of 8 x 8 pixels, subsampled by four at most each way, takes two bits at least.
    try ImageFiles.decode(
      bytes, path: path, format: "a JPEG image",
      maximumPixels: { _ in bytes.count.multipliedReportingOverflow(by: 4 * 16 * 64).partialValue },
      readInfo: apus_jpeg_read_info, decode: apus_jpeg_decode)
  }

  /// - Parameters:
  ///   - image: of 1 or 3 channels.
  ///   - quality: in 1 ... 100.
  public static func encode(_ image: RasterImage, quality: Int = 90) -> [UInt8] {
    precondition(image.channels == 1 || image.channels == 3, "JPEG.encode: \(image.channels) channels, must be 1 or 3")
    precondition((1...100).contains(quality), "JPEG.encode: quality \(quality) must be in 1 ... 100")
    var failure = apus_image_failure()
    var count = 0
    guard
      let encoded = apus_jpeg_encode(
        image.pixels, UInt32(image.width), UInt32(image.height), Int32(image.channels), Int32(quality), &count, &failure)
    else { preconditionFailure("JPEG.encode(\(image.width) x \(image.height)): \(ImageFiles.message(failure))") }
    defer { apus_image_free(encoded) }
    return Array(UnsafeBufferPointer(start: encoded, count: count))
  }
}
