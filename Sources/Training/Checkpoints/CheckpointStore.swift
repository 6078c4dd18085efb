import Foundation
import Tensors

/// The checkpoints of one run in one directory: the latest few, and the best.
///
/// A checkpoint appears whole or not at all (written beside, forced to the disk, renamed), so a run that is killed at any moment finds the one before.
/// Files are called `step-000001200.safetensors`; the best is `best.safetensors`.
public struct CheckpointStore: Sendable {
  public let directory: URL
  /// How many of the latest checkpoints stay.
  public let keptCount: Int
  /// The options of the run, as canonical JSON. A checkpoint of other options is refused.
  private let options: String

  /// - Parameters:
  ///   - directory: made where it is missing.
  ///   - options: everything that makes this run what it is (sizes, rates, seed): a checkpoint written under other options is refused.
  ///   - keptCount: at least 1. Two, so that one is left should the disk damage the other.
  /// - Throws: `FileAccessError` where the directory cannot be made; an `EncodingError` where the options cannot be written as JSON.
  public init(directory: URL, options: some Encodable, keptCount: Int = 2) throws {
    precondition(keptCount >= 1, "CheckpointStore: \(keptCount) checkpoints kept, at least 1 is needed")
    self.directory = directory
    self.keptCount = keptCount
    self.options = try CanonicalJSON.text(of: options)
    do {
      try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    } catch {
      throw FileAccessError(path: directory.path, action: "make a directory", reason: error.localizedDescription)
    }
  }

  private var bestURL: URL { directory.appendingPathComponent("best.safetensors") }

  private func url(ofStep step: Int) -> URL {
    let digits = String(step)
    return directory.appendingPathComponent("step-" + String(repeating: "0", count: max(0, 9 - digits.count)) + digits + ".safetensors")
  }

  /// The files of checkpoints, the newest first.
  private func files() throws -> [(step: Int, url: URL)] {
    try names().compactMap { name in
      guard name.hasPrefix("step-"), name.hasSuffix(".safetensors"), let step = Int(name.dropFirst(5).dropLast(12)) else { return nil }
      return (step, directory.appendingPathComponent(name))
    }.sorted { $0.step > $1.step }
  }

  private func names() throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: directory.path)
    } catch {
      throw FileAccessError(path: directory.path, action: "list", reason: error.localizedDescription)
    }
  }

  // MARK: Writing

  /// Writes a checkpoint, then removes those that are one too many.
  /// - Parameter isBest: also keeps it as the best so far.
  /// - Returns: the file's path.
  /// - Throws: `FileAccessError`; the checkpoints from before stay.
  @discardableResult
  public func save<State>(_ checkpoint: Checkpoint<State>, isBest: Bool = false) throws -> String {
    let target = url(ofStep: checkpoint.step)
    try CheckpointFile.write(checkpoint, options: options, to: target)
    if isBest { try CheckpointFile.write(checkpoint, options: options, to: bestURL) }
    // A run that was begun again from an earlier step is newer than what an earlier one left behind it.
    for (step, url) in try files() where step > checkpoint.step { try remove(url) }
    for (_, url) in try files().dropFirst(keptCount) { try remove(url) }
    try removeAbandoned()
    return target.path
  }

  private func remove(_ url: URL) throws {
    guard unlink(url.path) == 0 || errno == ENOENT else {
      throw FileAccessError(path: url.path, action: "remove", reason: String(cString: strerror(errno)))
    }
  }

  /// Removes what processes that were killed while they wrote have left.
  private func removeAbandoned() throws {
    for name in try names() where name.hasPrefix(".") && name.hasSuffix(".partial") {
      guard let process = name.split(separator: ".").dropLast(2).last.flatMap({ pid_t($0) }), process != getpid() else { continue }
      if kill(process, 0) != 0, errno == ESRCH { try remove(directory.appendingPathComponent(name)) }
    }
  }

  /// Removes every checkpoint, for a run that begins anew.
  public func removeAll() throws {
    for (_, url) in try files() { try remove(url) }
    try remove(bestURL)
    try removeAbandoned()
  }

  // MARK: Reading

  /// The newest checkpoint that is whole; nil where there are none at all.
  /// - Throws: `CheckpointMismatch` where it was written under other options; `NoValidCheckpoint` where all of them are damaged; `FileAccessError`.
  public func newest<State>(_: State.Type = State.self) throws -> RestoredCheckpoint<State>? {
    var reasons: [String] = []
    for (_, url) in try files() {
      do {
        return try restore(url, skipped: reasons)
      } catch let error as CheckpointMismatch {
        throw error
      } catch {
        reasons.append("\(error)")
      }
    }
    guard reasons.isEmpty else { throw NoValidCheckpoint(directory: directory.path, reasons: reasons) }
    return nil
  }

  /// The best checkpoint; nil where none was kept.
  /// - Throws: `FileFormatError` where it is damaged; `CheckpointMismatch`; `FileAccessError`.
  public func best<State>(_: State.Type = State.self) throws -> RestoredCheckpoint<State>? {
    guard FileManager.default.fileExists(atPath: bestURL.path) else { return nil }
    return try restore(bestURL, skipped: [])
  }

  private func restore<State>(_ url: URL, skipped: [String]) throws -> RestoredCheckpoint<State> {
    let (checkpoint, written) = try CheckpointFile.read(State.self, from: url)
    let differences = CanonicalJSON.differences(there: written, here: options)
    guard differences.isEmpty else { throw CheckpointMismatch(path: url.path, differences: differences) }
    return RestoredCheckpoint(checkpoint: checkpoint, path: url.path, skipped: skipped)
  }
}
