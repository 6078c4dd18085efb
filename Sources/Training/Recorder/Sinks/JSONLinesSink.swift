import Foundation
import Synchronization
import Tensors

/// Records as lines of JSON (`metrics.jsonl`): one object a line with "name", "step", "epoch" and "unit" where there are such, and the value under "value",
/// "histogram", "image" or "text". Equal runs write equal bytes.
public final class JSONLinesSink: MetricSink {
  public let url: URL
  private let file: Mutex<OutputFile>

  /// - Parameter appending: keeps the lines that are there, for a run that continues.
  public init(_ url: URL, appending: Bool = false) throws {
    self.url = url
    file = Mutex(try OutputFile(url, appending: appending))
    // Drops what a killed process left of a last line.
    if appending { try removeRecords { _, _ in true } }
  }

  public func write(_ records: [MetricRecord]) throws {
    let bytes = try Self.encoded(records)
    try file.withLock { try $0.write(bytes) }
  }

  public func flush() throws { try file.withLock { try $0.synchronize() } }

  public func removeRecords(unless isKept: (_ name: String, _ step: Int) -> Bool) throws {
    let kept = try Self.records(in: url).filter { isKept($0.name, $0.step) }
    let bytes = try Self.encoded(kept)
    try AtomicFile.write(bytes, to: url)
    try file.withLock { $0 = try OutputFile(url, appending: true) }
  }

  public func close() throws {
    try file.withLock {
      try $0.synchronize()
      $0.close()
    }
  }

  private static func encoded(_ records: [MetricRecord]) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var bytes: [UInt8] = []
    for record in records {
      bytes += try encoder.encode(record)
      bytes.append(UInt8(ascii: "\n"))
    }
    return bytes
  }

  /// Reads records back. A last line without an end, which a killed process leaves, does not count.
  /// - Throws: `FileAccessError`; `FileFormatError` naming the line that is no record.
  public static func records(in url: URL) throws -> [MetricRecord] {
    let file = try ReadableFile(url)
    let bytes = try file.bytes(at: 0, count: file.byteCount)
    guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
    let decoder = JSONDecoder()
    return try bytes[..<end].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated().map { index, line in
      do {
        return try decoder.decode(MetricRecord.self, from: Data(line))
      } catch {
        throw FileFormatError(
          path: url.path, at: .line(index + 1), found: String(decoding: line.prefix(80), as: UTF8.self),
          expected: "one record as a JSON object", advice: "delete the line, or run without resuming")
      }
    }
  }
}
