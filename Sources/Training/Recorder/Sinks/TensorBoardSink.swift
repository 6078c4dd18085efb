import Foundation
import Synchronization
import Tensors

/// Records for TensorBoard: an event file in a directory of its own.
///
/// The format wants the time of each record and in the file's name; nothing else in a run's output depends on the clock.
public final class TensorBoardSink: MetricSink {
  public let url: URL
  private let file: Mutex<OutputFile>
  private static let suffix = ".apus"

  /// - Parameters:
  ///   - directory: made where it is missing; earlier event files of this library in it are removed, or, when appending, the latest goes on.
  public init(directory: URL, appending: Bool = false) throws {
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let earlier = try FileManager.default.contentsOfDirectory(atPath: directory.path)
      .filter { $0.hasPrefix("events.out.tfevents.") && $0.hasSuffix(Self.suffix) }.sorted()
    if appending, let latest = earlier.last {
      url = directory.appendingPathComponent(latest)
      file = Mutex(try OutputFile(url, appending: true))
      try removeRecords { _, _ in true }
    } else {
      for name in earlier { try FileManager.default.removeItem(at: directory.appendingPathComponent(name)) }
      let now = Self.now
      url = directory.appendingPathComponent("events.out.tfevents.\(Int(now))\(Self.suffix)")
      let opened = try OutputFile(url, appending: false)
      try opened.write(EventFile.frame(EventMessage.fileVersion(wallTime: now)))
      file = Mutex(opened)
    }
  }

  private static var now: Double { Date().timeIntervalSince1970 }

  public func write(_ records: [MetricRecord]) throws {
    let now = Self.now
    let bytes = records.flatMap { EventFile.frame(EventMessage.summary(of: $0, wallTime: now)) }
    try file.withLock { try $0.write(bytes) }
  }

  public func flush() throws { try file.withLock { try $0.synchronize() } }

  public func removeRecords(unless isKept: (_ name: String, _ step: Int) -> Bool) throws {
    let source = try ReadableFile(url)
    let payloads = EventFile.payloads(of: try source.bytes(at: 0, count: source.byteCount))
    let kept = payloads.filter { payload in EventMessage.stepAndName(of: payload).map { isKept($0.name, $0.step) } ?? true }
    try AtomicFile.write(kept.flatMap(EventFile.frame), to: url)
    try file.withLock { $0 = try OutputFile(url, appending: true) }
  }

  public func close() throws {
    try file.withLock {
      try $0.synchronize()
      $0.close()
    }
  }
}
