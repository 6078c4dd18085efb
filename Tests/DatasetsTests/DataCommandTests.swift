import CommandLineSupport
import Datasets
import Foundation
import Tensors
import Testing

/// The command line, run as a program of its own.
@Suite("apus data", .serialized)
struct DataCommandTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(
    _ arguments: [String], environment: [String: String] = [:], whileRunning: (Process) -> Void = { _ in }
  ) throws -> ApusProcess {
    try ApusProcess(["data"] + arguments, environment: environment, whileRunning: whileRunning)
  }

  private func expectRefusal(_ outcome: ApusProcess, _ exitCode: Int32, _ words: String, _ what: String = "") {
    #expect(outcome.exitCode == exitCode, "\(what): \(outcome.errors)")
    #expect(outcome.output.isEmpty && outcome.errorLines.count == 1, "\(what): \(outcome.errors)")
    #expect(outcome.errors.hasPrefix("apus: ") && outcome.errors.contains(words), "\(what): \(outcome.errors)")
  }

  @Test func damagedFilesEndWithExitCode3AndOneLine() throws {
    var count = 0
    for seed in try MutatedFiles.seeds() {
      let mutations = MutatedFiles.mutations(of: seed.bytes)
      for mutation in mutations.enumerated().filter({ $0.offset % 9 == 4 }).map(\.element) {
        let url = try folder.file(seed.fileName, mutation.bytes)
        let outcome = try run(["inspect", url.path, "--json"])
        let what = "\(seed.name), \(mutation.name)"
        if outcome.exitCode == 0 {
          #expect(outcome.errors.isEmpty && outcome.document != nil, "\(what)")
        } else {
          expectRefusal(outcome, 3, url.path, what)
        }
        count += 1
      }
      let sound = try folder.file(seed.fileName, seed.bytes)
      #expect(try run(["inspect", sound.path]).exitCode == 0, "\(seed.name)")
      expectRefusal(
        try run(["inspect", try folder.file("cut-" + seed.fileName, Array(seed.bytes.prefix(3))).path]), 3, seed.fileName, seed.name)
    }
    #expect(count > 50)
  }

  @Test func setsAreListed() throws {
    let outcome = try run(["list", "--json"])
    let entries = try #require(outcome.document as? [[String: Any]])
    #expect(
      entries.compactMap { $0["name"] as? String } == Handwriting.Characters.allCases.map(\.rawValue) + StandardDataset.all.map(\.name))
    #expect(try run(["list"]).output.contains("mnist"))
  }

  @Test func fetchedSetsAreFoundByName() throws {
    guard let mnist = sharedData("mnist") else { return }
    let server = try FileServer()
    defer { server.stop() }
    for file in StandardDataset.named("mnist")!.files {
      server.serve(Array(try Data(contentsOf: mnist.appendingPathComponent(file.name))), as: file.name)
    }
    let environment = ["APUS_DATA": folder.url.appendingPathComponent("sets").path]
    expectRefusal(try run(["inspect", "mnist"], environment: environment), 3, "apus data fetch mnist")
    let first = try run(["fetch", "mnist", "--mirror", server.url.absoluteString], environment: environment)
    #expect(first.exitCode == 0 && first.output.contains("mnist: fetched"), "\(first.errors)")
    let second = try run(["fetch", "mnist", "--mirror", server.url.absoluteString, "--json"], environment: environment)
    #expect(second.exitCode == 0 && second.output.contains("\"present\"") && !second.output.contains("\"fetched\""))
    let inspection = try run(["inspect", "mnist", "--json"], environment: environment)
    let document = try #require(inspection.document as? [String: Any])
    #expect(
      document["kind"] as? String == "IDX" && (document["parts"] as? [[String: Any]])?.map { $0["rows"] as? Int } == [60_000, 10_000])
  }

  @Test func failedDownloadsEndWithExitCode3() throws {
    let server = try FileServer()
    let to = ["--to", folder.url.path, "--mirror", server.url.absoluteString]
    expectRefusal(try run(["fetch", "mnist"] + to), 3, "HTTP status 404")
    server.serve([1, 2, 3], as: "input.txt")
    expectRefusal(try run(["fetch", "tinyshakespeare"] + to), 3, "found a file of 3 bytes, expected 1115394 bytes")
    server.serve(Array(repeating: 65, count: 1_115_394), as: "input.txt")
    expectRefusal(try run(["fetch", "tinyshakespeare"] + to), 3, "expected sha256 86c4e6aa")
    server.stop()
    expectRefusal(try run(["fetch", "tinyshakespeare"] + to), 3, "there is no network")
    #expect(try folder.names("tinyshakespeare") == [])
  }

  @Test func aStoppedDownloadEndsWithExitCode4AndGoesOn() throws {
    let server = try FileServer()
    defer { server.stop() }
    let content = [UInt8](repeating: 65, count: 1_115_394)
    server.serve(content, as: "input.txt")
    server.behave(.stalls(after: 100_000))
    let arguments = ["fetch", "tinyshakespeare", "--to", folder.url.path, "--mirror", server.url.absoluteString]
    let part = folder.url.appendingPathComponent("tinyshakespeare/.input.txt.86c4e6aa9db7.part")
    func partSize() -> Int { (try? FileManager.default.attributesOfItem(atPath: part.path)[.size] as? Int) ?? 0 }
    let stopped = try run(arguments) { process in
      for _ in 0..<2000 where partSize() < 100_000 { Thread.sleep(forTimeInterval: 0.005) }
      kill(process.processIdentifier, SIGINT)
    }
    expectRefusal(stopped, 4, "interrupted: what arrived of tinyshakespeare is kept")
    #expect(partSize() == 100_000)
    #expect(try folder.names("tinyshakespeare") == [part.lastPathComponent])
  }

  @Test func wrongUseEndsWithExitCode2() throws {
    expectRefusal(try run(["fetch"]), 2, "name")
    expectRefusal(try run(["fetch", "mnits"]), 2, "there is no set \"mnits\"")
    expectRefusal(try run(["fetch", "digits"]), 2, "needs no download")
    expectRefusal(try run(["fetch", "mnist", "--mirror", "ftp://x"]), 2, "expected a URL")
    expectRefusal(try run(["inspect", "digits", "--rows", "-1"]), 2, "rows")
    expectRefusal(try run(["inspect", folder.url.appendingPathComponent("absent").path]), 3, "there is no such file or folder")
  }
}
