import Foundation
import Studies
import Tensors
import Testing
import Training

@Suite("Running a study")
struct ExecutionTests {
  private func names(_ directory: URL) throws -> Set<String> {
    Set(try FileManager.default.contentsOfDirectory(atPath: directory.path))
  }

  @Test func aRunLeavesEverything() throws {
    try withTemporaryDirectory { directory in
      let output = directory.appendingPathComponent("deep/er/run")
      let run = try SlopeStudy.execute(RunRequest(seed: 3, assignments: ["steps=20"], output: output))
      #expect(run.isNew)
      #expect(run.document.metrics["line.loss"]?.seeds == 2)
      #expect(
        try names(output).isSuperset(of: [
          "findings.json", "options.json", "report.html", "metrics.jsonl", "figures", "tables", "model.safetensors",
        ]))
      #expect(try names(output).isDisjoint(with: [".lock", "checkpoints"]))
      #expect(try names(output.deletingLastPathComponent()) == ["run"])
      #expect(try RunFiles.system(in: output) == "slope")
      #expect(try RunFiles.findings(in: output).seed == 3)
      #expect(try SafetensorsFile(reading: output.appendingPathComponent("model.safetensors")).names.sorted() == ["offset", "slope"])
    }
  }

  @Test func equalSeedsGiveEqualFindings() throws {
    try withTemporaryDirectory { directory in
      func run(_ name: String, _ seed: Int) throws -> FindingsDocument {
        try SlopeStudy.execute(RunRequest(seed: seed, assignments: ["steps=9"], output: directory.appendingPathComponent(name))).document
      }
      let (one, same, other) = try (run("a", 1), run("b", 1), run("c", 2))
      #expect(one.metrics == same.metrics && one.claims == same.claims)
      #expect(one.metrics != other.metrics)
      for file in ["figures/loss.csv", "figures/loss.svg", "tables/fits.csv"] {
        let data = ["a", "b"].map { try? Data(contentsOf: directory.appendingPathComponent("\($0)/\(file)")) }
        #expect(data[0] == data[1], "\(file)")
      }
    }
  }

  @Test func findingsFollowTheSchema() throws {
    try withTemporaryDirectory { directory in
      let run = try SlopeStudy.execute(RunRequest(assignments: ["steps=20"], output: directory.appendingPathComponent("run")))
      let data = try Data(contentsOf: run.directory.appendingPathComponent("findings.json"))
      let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      #expect(
        Set(json.keys) == ["system", "preset", "seed", "options", "data", "metrics", "claims", "seconds", "peakBytes", "version"])
      #expect(json["system"] as? String == "slope")
      #expect(json["preset"] as? String == "quick")
      #expect((json["options"] as? [String: Any])?["steps"] as? Int == 20)
      #expect((json["data"] as? [String: Any])?["name"] as? String == "line")
      let metric = try #require((json["metrics"] as? [String: Any])?["line.loss"] as? [String: Any])
      #expect(metric["value"] is Double && metric["unit"] is String)
      let claims = try #require(json["claims"] as? [[String: Any]])
      #expect(claims.map { $0["id"] as? String } == ["line-fits", "line-is-perfect"])
      #expect(claims.map { $0["holds"] as? Bool } == [true, false])
      #expect(claims[0]["relation"] as? String == "<")
      for key in ["statement", "measured", "baseline", "margin"] { #expect(claims[0][key] != nil, "\(key)") }
      #expect((json["seconds"] as? Double ?? -1) >= 0 && (json["peakBytes"] as? Int ?? 0) > 0)
    }
  }

  @Test func wrongOptionsAreRefusedBeforeAnyWork() throws {
    try withTemporaryDirectory { (directory) throws in
      #expect(throws: OptionError.self) {
        try SlopeStudy.execute(RunRequest(assignments: ["steps=0"], output: directory.appendingPathComponent("run")))
      }
      #expect(try names(directory).isEmpty)
    }
  }

  @Test func anOlderRunIsReplacedAndOtherFilesStay() throws {
    try withTemporaryDirectory { directory in
      let output = directory.appendingPathComponent("run")
      _ = try SlopeStudy.execute(RunRequest(assignments: ["steps=5"], output: output))
      try Data("mine".utf8).write(to: output.appendingPathComponent("notes.txt"))
      try Data("old".utf8).write(to: output.appendingPathComponent("figures/old.svg"))
      let second = try SlopeStudy.execute(RunRequest(assignments: ["steps=6"], output: output))
      #expect(try RunFiles.findings(in: output).options["steps"] == .integer(6))
      #expect(second.isNew)
      #expect(try names(output).contains("notes.txt"))
      #expect(try !names(output.appendingPathComponent("figures")).contains("old.svg"))
      #expect(try names(directory) == ["run"])
    }
  }

  @Test func aDirectoryOfSomebodyElseIsRefused() throws {
    try withTemporaryDirectory { (directory) throws in
      try Data("x".utf8).write(to: directory.appendingPathComponent("thesis.tex"))
      #expect(
        performing: { try SlopeStudy.execute(RunRequest(output: directory)) },
        throws: { $0 is OutputDirectoryError && "\($0)".contains("holds files that no run has written, as \"thesis.tex\"") })
      #expect(try names(directory) == ["thesis.tex"])
      #expect(
        performing: { try SlopeStudy.execute(RunRequest(output: directory.appendingPathComponent("thesis.tex"))) },
        throws: { "\($0)".contains("is a file") })
    }
  }

  @Test func aDirectoryInUseIsRefused() throws {
    try withTemporaryDirectory { directory in
      let output = directory.appendingPathComponent("run")
      let taken = try OutputDirectory(output, leftover: .protect)
      #expect(
        performing: { try SlopeStudy.execute(RunRequest(output: output)) },
        throws: { "\($0)".contains("is in use by the running process \(ProcessInfo.processInfo.processIdentifier)") })
      withExtendedLifetime(taken) {}
    }
  }

  @Test func anInterruptedRunIsKeptAndResumed() throws {
    try withTemporaryDirectory { (directory) throws in
      let output = directory.appendingPathComponent("run")
      func run(_ assignments: [String], _ leftover: OutputDirectory.Leftover) throws -> CompletedRun {
        try SlopeStudy.execute(RunRequest(assignments: assignments, output: output, leftover: leftover))
      }
      #expect(throws: Interrupted.self) { try run(["isInterrupted=true"], .protect) }
      #expect(try names(directory) == ["run.partial"])
      #expect(
        performing: { try run([], .protect) }, throws: { "\($0)".contains("add --resume to continue it, or --restart to discard it") })
      #expect(
        performing: { try run([], .resume) },
        throws: { $0 is RequestMismatch && "\($0)".contains("options.isInterrupted is true there and false here") })
      #expect(try names(directory) == ["run.partial"])
      #expect(try run([], .discard).isNew)
      #expect(try names(directory) == ["run"])
      // Resuming what is done finds it, and says when it is something else.
      #expect(try !run([], .resume).isNew)
      #expect(throws: RequestMismatch.self) { try run(["steps=3"], .resume) }
    }
  }

  @Test func resumingNothingBeginsAnew() throws {
    try withTemporaryDirectory { directory in
      let run = try SlopeStudy.execute(
        RunRequest(assignments: ["steps=2"], output: directory.appendingPathComponent("run"), leftover: .resume))
      #expect(run.isNew)
    }
  }

  @Test func damagedRunsAreNamed() throws {
    try withTemporaryDirectory { directory in
      #expect(throws: FileAccessError.self) { try RunFiles.findings(in: directory) }
      for text in ["", "{", "[]", "{\"system\": 3}"] {
        try Data(text.utf8).write(to: directory.appendingPathComponent("findings.json"))
        #expect(throws: FileFormatError.self, "\(text)") { try RunFiles.findings(in: directory) }
      }
    }
  }
}
