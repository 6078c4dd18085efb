import CommandLineSupport
import Foundation
import Testing

/// `apus runs`, options files and `apus compare` as somebody types them.
@Suite("apus runs, compare and --config", .serialized)
struct RunsCommandTests {
  private static let tiny = """
    # Seconds of work.
    variants: [dt, cnn]
    seeds: 1
    trainingExamples: 60
    testExamples: 30
    batchSize: 30
    steps: 2
    epochs: 1
    inferenceRuns: 1

    """

  private func withTinyOptions(_ body: (URL) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      try Data(Self.tiny.utf8).write(to: directory.appendingPathComponent("tiny.yaml"))
      try body(directory)
    }
  }

  @Test func eightRunsAtOnceAreAllRecorded() throws {
    try withTinyOptions { directory in
      func run(_ number: Int) throws -> Process {
        let process = Process()
        process.executableURL = ApusProcess.program
        process.arguments = ["run", "noprop", "--config", "tiny.yaml", "--seed", "\(number)", "--out", "r\(number)"]
        process.currentDirectoryURL = directory
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let errors = directory.appendingPathComponent("errors-\(number)")
        try Data().write(to: errors)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        return process
      }
      let processes = try (1...8).map(run)
      for (index, process) in processes.enumerated() {
        process.waitUntilExit()
        let errors = try String(contentsOf: directory.appendingPathComponent("errors-\(index + 1)"), encoding: .utf8)
        #expect(process.terminationStatus == 0, "\(errors)")
      }
      let list = try ApusProcess(["runs", "list", "--json"], in: directory)
      let runs = try #require(list.document as? [[String: Any]])
      #expect(Set(runs.compactMap { $0["seed"] as? Int }) == Set(1...8) && runs.count == 8)
      #expect(runs.allSatisfy { $0["status"] as? String == "finished" })
      for id in runs.compactMap({ $0["id"] as? Int }) {
        let detail = try ApusProcess(["runs", "show", "\(id)", "--json"], in: directory).document as? [String: Any]
        #expect((detail?["metrics"] as? [String: Any])?.isEmpty == false && (detail?["artefacts"] as? [Any])?.isEmpty == false)
      }
    }
  }

  @Test func runsAreListedShownComparedAndForgotten() throws {
    try withTinyOptions { directory in
      func apus(_ arguments: String...) throws -> ApusProcess { try ApusProcess(arguments, in: directory) }
      #expect(try apus("run", "noprop", "--config", "tiny.yaml", "--out", "a").exitCode == 0)
      #expect(
        try apus("run", "noprop", "--config", "a/options.json", "--set", "epochs=2", "--out", "b").exitCode == 0, "a run's own options")
      let list = try apus("runs", "list", "--system", "noprop", "--since", "2020-01-01")
      #expect(list.exitCode == 0 && list.output.split(separator: "\n").count == 3, "\(list.output)")
      #expect(try apus("runs", "list", "--until", "2020-01-01").output.contains("No such runs"))
      let show = try apus("runs", "show", "last")
      for word in ["run 2", "order-does-not-matter", "epochs", "2", "learning-curves", "report.html"] where word != "order-does-not-matter"
      {
        #expect(show.output.contains(word), "\(word)")
      }
      let compare = try apus("runs", "compare", "1", "2")
      #expect(compare.exitCode == 0 && compare.output.contains("options that differ") && compare.output.contains("epochs"))
      #expect(try apus("runs", "rm", "1", "--files").exitCode == 0)
      #expect(!FileManager.default.fileExists(atPath: directory.appendingPathComponent("a").path))
      #expect(FileManager.default.fileExists(atPath: directory.appendingPathComponent("b/report.html").path))
      let gone = try apus("runs", "show", "1")
      #expect(gone.exitCode == 3 && gone.errorLines.count == 1 && gone.errors.contains("no run 1"))
      #expect(try apus("runs", "add", "b").output.contains("run 3"))
      #expect(try apus("run", "noprop", "--config", "tiny.yaml", "--out", "c", "--no-store").exitCode == 0)
      #expect(try (apus("runs", "list", "--json").document as? [Any])?.count == 2)
    }
  }

  @Test func wrongRequestsAreRefusedInOneLine() throws {
    try withTinyOptions { directory in
      func refused(_ arguments: [String], _ code: Int32, _ words: String, environment: [String: String] = [:]) throws {
        let result = try ApusProcess(arguments, in: directory, environment: environment)
        #expect(result.exitCode == code && result.errorLines.count == 1 && result.output.isEmpty, "\(arguments): \(result.errors)")
        #expect(result.errors.contains(words), "\(arguments): \(result.errors)")
      }
      func file(_ text: String) throws -> String {
        try Data(text.utf8).write(to: directory.appendingPathComponent("file.yaml"))
        return "file.yaml"
      }
      for (text, words) in [
        ("epochs: 1\nvarints: [dt]\n", "file.yaml:2: unknown option \"varints\""), ("varints: dt", "did you mean variants?"),
        ("epochs: many", "file.yaml:1: option epochs = many: expected a whole number"), ("epochs: 1.5", "expected a whole number"),
        ("epochs: 0", "from 1 to 100000"), ("epochs: {a: 1}", "found a group"), ("epochs: [1\n", "is no YAML"),
        ("just words", "no names with values"),
        ("epochs: 1\nepochs: 2", "more than once"), ("options: {epochs: 1}\nprest: quick", "did you mean preset?"),
        ("options: {epochs: 1}\npreset: huge", "expected quick, reduced or paper"), ("options: {}\nsystem: other", "not of noprop"),
        ("options: {}\nseed: -1", "a whole number from 0"),
      ] { try refused(["run", "noprop", "--config", file(text), "--out", "x"], 2, words) }
      try refused(["run", "noprop", "--config", "absent.yaml"], 2, "no such file")
      try refused(["compare", "noprp"], 2, "did you mean noprop?")
      try refused(["compare", "noprop", "noprop"], 2, "at most once")
      try refused(["runs", "list"], 3, "is not there")
      try refused(["runs", "show", "one"], 2, "one")
      try refused(["runs", "list", "--since", "yesterday"], 2, "yesterday")
      try Data("garbage, garbage, garbage, garbage".utf8).write(to: directory.appendingPathComponent("bad.sqlite"))
      try refused(["runs", "list", "--store", "bad.sqlite"], 3, "is no run store")
      try refused(
        ["run", "noprop", "--config", "tiny.yaml", "--out", "x"], 3, "is no run store", environment: ["APUS_STORE": "bad.sqlite"])
      let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
      #expect(Set(names).isDisjoint(with: ["x", "x.partial"]), "nothing was begun: \(names)")
    }
  }

  @Test func systemsAreComparedOnTheSameData() throws {
    try withTinyOptions { directory in
      let arguments = ["compare", "noprop", "--set", "trainingExamples=64", "--set", "testExamples=32", "--set", "epochs=1", "--out", "c"]
      let result = try ApusProcess(arguments + ["--json"], in: directory)
      #expect(result.exitCode == 0, "\(result.errors)")
      let document = try #require(result.document as? [String: Any])
      let metrics = try #require(document["metrics"] as? [String: Any])
      for method in ["noprop.noprop-dt", "noprop.plain-cnn"] {
        for name in ["test-accuracy", "training-time", "step-memory", "parameters"] { #expect(metrics["\(method).\(name)"] != nil) }
      }
      let page = try String(contentsOf: directory.appendingPathComponent("c/report.html"), encoding: .utf8)
      #expect(page.contains("./apus compare noprop") && page.contains("accuracy-and-memory-wide-title"))
    }
  }

  /// A disk that is full in the middle of a run: one line, and no half of a result.
  @Test func aFullDiskIsToldInOneLine() throws {
    try withTinyOptions { directory in
      let disk = directory.appendingPathComponent("disk")
      try FileManager.default.createDirectory(at: disk, withIntermediateDirectories: true)
      guard getuid() == 0, mount("tmpfs", disk.path, "tmpfs", 0, "size=400k") == 0 else {
        print("a small disk cannot be mounted here, so none can be filled")
        return
      }
      defer { umount2(disk.path, Int32(MNT_DETACH)) }
      let result = try ApusProcess(
        ["run", "noprop", "--config", "tiny.yaml", "--out", "disk/run", "--store", "store.sqlite"], in: directory)
      #expect(
        result.exitCode == 3 && result.errors.split(separator: "\n").last?.contains("No space left on device") == true, "\(result.errors)")
      #expect(!FileManager.default.fileExists(atPath: disk.appendingPathComponent("run").path))
      let runs = try ApusProcess(["runs", "list", "--store", "store.sqlite", "--json"], in: directory).document as? [[String: Any]]
      #expect(runs?.first?["status"] as? String == "failed")
    }
  }
}
