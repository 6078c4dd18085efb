import Foundation
import Synchronization
import Testing

import Training

/// A directory of its own for a test, removed afterwards.
func withTemporaryDirectory<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent("apus-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: url) }
  return try body(url)
}

/// The probe's process, running.
struct Probe {
  let process = Process()
  private let output = Pipe()

  init(_ task: String, _ directory: URL) throws {
    let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    process.executableURL = products.appendingPathComponent("checkpoint-crash-probe")
    process.arguments = [task, directory.path]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
  }

  /// Its next line.
  func line() -> String {
    var bytes: [UInt8] = []
    while let byte = try? output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") { bytes.append(byte) }
    return String(decoding: bytes, as: UTF8.self)
  }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }
}

/// A console that keeps what is written to it.
final class ConsoleCapture: Sendable {
  private let written = Mutex("")
  var text: String { written.withLock { $0 } }

  func console(isTerminal: Bool, width: Int = 80, usesColor: Bool = false, usesUnicode: Bool = true) -> Console {
    Console(isTerminal: isTerminal, usesColor: usesColor, usesUnicode: usesUnicode, width: { width }) { text in
      self.written.withLock { $0 += text }
    }
  }
}

/// A clock that is set by hand.
final class ManualClock: Sendable {
  private let seconds = Mutex(0.0)
  var now: Double {
    get { seconds.withLock { $0 } }
    set { seconds.withLock { $0 = newValue } }
  }
}
