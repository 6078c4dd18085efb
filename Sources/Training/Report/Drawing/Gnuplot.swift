import Foundation
import Tensors

/// The program that draws figures.
struct Gnuplot: Sendable {
  let program: URL

  /// What to say where there is none.
  static let advice = "gnuplot is not installed (Debian: apt-get install gnuplot-nox)"

  /// Looks for the program in the folders of a search path; `nil` where none has it.
  init?(searchPath: String? = nil) {
    guard let program = Executable.find("gnuplot", searchPath: searchPath) else { return nil }
    self.program = program
  }

  /// Runs a script in its folder. Returns what gnuplot complained of where it failed.
  func run(_ script: URL, width: Int, height: Int, target: String) -> String? {
    let process = Process()
    process.executableURL = program
    process.arguments = ["-e", "width=\(width); height=\(height); target=\(GnuplotScript.quoted(target))", script.lastPathComponent]
    process.currentDirectoryURL = script.deletingLastPathComponent()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let complaints = Pipe()
    process.standardError = complaints
    do { try process.run() } catch { return "gnuplot does not start: \(error.localizedDescription)" }
    let text = String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let lines = text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty && $0 != "^" }
      return "gnuplot failed: " + (lines.last ?? "without a word")
    }
    return nil
  }
}
