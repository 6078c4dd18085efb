import Foundation

/// The built program, run once with its standard input closed.
package struct ApusProcess {
  package let exitCode: Int32
  package let output: String
  package let errors: String

  /// The program lies beside the tests, which a toolchain may load as a library of a program of its own.
  package static let program: URL = {
    let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
    let loaded = maps.split(separator: "\n").filter { $0.hasSuffix(".xctest") }.compactMap { line in
      line.firstIndex(of: "/").map { URL(fileURLWithPath: String(line[$0...])) }
    }
    let folders = ([URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()] + loaded).map { $0.deletingLastPathComponent() }
    let candidates = folders.map { $0.appendingPathComponent("apus") }
    guard let program = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0.path) }) else {
      fatalError("the program apus is not built: looked for it at \(Set(candidates.map(\.path)).sorted().joined(separator: ", "))")
    }
    return program
  }()

  /// Runs the program to its end.
  /// - Parameters:
  ///   - directory: the working directory; that for temporary files by default.
  ///   - environment: added to that of the tests.
  ///   - whileRunning: is given the process, and may send it signals.
  package init(
    _ arguments: [String], in directory: URL? = nil, environment: [String: String] = [:],
    whileRunning: (Process) throws -> Void = { _ in }
  ) throws {
    // Files hold any amount, where a pipe would have to be emptied meanwhile.
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-process-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (outputFile, errorFile) = (folder.appendingPathComponent("output"), folder.appendingPathComponent("errors"))
    for file in [outputFile, errorFile] { try Data().write(to: file) }

    let process = Process()
    process.executableURL = Self.program
    process.arguments = arguments
    process.currentDirectoryURL = directory ?? FileManager.default.temporaryDirectory
    // Servers of the tests listen here, and no proxy knows them.
    process.environment = ProcessInfo.processInfo.environment.merging(["no_proxy": "127.0.0.1"]) { $1 }.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: outputFile)
    process.standardError = try FileHandle(forWritingTo: errorFile)
    try process.run()
    try whileRunning(process)
    process.waitUntilExit()
    exitCode = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    output = try String(contentsOf: outputFile, encoding: .utf8)
    errors = try String(contentsOf: errorFile, encoding: .utf8)
  }

  /// Lines on standard error.
  package var errorLines: [Substring] { errors.split(separator: "\n") }

  /// Standard output as the one JSON document that it should be; `nil` where it is something else.
  package var document: Any? { try? JSONSerialization.jsonObject(with: Data(output.utf8)) }
}
