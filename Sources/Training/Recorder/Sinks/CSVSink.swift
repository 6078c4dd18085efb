import Foundation
import Synchronization
import Tensors

/// Scalars as a table (RFC 4180) with the columns step, epoch, name, unit, value; other records are left out.
public final class CSVSink: MetricSink {
  public let url: URL
  private let file: Mutex<OutputFile>
  private static let header = "step,epoch,name,unit,value\r\n"

  /// - Parameter appending: keeps the rows that are there, for a run that continues.
  public init(_ url: URL, appending: Bool = false) throws {
    self.url = url
    let isNew = !appending || !FileManager.default.fileExists(atPath: url.path)
    let opened = try OutputFile(url, appending: appending)
    if isNew { try opened.write(Array(Self.header.utf8)) }
    file = Mutex(opened)
    // Drops what a killed process left of a last row.
    if !isNew { try removeRecords { _, _ in true } }
  }

  public func write(_ records: [MetricRecord]) throws {
    let text = records.map(Self.row).joined()
    guard !text.isEmpty else { return }
    try file.withLock { try $0.write(Array(text.utf8)) }
  }

  public func flush() throws { try file.withLock { try $0.synchronize() } }

  public func removeRecords(unless isKept: (_ name: String, _ step: Int) -> Bool) throws {
    let source = try ReadableFile(url)
    let text = String(decoding: try source.bytes(at: 0, count: source.byteCount), as: UTF8.self)
    var kept = Self.header
    for row in Self.rows(of: text).dropFirst() where row.count == 5 {
      guard let step = Int(row[0]), isKept(row[2], step) else { continue }
      kept += row.map(Self.field).joined(separator: ",") + "\r\n"
    }
    try AtomicFile.write(kept.utf8, to: url)
    try file.withLock { $0 = try OutputFile(url, appending: true) }
  }

  public func close() throws {
    try file.withLock {
      try $0.synchronize()
      $0.close()
    }
  }

  private static func row(_ record: MetricRecord) -> String {
    guard let value = record.scalar else { return "" }
    let fields = ["\(record.step)", record.epoch.map(String.init) ?? "", record.name, record.unit ?? "", "\(value)"]
    return fields.map(field).joined(separator: ",") + "\r\n"
  }

  private static func field(_ text: String) -> String {
    let needsQuotes = text.unicodeScalars.contains { $0 == "," || $0 == "\"" || $0 == "\n" || $0 == "\r" }
    return needsQuotes ? "\"" + text.replacing("\"", with: "\"\"") + "\"" : text
  }

  /// The complete rows of a table this sink wrote; what a killed process left of a last row does not count.
  static func rows(of text: String) -> [[String]] {
    var rows: [[String]] = []
    var row: [String] = []
    var field = String.UnicodeScalarView()
    var isQuoted = false
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"":
        // A quote directly after a closing one stands for itself.
        if !isQuoted, previous == "\"" { field.append(scalar) }
        isQuoted.toggle()
      case "," where !isQuoted:
        row.append(String(field))
        field = .init()
      case "\r" where !isQuoted: break
      case "\n" where !isQuoted:
        rows.append(row + [String(field)])
        row = []
        field = .init()
      default: field.append(scalar)
      }
      previous = scalar
    }
    return rows
  }
}
