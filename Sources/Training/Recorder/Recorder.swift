import Dispatch
import Foundation
import Synchronization
import Tensors

/// Takes measurements during a run and hands them to its sinks without making the run wait.
///
/// Scalars also stay in memory, in `history`, where reports find them. Sinks work on a thread of their own; `flush()` is called at the end of an epoch,
/// and everything is written when the recorder is closed, released, or the program ends.
///
///     let recorder = try Recorder(directory: output)
///     recorder.record("loss", 0.37, unit: "nats", step: 100, epoch: 2)
///     recorder.scoped("baseline").record("loss", 0.41, unit: "nats", step: 100, epoch: 2)   // "baseline/loss"
public struct Recorder: Sendable {
  private let log: RecordLog
  private let prefix: String

  /// Records to the given sinks, and to memory.
  public init(sinks: [any MetricSink] = []) {
    log = RecordLog(sinks: sinks, history: MetricHistory())
    prefix = ""
  }

  /// Records to `metrics.jsonl`, `metrics.csv` and `tensorboard/` in a directory, which is made where it is missing.
  /// - Parameter resuming: goes on with the files that are there, and with the history in them; else they are replaced.
  /// - Throws: `FileAccessError`; `FileFormatError` where a file to go on with is damaged.
  public init(directory: URL, resuming: Bool = false) throws {
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let lines = directory.appendingPathComponent("metrics.jsonl")
    var history = MetricHistory()
    if resuming, FileManager.default.fileExists(atPath: lines.path) {
      for record in try JSONLinesSink.records(in: lines) { history.append(record) }
    }
    let sinks: [any MetricSink] = [
      try JSONLinesSink(lines, appending: resuming),
      try CSVSink(directory.appendingPathComponent("metrics.csv"), appending: resuming),
      try TensorBoardSink(directory: directory.appendingPathComponent("tensorboard"), appending: resuming),
    ]
    log = RecordLog(sinks: sinks, history: history)
    prefix = ""
  }

  private init(log: RecordLog, prefix: String) {
    self.log = log
    self.prefix = prefix
  }

  /// The same recorder under whose names `name` and "/" are put: for one of several models in a run.
  public func scoped(_ name: String) -> Recorder { Recorder(log: log, prefix: prefix + name + "/") }

  /// The scalars so far, under their full names.
  public var history: MetricHistory { log.history }

  /// Records a number.
  /// - Parameters:
  ///   - unit: such as "nats", "images/s", "%"; nil for a pure number.
  ///   - step: steps done when it was measured.
  ///   - epoch: the epoch it was measured in, from 0.
  public func record(_ name: String, _ value: Double, unit: String? = nil, step: Int, epoch: Int? = nil) {
    log.append(MetricRecord(name: prefix + name, unit: unit, step: step, epoch: epoch, value: .scalar(value)))
  }

  /// Records how the elements of a tensor are spread, computing it if that has not happened.
  public func record(_ name: String, histogramOf tensor: Tensor, intervalCount: Int = 64, unit: String? = nil, step: Int, epoch: Int? = nil) {
    let histogram = RecordedHistogram(of: tensor, intervalCount: intervalCount)
    log.append(MetricRecord(name: prefix + name, unit: unit, step: step, epoch: epoch, value: .histogram(histogram)))
  }

  /// Records a picture.
  public func record(_ name: String, image: RecordedImage, step: Int, epoch: Int? = nil) {
    log.append(MetricRecord(name: prefix + name, step: step, epoch: epoch, value: .image(image)))
  }

  /// Records a text, in Markdown where the sink shows that.
  public func record(_ name: String, text: String, step: Int, epoch: Int? = nil) {
    log.append(MetricRecord(name: prefix + name, step: step, epoch: epoch, value: .text(text)))
  }

  /// Asks the sinks to make safe what was recorded so far, and does not wait for it.
  /// - Throws: what a sink could not do earlier, such as `FileAccessError` on a full disk.
  public func flush() throws { try log.flush() }

  /// Returns when everything recorded so far is safe.
  /// - Throws: what a sink could not do.
  public func synchronize() throws { try log.synchronize() }

  /// Drops what was recorded (under this recorder's scope) after `step`, since a run continues from there and will record it again.
  /// - Throws: what a sink could not do.
  public func rewind(toStep step: Int) throws {
    let prefix = prefix
    try log.removeRecords { name, recorded in recorded <= step || !name.hasPrefix(prefix) }
  }

  /// Writes everything and lets go of the files. Nothing may be recorded afterwards.
  /// - Throws: what a sink could not do.
  public func close() throws { try log.close() }
}

/// Records on their way from the run to the sinks.
private final class RecordLog: Sendable {
  private struct State {
    var pending: [MetricRecord] = []
    var history: MetricHistory
    var failure: (any Error)?
    var isClosed = false
  }

  /// Records that are handed to the sinks at once.
  private static let portion = 256

  private let sinks: [any MetricSink]
  private let state: Mutex<State>
  private let queue = DispatchQueue(label: "apus.recorder", qos: .utility)

  init(sinks: [any MetricSink], history: MetricHistory) {
    self.sinks = sinks
    state = Mutex(State(history: history))
    OpenLogs.shared.add(self)
  }

  /// Work on the queue holds the log, so none is left when it is released.
  deinit {
    guard !state.withLock({ $0.isClosed }) else { return }
    drain()
    attempt { try $0.close() }
  }

  var history: MetricHistory { state.withLock { $0.history } }

  func append(_ record: MetricRecord) {
    let isFull = state.withLock { state in
      precondition(!state.isClosed, "Recorder: \"\(record.name)\" recorded after close()")
      state.history.append(record)
      guard !sinks.isEmpty else { return false }
      state.pending.append(record)
      return state.pending.count % Self.portion == 0
    }
    if isFull { queue.async { self.drain() } }
  }

  func flush() throws {
    try throwFailure()
    queue.async {
      self.drain()
      self.attempt { try $0.flush() }
    }
  }

  func synchronize() throws {
    queue.sync {
      drain()
      attempt { try $0.flush() }
    }
    try throwFailure()
  }

  func removeRecords(unless isKept: @Sendable (_ name: String, _ step: Int) -> Bool) throws {
    queue.sync {
      drain()
      attempt { try $0.removeRecords(unless: isKept) }
    }
    state.withLock { $0.history.removeRecords(unless: isKept) }
    try throwFailure()
  }

  func close() throws {
    queue.sync {
      drain()
      let isFirst = state.withLock { state in
        defer { state.isClosed = true }
        return !state.isClosed
      }
      if isFirst { attempt { try $0.close() } }
    }
    try throwFailure()
  }

  private func drain() {
    let records = state.withLock { state in
      defer { state.pending = [] }
      return state.pending
    }
    if !records.isEmpty { attempt { try $0.write(records) } }
  }

  private func attempt(_ action: (any MetricSink) throws -> Void) {
    for sink in sinks {
      do {
        try action(sink)
      } catch {
        state.withLock { state in if state.failure == nil { state.failure = error } }
      }
    }
  }

  private func throwFailure() throws {
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }
}

/// The logs that are to be written when the program ends.
private final class OpenLogs: Sendable {
  private struct Weak { weak var log: RecordLog? }

  static let shared = OpenLogs()
  private let logs = Mutex<[Weak]>([])

  private init() { atexit { OpenLogs.shared.finish() } }

  func add(_ log: RecordLog) {
    logs.withLock { logs in
      logs.removeAll { $0.log == nil }
      logs.append(Weak(log: log))
    }
  }

  private func finish() {
    let open = logs.withLock { $0.compactMap(\.log) }
    // Nobody is left to be told of a failure.
    for log in open { try? log.close() }
  }
}
