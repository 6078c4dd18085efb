import CZip
import Foundation
import Tensors

/// A zip archive open for reading.
final class ZipArchive {
  struct Entry {
    let name: String
    let index: Int64
    let byteCount: Int
  }

  /// More entries are refused.
  private static let maximumEntryCount = 100_000
  /// No deflate stream grows by more than this factor.
  private static let maximumExpansion = 1032

  let path: String
  private(set) var entries: [Entry] = []
  private let handle: OpaquePointer

  /// Opens an archive and checks the sizes that its directory claims against the size of the file.
  /// - Throws: `FileFormatError`, `FileAccessError`.
  init(_ url: URL) throws {
    path = url.path
    let fileBytes = try ReadableFile(url).byteCount
    var message = [CChar](repeating: 0, count: Int(APUS_ZIP_MESSAGE_BYTES))
    guard let handle = apus_zip_open(url.path, &message) else {
      throw FileFormatError(
        path: url.path, found: "no readable zip archive (\(Self.text(message)))", expected: "a zip archive",
        advice: "the file is damaged; copy or download it again")
    }
    self.handle = handle
    let count = apus_zip_count(handle)
    guard count <= Self.maximumEntryCount else {
      throw FileFormatError(path: path, found: "\(count) entries", expected: "at most \(Self.maximumEntryCount)")
    }
    for index in 0..<count {
      var byteCount: UInt64 = 0
      var compressedCount: UInt64 = 0
      guard let name = apus_zip_entry(handle, index, &byteCount, &compressedCount) else {
        throw FileFormatError(path: path, at: .field("entry \(index)"), found: "a damaged entry", expected: "a name and sizes")
      }
      let entryName = String(cString: name)
      let bound = min(fileBytes.multipliedReportingOverflow(by: Self.maximumExpansion).partialValue, ByteReader.defaultLimit)
      guard compressedCount <= UInt64(fileBytes), byteCount <= UInt64(bound) else {
        throw FileFormatError(
          path: path, at: .field(entryName), found: "an entry of \(byteCount) bytes, packed to \(compressedCount)",
          expected: "at most \(bound) from a file of \(fileBytes) bytes", advice: "the file is damaged; copy or download it again")
      }
      entries.append(Entry(name: entryName, index: index, byteCount: Int(byteCount)))
    }
  }

  deinit { apus_zip_close(handle) }

  /// - Throws: `FileFormatError` where the entry does not unpack to what was announced.
  func contents(of entry: Entry) throws -> [UInt8] {
    var message = [CChar](repeating: 0, count: Int(APUS_ZIP_MESSAGE_BYTES))
    var isWhole = false
    let bytes = [UInt8](unsafeUninitializedCapacity: entry.byteCount) { target, count in
      isWhole = apus_zip_read(handle, entry.index, target.baseAddress, entry.byteCount, &message)
      count = isWhole ? entry.byteCount : 0
    }
    guard isWhole else {
      throw FileFormatError(
        path: path, at: .field(entry.name), found: "an entry that does not unpack (\(Self.text(message)))",
        expected: "\(entry.byteCount) bytes with the announced checksum", advice: "the file is damaged; copy or download it again")
    }
    return bytes
  }

  /// Writes an archive; it appears whole or not at all.
  /// - Throws: `FileAccessError`.
  static func write(_ entries: [(name: String, bytes: [UInt8])], compressed: Bool, to url: URL) throws {
    // libzip writes files of its own; the finished one is then put into place like any other.
    let temporary = FileManager.default.temporaryDirectory.appendingPathComponent("apus-\(getpid())-\(UUID().uuidString).zip")
    defer { try? FileManager.default.removeItem(at: temporary) }
    var message = [CChar](repeating: 0, count: Int(APUS_ZIP_MESSAGE_BYTES))
    let names = entries.map { strdup($0.name) }
    defer { for name in names { free(name) } }
    let contents = entries.map { entry -> UnsafeMutablePointer<UInt8> in
      let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: max(entry.bytes.count, 1))
      copy.initialize(from: entry.bytes, count: entry.bytes.count)
      return copy
    }
    defer { for content in contents { content.deallocate() } }
    let isWritten = apus_zip_write(
      temporary.path, entries.count, names.map { UnsafePointer($0) }, contents.map { UnsafePointer($0) },
      entries.map(\.bytes.count), compressed,
      &message)
    guard isWritten else { throw FileAccessError(path: url.path, action: "write", reason: text(message)) }
    try AtomicFile.write(try ByteReader.contents(of: temporary), to: url)
  }

  private static func text(_ message: [CChar]) -> String {
    String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
