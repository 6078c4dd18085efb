import Foundation
import Tensors

/// A directory that a run fills beside its final place and that takes that place when everything is written.
///
/// While the run works, everything lies in `NAME.partial`, locked against other processes; an interrupted run leaves its checkpoints there. Whoever
/// looks at `NAME` sees a finished run or none.
public final class OutputDirectory: Sendable {
  /// Where the result will be.
  public let final: URL
  /// Where the run works.
  public let working: URL
  private let lock: Int32

  private static let lockName = ".lock"
  /// Every run has it, so it tells a run's directory from others.
  static let findingsName = "findings.json"

  public static func checkpoints(in directory: URL) -> URL { directory.appendingPathComponent("checkpoints") }
  /// Where an unfinished run for `final` works.
  public static func workingDirectory(for final: URL) -> URL {
    final.deletingLastPathComponent().appendingPathComponent(final.lastPathComponent + ".partial")
  }

  /// What to do with what an interrupted run has left.
  public enum Leftover: Sendable {
    /// Refuse to begin where there are checkpoints, which may have cost hours.
    case protect
    /// Go on from it.
    case resume
    case discard
  }

  /// Takes the directory for this process.
  /// - Throws: `OutputDirectoryError`
  public init(_ url: URL, leftover: Leftover) throws {
    final = url.standardizedFileURL
    working = Self.workingDirectory(for: final)
    try Self.refuseForeign(final)
    lock = try Self.take(working, for: final)
    do {
      if leftover != .resume {
        if leftover == .protect, Self.holdsCheckpoints(working) {
          throw OutputDirectoryError(
            path: working.path, problem: "holds the saved state of an interrupted run",
            advice: "add --resume to continue it, or --restart to discard it")
        }
        try Self.empty(working)
      }
    } catch {
      close(lock)
      throw error
    }
  }

  deinit { close(lock) }

  /// Whether there is something to go on from.
  public var holdsCheckpoints: Bool { Self.holdsCheckpoints(working) }

  /// Whether a process is working on a run for `final`.
  static func isInUse(_ final: URL) -> Bool {
    let descriptor = open(workingDirectory(for: final.standardizedFileURL).appendingPathComponent(lockName).path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    // A shared lock, so that two that ask do not find each other.
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0
  }

  /// Moves what was written to its final place. Of an older run there, nothing stays.
  public func commit() throws {
    try? FileManager.default.removeItem(at: Self.checkpoints(in: working))
    unlink(working.appendingPathComponent(Self.lockName).path)
    try Self.attempt(final) {
      if !FileManager.default.fileExists(atPath: final.path) {
        try FileManager.default.moveItem(at: working, to: final)
        return
      }
      // The old findings go first and the new ones come last: where they stand, everything belongs to them.
      try? FileManager.default.removeItem(at: final.appendingPathComponent(Self.findingsName))
      let names = try FileManager.default.contentsOfDirectory(atPath: working.path).filter { $0 != Self.findingsName }
      for name in Self.knownNames.union(names) { try? FileManager.default.removeItem(at: final.appendingPathComponent(name)) }
      for name in names + [Self.findingsName] {
        let source = working.appendingPathComponent(name)
        guard FileManager.default.fileExists(atPath: source.path) else { continue }
        try FileManager.default.moveItem(at: source, to: final.appendingPathComponent(name))
      }
      try FileManager.default.removeItem(at: working)
    }
  }

  /// Removes what a failed run has written, unless it holds checkpoints.
  public func abandon() {
    if !holdsCheckpoints { try? FileManager.default.removeItem(at: working) }
  }

  /// Removes the output directory of a run of `system`, and what an interrupted one left beside it. Another system's, or one that no run has
  /// written, stays.
  public static func remove(_ final: URL, of system: String) throws {
    for directory in [final.standardizedFileURL, workingDirectory(for: final.standardizedFileURL)] {
      guard FileManager.default.fileExists(atPath: directory.path) else { continue }
      let request = try? ReportJSON.decode(JSONValue.self, from: Data(contentsOf: directory.appendingPathComponent("options.json")))
      guard request?["system"] == .string(system) else {
        throw OutputDirectoryError(path: directory.path, problem: "holds no run of \(system)", advice: "remove it by hand if it is yours")
      }
      try attempt(directory) { try FileManager.default.removeItem(at: directory) }
    }
  }

  // MARK: -

  /// What runs write, of which an older run may have more than a newer one.
  private static let knownNames: Set<String> = [
    "figures", "tables", "report.html", "options.json", "metrics.jsonl", "metrics.csv", "tensorboard", "model.safetensors",
  ]

  private static func holdsCheckpoints(_ directory: URL) -> Bool {
    let names = try? FileManager.default.contentsOfDirectory(atPath: checkpoints(in: directory).path)
    return names.map { !$0.isEmpty } ?? false
  }

  /// A directory that no run has written is somebody's, and stays as it is.
  private static func refuseForeign(_ final: URL) throws {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: final.path, isDirectory: &isDirectory) else { return }
    guard isDirectory.boolValue else {
      throw OutputDirectoryError(
        path: final.path, problem: "is a file", advice: "give --out a directory that is new, empty, or of an earlier run")
    }
    let names = try attempt(final) { try FileManager.default.contentsOfDirectory(atPath: final.path) }
    guard names.isEmpty || names.contains(findingsName) || names.contains("options.json") else {
      throw OutputDirectoryError(
        path: final.path, problem: "holds files that no run has written, as \"\(names.sorted()[0])\"",
        advice: "give --out a directory that is new, empty, or of an earlier run")
    }
  }

  private static func take(_ working: URL, for final: URL) throws -> Int32 {
    try attempt(final) { try FileManager.default.createDirectory(at: working, withIntermediateDirectories: true) }
    let path = working.appendingPathComponent(lockName).path
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw OutputDirectoryError(path: final.path, problem: "cannot be written: \(String(cString: strerror(errno)))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let owner = (try? String(contentsOfFile: path, encoding: .utf8)).flatMap { $0.isEmpty ? nil : " \($0)" } ?? ""
      close(descriptor)
      throw OutputDirectoryError(
        path: final.path, problem: "is in use by the running process\(owner)", advice: "wait for it, or give --out another directory")
    }
    ftruncate(descriptor, 0)
    let owner = "\(getpid())"
    _ = owner.withCString { write(descriptor, $0, strlen($0)) }
    return descriptor
  }

  private static func empty(_ working: URL) throws {
    try attempt(working) {
      for name in try FileManager.default.contentsOfDirectory(atPath: working.path) where name != lockName {
        try FileManager.default.removeItem(at: working.appendingPathComponent(name))
      }
    }
  }

  @discardableResult
  private static func attempt<Result>(_ url: URL, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      let reason =
        (error as NSError).userInfo[NSUnderlyingErrorKey].map { "\(($0 as? any Error)?.localizedDescription ?? "\($0)")" }
        ?? error.localizedDescription
      throw OutputDirectoryError(
        path: url.path, problem: "cannot be written: \(reason)", advice: "give --out a directory that can be written")
    }
  }
}

/// A directory that cannot take a run's results.
public struct OutputDirectoryError: Error, Sendable, Hashable, LocalizedError, CustomStringConvertible {
  public let path: String
  public let problem: String
  public let advice: String

  init(path: String, problem: String, advice: String = "") {
    self.path = path
    self.problem = problem
    self.advice = advice
  }

  public var description: String { "\(path.asOneLine) \(problem.asOneLine)" + (advice.isEmpty ? "" : "; \(advice)") }
  public var errorDescription: String? { description }
}
