import CommandLineSupport
import Foundation
import Testing

@Suite("apus run bignas, from end to end", .serialized)
struct BigNASEndToEndTests {
  private static let tiny = [
    "trainingExamples=96", "validationExamples=40", "testExamples=40", "batchSize=32", "epochs=2", "calibrationImages=64", "references=1",
    "seeds=1", "mutations=3", "latencyRuns=5",
  ]

  private func run(_ settings: [String], _ arguments: [String] = [], in directory: URL) throws -> ApusProcess {
    try ApusProcess(["run", "bignas"] + settings.flatMap { ["--set", $0] } + arguments, in: directory)
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
          "gap-shrinks-1-to-2", "calibration-is-needed", "plain-runs-faster",
        ]))
      let output = directory.appendingPathComponent("here")
      for file in ["model.safetensors", "architecture.json", "supernet.safetensors", "figures/accuracy.svg", "figures/selection.svg"] {
        #expect(FileManager.default.fileExists(atPath: output.appendingPathComponent(file).path), "\(file)")
      }
      let again = try metrics(try run(Self.tiny + everything, ["--json", "--out", "again"], in: directory))
      #expect(first.filter { !$0.key.hasPrefix("latency") } == again.filter { !$0.key.hasPrefix("latency") })
      let other = try run(
        Self.tiny + [
          "variants=sandwich", "optimizer=rmsprop", "learningRate=0.01", "space=five-blocks-wide", "valueClip=1", "budgets=400000",
        ],
        ["--json", "--out", "other"], in: directory)
      #expect(other.exitCode == 0, "\(other.errors)")
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
