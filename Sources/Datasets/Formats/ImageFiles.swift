import CImageFormats
import Foundation
import Tensors

/// Reads an image file of any of the known formats, told by its first bytes.
public enum ImageFiles {
  /// Extensions of files that are taken for images.
  public static let extensions: Set<String> = ["png", "jpg", "jpeg", "pgm", "ppm", "pnm"]

  /// The files of a folder that are named as images, in the order of their names.
  /// - Throws: `FileAccessError`.
  public static func pictures(in folder: URL) throws -> [URL] { try ImageFolder.visibleFiles(of: folder).filter(isNamedAsImage) }

  static func isNamedAsImage(_ url: URL) -> Bool { extensions.contains(url.pathExtension.lowercased()) }

  /// - Throws: `FileFormatError`, `FileAccessError`.
  public static func read(_ url: URL) throws -> RasterImage {
    let bytes = try contents(of: url)
    if bytes.starts(with: PNG.signature) { return try PNG.decode(bytes, path: url.path) }
    if bytes.starts(with: JPEG.signature) { return try JPEG.decode(bytes, path: url.path) }
    if PortableAnymap.isRecognised(bytes) { return try PortableAnymap.decode(bytes, path: url.path) }
    throw FileFormatError(
      path: url.path, at: .byte(0), found: bytes.isEmpty ? "an empty file" : "the bytes \(hexadecimal(bytes.prefix(8)))",
      expected: "an image in PNG, JPEG, PGM or PPM format", advice: "convert the image to PNG, or remove the file")
  }

  /// A file beyond this is no training image.
  static func contents(of url: URL) throws -> [UInt8] { try ByteReader.contents(of: url, limit: 1 << 30) }

  typealias InfoReader = (
    UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<apus_image_info>?, UnsafeMutablePointer<apus_image_failure>?
  ) -> Bool
  typealias Decoder = (UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<UInt8>?, Int, UnsafeMutablePointer<apus_image_failure>?) -> Bool

  /// Reads the header, checks what it claims, and only then makes room for the pixels.
  static func decode(
    _ bytes: [UInt8], path: String, format: String, maximumPixels: (apus_image_info) -> Int, readInfo: InfoReader, decode: Decoder
  ) throws -> RasterImage {
    var info = apus_image_info()
    var failure = apus_image_failure()
    func error() -> FileFormatError {
      FileFormatError(
        path: path, at: .byte(failure.offset), found: "damaged data (\(message(failure)))", expected: format,
        advice: "the file is damaged; copy or convert the image again")
    }
    guard readInfo(bytes, bytes.count, &info, &failure) else { throw error() }
    let (height, width, channels) = (Int(info.height), Int(info.width), Int(info.channels))
    let limit = min(maximumPixels(info), RasterImage.maximumPixelCount)
    guard height > 0, width > 0, height * width <= limit else {
      throw FileFormatError(
        path: path, at: .byte(0), found: "an image of \(width) x \(height) pixels in a file of \(bytes.count) bytes",
        expected: "at most \(limit) pixels", advice: "the file is damaged, or the image is too large")
    }
    let count = height * width * channels
    var isWhole = false
    let pixels = [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
      isWhole = decode(bytes, bytes.count, target.baseAddress, count, &failure)
      initialized = isWhole ? count : 0
    }
    guard isWhole else { throw error() }
    return RasterImage(height: height, width: width, channels: channels, pixels: pixels)
  }

  static func message(_ failure: apus_image_failure) -> String {
    withUnsafeBytes(of: failure.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
