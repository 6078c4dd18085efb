import CommandLineSupport
import Datasets
import Foundation
import Tensors
import Testing

@Suite("apus run once-for-all, from end to end", .serialized)
struct OnceForAllEndToEndTests {
  private static let tiny = [
    "trainingExamples=96", "validationExamples=40", "testExamples=40", "batchSize=32", "fullEpochs=1", "depthEpochs=1", "widthEpochs=1",
    "calibrationImages=64", "references=1", "uniformNetworks=1", "predictorNetworks=12", "predictorEpochs=5", "population=8",
    "iterations=3", "randomNetworks=2", "latencyRuns=5",
  ]

  private func run(
    _ settings: [String], _ arguments: [String] = [], in directory: URL, whileRunning: (Process) throws -> Void = { _ in }
  ) throws -> ApusProcess {
    try ApusProcess(["run", "once-for-all"] + settings.flatMap { ["--set", $0] } + arguments, in: directory, whileRunning: whileRunning)
  }

  @Test func `a run leaves a report, a latency table and a network that predicts; what does not fit is refused`() throws {
    try withTemporaryDirectory { directory in
      let result = try run(Self.tiny + ["fineTuningEpochs=1"], ["--json", "--out", "here"], in: directory)
      #expect(result.exitCode == 0 && !result.errors.contains("apus:"), "\(result.errors)")
      let output = directory.appendingPathComponent("here")
      let document = try #require(result.document as? [String: Any])
      let metrics = try #require(document["metrics"] as? [String: [String: Any]])
      for name in [
        "smallest.shrunk-accuracy", "largest.sliced-accuracy", "predictor.rank-correlation", "search-multiply-adds.test-accuracy",
        "search-latency.latency", "latency-table.mean-error", "once-for-all.training-gmacs", "search-multiply-adds.fine-tuned-accuracy",
      ] {
        #expect(metrics[name]?["value"] is Double, "\(name)")
      }
      let claims = Set(try #require(document["claims"] as? [[String: Any]]).compactMap { $0["id"] as? String })
      #expect(
        claims.isSuperset(of: ["slicing-collapses", "sorting-helps", "predictor-ranks", "search-beats-random", "calibration-is-needed"]))
      for file in [
        "latency.json", "architecture.json", "supernet.safetensors", "predictor.safetensors", "report.html", "figures/accuracy.svg",
      ] {
        #expect(FileManager.default.fileExists(atPath: output.appendingPathComponent(file).path), "\(file)")
      }

      try writePicture(to: directory.appendingPathComponent("picture.png"))
      let prediction = try ApusProcess(["predict", "here", "picture.png", "--json"], in: directory)
      #expect(prediction.exitCode == 0 && prediction.output.contains("degrees"), "\(prediction.errors)")
      #expect(try ApusProcess(["predict", "here", "picture.png", "--json"], in: directory).output == prediction.output)

      // A table with a row taken out, one of another space, and none.
      let table = output.appendingPathComponent("latency.json")
      let text = try String(contentsOf: table, encoding: .utf8)
      #expect(try run(Self.tiny + ["latencyTable=here/latency.json"], ["--out", "again"], in: directory).exitCode == 0)
      try text.replacing("\"kernel\" : 7", with: "\"kernel\" : 9").write(
        to: directory.appendingPathComponent("short.json"), atomically: true, encoding: .utf8)
      try text.replacing(/"space" : "[0-9a-f]*"/, with: "\"space\" : \"0\"").write(
        to: directory.appendingPathComponent("other.json"), atomically: true, encoding: .utf8)
      for (name, words) in [("short.json", "kernel 7"), ("other.json", "space"), ("absent.json", "absent.json")] {
        let refused = try run(Self.tiny + ["latencyTable=\(name)"], ["--out", "none"], in: directory)
        #expect(refused.exitCode == 3 && refused.errors.contains(words), "\(name): \(refused.exitCode) \(refused.errors)")
      }
      // A model that is cut off.
      let model = output.appendingPathComponent("model.safetensors")
      let bytes = try Data(contentsOf: model)
      try bytes.prefix(bytes.count - 100).write(to: model)
      let cut = try ApusProcess(["predict", "here", "picture.png"], in: directory)
      #expect(cut.exitCode == 3 && cut.errors.contains("model.safetensors"))
    }
  }

  @Test func `an interrupted run resumes to the same findings`() throws {
    try withTemporaryDirectory { directory in
      let settings = Self.tiny + ["widthEpochs=6", "references=0", "augmentation=resized-crop"]
      let whole = try run(settings, ["--json", "--out", "whole"], in: directory)
      #expect(whole.exitCode == 0, "\(whole.errors)")
      let stopped = try run(settings, ["--out", "parts"], in: directory) { process in
        // The phases before are done, channels are sorted.
        let checkpoints = directory.appendingPathComponent("parts.partial/checkpoints/width-seed-1").path
        while process.isRunning, (try? FileManager.default.contentsOfDirectory(atPath: checkpoints))?.isEmpty ?? true {
          Thread.sleep(forTimeInterval: 0.002)
        }
        kill(process.processIdentifier, SIGINT)
      }
      #expect(stopped.exitCode == 4 && stopped.errors.contains("--resume"), "\(stopped.errors)")
      let resumed = try run(settings, ["--json", "--out", "parts", "--resume"], in: directory)
      #expect(resumed.exitCode == 0, "\(resumed.errors)")
      try expectSameFindings(whole, resumed)
      for file in [
        "model.safetensors", "supernet.safetensors", "predictor.safetensors", "figures/accuracy.csv",
        "trainings/width-seed-1-best.safetensors",
        "trainings/full-seed-1-last.safetensors",
      ] {
        let files = try ["whole", "parts"].map { try Data(contentsOf: directory.appendingPathComponent("\($0)/\(file)")) }
        #expect(files[0] == files[1], "\(file)")
      }
    }
  }

  private func writePicture(to file: URL) throws {
    let pixels = (0..<40 * 40).map { index in UInt8(index / 3 % 2 == 0 ? 40 : 220) }
    try Data(PNG.encode(RasterImage(height: 40, width: 40, channels: 1, pixels: pixels))).write(to: file)
  }

  @Test func `bad options and data are refused before any work`() throws {
    try withTemporaryDirectory { directory in
      for (settings, code, words) in [
        (["multiplyAddLimit=20000"], 2, "31040"), (["latencyLimit=-1"], 2, "latencyLimit"), (["predictorNetworks=5"], 2, "at least 10"),
        (["space=huge"], 2, "five-blocks"),
      ] as [([String], Int32, String)] {
        let result = try run(settings, ["--out", "none"], in: directory)
        #expect(result.exitCode == code && result.errors.contains(words) && result.errorLines.count == 1, "\(settings): \(result.errors)")
      }
      try Data([0, 0, 8, 3, 0, 0]).write(to: directory.appendingPathComponent("train-images-idx3-ubyte"))
      #expect(try run([], ["--data", ".", "--out", "none"], in: directory).exitCode == 3)
      #expect(try run([], ["--data", "absent", "--out", "none"], in: directory).exitCode == 3)
      #expect(!FileManager.default.fileExists(atPath: directory.appendingPathComponent("none").path))
      let parity = directory.appendingPathComponent("case.safetensors")
      try SafetensorsFile.write(["in.x": Tensor.zeros([1])], to: parity)
      for system in ["once-for-all", "bignas"] {
        let result = try ApusProcess(["verify", "--system", system, "case.safetensors"], in: directory)
        #expect(result.exitCode == 3 && result.errors.contains("case.safetensors"), "\(result.errors)")
      }
    }
  }
}
