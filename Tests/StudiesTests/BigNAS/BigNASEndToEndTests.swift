import CommandLineSupport
import Foundation
import Testing

@Suite("apus run bignas, from end to end", .serialized)
struct BigNASEndToEndTests {
  private static let tiny = [
    "trainingExamples=96", "validationExamples=40", "testExamples=40", "batchSize=32", "epochs=2", "calibrationImages=64", "references=1",
    "seeds=1", "mutations=3", "latencyRuns=5",
  ]

  private func run(
    _ settings: [String], _ arguments: [String] = [], in directory: URL, whileRunning: (Process) throws -> Void = { _ in }
  ) throws -> ApusProcess {
    try ApusProcess(["run", "bignas"] + settings.flatMap { ["--set", $0] } + arguments, in: directory, whileRunning: whileRunning)
  }

  private func metrics(_ result: ApusProcess) throws -> [String: Double] {
    let document = try #require(result.document as? [String: Any], "\(result.errors)")
    return try #require(document["metrics"] as? [String: [String: Any]]).compactMapValues { $0["value"] as? Double }
  }

  @Test func `every way of training runs, and the same seed gives the same accuracies`() throws {
    try withTemporaryDirectory { directory in
      let everything = [
        "variants=uniform,sandwich-labels,sandwich,warm", "ablations=sandwich-mixed,constant-ending,full-scale,regularizes-all",
        "lengths=1,2",
        "standsAlone=true",
      ]
      let result = try run(Self.tiny + everything, ["--json", "--out", "here"], in: directory)
      #expect(result.exitCode == 0 && !result.errors.contains("apus:"), "\(result.errors)")
      let first = try metrics(result)
      for name in ["sandwich.smallest-accuracy", "constant-ending.largest-accuracy", "alone.middle-accuracy", "gap-after-2-epochs"] {
        #expect(first[name] != nil, "\(name)")
      }
      let claims = Set(try #require((result.document as? [String: Any])?["claims"] as? [[String: Any]]).compactMap { $0["id"] as? String })
      #expect(
        claims.isSuperset(of: [
          "sandwich-helps-the-largest", "sandwich-keeps-the-smallest", "close-to-alone", "ranks-as-alone", "warm-teacher-is-better",
          "gap-shrinks-1-to-2", "calibration-is-needed", "plain-runs-faster", "zero-scales-help", "regularising-the-biggest-alone-helps",
          "constant-ending-helps", "labels-are-not-needed",
        ]))
      let output = directory.appendingPathComponent("here")
      for file in [
        "model.safetensors", "architecture.json", "supernet.safetensors", "figures/accuracy.svg", "figures/selection.svg",
        "figures/lengths.svg",
        "trainings/warm-seed-1-best.safetensors", "trainings/warm-seed-1-last.safetensors",
      ] {
        #expect(FileManager.default.fileExists(atPath: output.appendingPathComponent(file).path), "\(file)")
      }
      let again = try metrics(
        try run(Self.tiny + ["variants=sandwich,warm", "fineTuning=false", "mutations=0"], ["--json", "--out", "again"], in: directory))
      let repeated = again.filter { $0.key.hasPrefix("sandwich") || $0.key.hasPrefix("warm") }
      #expect(repeated.count >= 8 && repeated.allSatisfy { first[$0.key] == $0.value })
      let other = try run(
        Self.tiny + [
          "variants=sandwich", "optimizer=rmsprop", "learningRate=0.01", "space=five-blocks-wide", "valueClip=1", "budgets=400000",
          "augmentation=resized-crop",
        ],
        ["--json", "--out", "other"], in: directory)
      #expect(other.exitCode == 0, "\(other.errors)")
    }
  }

  @Test func `an interrupted run resumes to the same findings, also behind the switch to small networks`() throws {
    try withTemporaryDirectory { directory in
      let settings = Self.tiny + ["epochs=12", "batchSize=48", "variants=sandwich,warm", "references=0", "mutations=0", "fineTuning=false"]
      let whole = try run(settings, ["--json", "--out", "whole"], in: directory)
      #expect(whole.exitCode == 0, "\(whole.errors)")
      // Channels are sorted before step 12 of 24.
      let stopped = try run(settings, ["--out", "parts"], in: directory) { process in
        let checkpoints = directory.appendingPathComponent("parts.partial/checkpoints/warm-seed-1").path
        while process.isRunning {
          let names = (try? FileManager.default.contentsOfDirectory(atPath: checkpoints)) ?? []
          if names.contains(where: { $0.hasPrefix("step-") && Int($0.dropFirst(5).prefix(9)) ?? 0 >= 14 }) { break }
          Thread.sleep(forTimeInterval: 0.002)
        }
        kill(process.processIdentifier, SIGINT)
      }
      #expect(stopped.exitCode == 4 && stopped.errors.contains("--resume"), "\(stopped.errors)")
      let resumed = try run(settings, ["--json", "--out", "parts", "--resume"], in: directory)
      #expect(resumed.exitCode == 0, "\(resumed.errors)")
      try expectSameFindings(whole, resumed)
      for file in [
        "model.safetensors", "supernet.safetensors", "figures/accuracy.csv", "figures/selection.csv",
        "trainings/warm-seed-1-best.safetensors", "trainings/warm-seed-1-last.safetensors",
      ] {
        let files = try ["whole", "parts"].map { try Data(contentsOf: directory.appendingPathComponent("\($0)/\(file)")) }
        #expect(files[0] == files[1], "\(file)")
      }
    }
  }

  @Test func `bad options are refused before any work`() throws {
    try withTemporaryDirectory { directory in
      for (setting, words) in [
        ("networks=1", "from 2 to 64"), ("rmspropDecay=-0.1", "rmspropDecay"), ("budgets=1000", "110664"),
        ("variants=sandwich,sandwich", "at most once"),
        ("ablations=sandwich", "among the variants"),
      ] {
        let result = try run([setting], ["--out", "none"], in: directory)
        #expect(result.exitCode == 2 && result.errors.contains(words) && result.errorLines.count == 1, "\(setting): \(result.errors)")
      }
      #expect(!FileManager.default.fileExists(atPath: directory.appendingPathComponent("none").path))
    }
  }
}
