/// Where records go: a file format, a service, a list in memory.
///
/// A recorder calls its sinks from one thread of its own, one call at a time.
public protocol MetricSink: Sendable {
  /// Takes records in the order in which they were made.
  func write(_ records: [MetricRecord]) throws
  /// Makes what was taken so far safe from the end of the process.
  func flush() throws
  /// Drops what was taken and does not satisfy `isKept`, because a run continues from an earlier state.
  func removeRecords(unless isKept: (_ name: String, _ step: Int) -> Bool) throws
  /// Flushes and lets go of files; nothing is written afterwards.
  func close() throws
}
