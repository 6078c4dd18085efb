import Foundation

/// Programs of the system that figures are made with.
enum Executable {
  /// The program called `name` in the folders of a search path, that of this process by default; `nil` where none has it.
  static func find(_ name: String, searchPath: String? = nil) -> URL? {
    let path = searchPath ?? ProcessInfo.processInfo.environment["PATH"] ?? ""
    for folder in path.split(separator: ":") where folder.hasPrefix("/") {
      let candidate = URL(fileURLWithPath: String(folder)).appendingPathComponent(name)
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
    }
    return nil
  }

  struct Failure: Error {
    let words: String
  }

  /// What a program writes when it is given `input`.
  static func output(of program: URL, _ arguments: [String], input: String) throws(Failure) -> String {
    // A file holds any amount, where a pipe would have to be filled and emptied at once.
    let folder = FileManager.default.temporaryDirectory
    let file = folder.appendingPathComponent("apus-\(UUID().uuidString).txt")
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    let (result, complaints) = (Pipe(), Pipe())
    process.standardOutput = result
    process.standardError = complaints
    let data: Data
    do {
      try Data(input.utf8).write(to: file)
      process.standardInput = try FileHandle(forReadingFrom: file)
      // Warnings are few and fit the pipe.
      try process.run()
      data = result.fileHandleForReading.readDataToEndOfFile()
    } catch { throw Failure(words: "\(program.lastPathComponent) does not start: \(error.localizedDescription)") }
    let words = String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(words: words.split(separator: "\n").last.map(String.init) ?? "without a word")
    }
    return String(decoding: data, as: UTF8.self)
  }
}
