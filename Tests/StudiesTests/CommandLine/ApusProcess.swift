import Foundation

/// Runs the built program.
struct ApusProcess {
  let exitCode: Int32
  let output: String
  let errors: String

  /// The program lies beside the tests.
  static let program: URL = {
    var path = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &path, path.count - 1)
    let tests = URL(fileURLWithPath: String(decoding: path[..<max(count, 0)].map { UInt8(bitPattern: $0) }, as: UTF8.self))
    var folder = tests.deletingLastPathComponent()
    // A toolchain may load the tests as a library of a helper program; then the folder is the one the library was loaded from.
    if !FileManager.default.isExecutableFile(atPath: folder.appendingPathComponent("apus").path) {
      let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
      for line in maps.split(separator: "\n") where line.hasSuffix(".xctest") {
        if let start = line.firstIndex(of: "/") { folder = URL(fileURLWithPath: String(line[start...])).deletingLastPathComponent() }
      }
    }
    return folder.appendingPathComponent("apus")
  }()

  /// - Parameters:
  ///   - environment: added to that of the tests.
  ///   - whileRunning: is given the process, and may send it signals.
  init(_ arguments: [String], in directory: URL? = nil, environment: [String: String] = [:], whileRunning: (Process) throws -> Void = { _ in }) throws {
    let process = Process()
    process.executableURL = Self.program
    process.arguments = arguments
    process.currentDirectoryURL = directory ?? FileManager.default.temporaryDirectory
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    // Files hold any amount, where a pipe would have to be emptied meanwhile.
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-process-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func file(_ name: String) throws -> (URL, FileHandle) {
      let url = folder.appendingPathComponent(name)
      FileManager.default.createFile(atPath: url.path, contents: nil)
      return (url, try FileHandle(forWritingTo: url))
    }
    let (outputFile, outputHandle) = try file("output")
    let (errorFile, errorHandle) = try file("errors")
    process.standardOutput = outputHandle
    process.standardError = errorHandle
    try process.run()
    try whileRunning(process)
    process.waitUntilExit()
    exitCode = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    output = try String(contentsOf: outputFile, encoding: .utf8)
    errors = try String(contentsOf: errorFile, encoding: .utf8)
  }

  /// Lines on standard error.
  var errorLines: [Substring] { errors.split(separator: "\n") }
}
