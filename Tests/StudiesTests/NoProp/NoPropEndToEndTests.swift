import CommandLineSupport
import Datasets
import Foundation
import Tensors
import Testing
import Training

/// The whole way of a user: train on drawn digits, read the report, predict, interrupt and resume.
@Suite("apus run noprop, from end to end", .serialized)
struct NoPropEndToEndTests {
  /// Every way of training, on a few digits: seconds.
  private static let tiny = [
    "variants=dt,dt-learned,dt-prototype,ct,fm,fm-learned,backpropagation,adjoint,cnn", "seeds=1", "trainingExamples=120",
    "testExamples=40", "batchSize=40", "steps=2", "epochs=1", "flowEpochs=1", "adjointEpochs=1", "adjointSteps=2", "inferenceSteps=4",
    "inferenceRuns=2",
  ]

  private func run(
    _ settings: [String], _ arguments: [String] = [], in directory: URL, whileRunning: (Process) throws -> Void = { _ in }
  ) throws -> ApusProcess {
    try ApusProcess(
      ["run", "noprop"] + settings.flatMap { ["--set", $0] } + arguments, in: directory, whileRunning: whileRunning)
  }

  private func findings(_ directory: URL) throws -> [String: Any] {
    let data = try Data(contentsOf: directory.appendingPathComponent("findings.json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  private func text(_ file: URL) throws -> String { try String(contentsOf: file, encoding: .utf8) }

  /// A digit as somebody might scan it: dark on light, larger than the training's, in colour.
  private func writePicture(to file: URL) throws {
    let (height, width) = (60, 44)
    let pixels = (0..<height * width).flatMap { index -> [UInt8] in
      let isStroke = (18..<26).contains(index % width) && (8..<52).contains(index / width)
      return isStroke ? [20, 20, 60] : [250, 248, 240]
    }
    try Data(PNG.encode(RasterImage(height: height, width: width, channels: 3, pixels: pixels))).write(to: file)
  }

  @Test func aRunLeavesAReportAndAModelThatPredicts() throws {
    try withTemporaryDirectory { directory in
      let result = try run(Self.tiny, ["--json", "--out", "here", "--seed", "5"], in: directory)
      #expect(result.exitCode == 0 && !result.errors.contains("apus:"), "\(result.errors)")
      let output = directory.appendingPathComponent("here")

      // The document on standard output is the one in the directory.
      let document = try #require(result.document as? [String: Any])
      #expect(NSDictionary(dictionary: document) == NSDictionary(dictionary: try findings(output)))
      #expect(
        Set(document.keys) == ["system", "preset", "seed", "options", "data", "metrics", "claims", "seconds", "peakBytes", "version"])
      #expect(document["system"] as? String == "noprop" && document["preset"] as? String == "quick" && document["seed"] as? Int == 5)
      #expect((document["options"] as? [String: Any])?["trainingExamples"] as? Int == 120)
      let data = try #require(document["data"] as? [String: Any])
      #expect(
        (data["name"] as? String)?.contains("digits") == true && data["isGenerated"] as? Bool == true
          && data["trainingExamples"] as? Int == 120)
      for metric in try #require(document["metrics"] as? [String: [String: Any]]) {
        #expect(metric.value["value"] is Double && metric.value["unit"] is String, "\(metric.key)")
      }
      let claims = try #require(document["claims"] as? [[String: Any]])
      #expect(claims.contains { $0["id"] as? String == "order-does-not-matter" && $0["holds"] as? Bool == true })
      for claim in claims {
        for key in ["id", "statement", "measured", "baseline", "relation", "margin", "holds"] { #expect(claim[key] != nil, "\(key)") }
      }

      try checkReport(output)
      try checkMeasurements(output)
      try checkModel(output)
    }
  }

  private func checkReport(_ output: URL) throws {
    let page = try text(output.appendingPathComponent("report.html"))
    for address in page.matches(of: /(?:src|href)\s*=\s*"([^"]*)"/).map(\.1) {
      #expect(
        address.hasPrefix("figures/") || address.hasPrefix("tables/") || address.hasPrefix("#") || address.hasPrefix("data:"), "\(address)")
      if address.hasPrefix("figures/") || address.hasPrefix("tables/") {
        #expect(FileManager.default.fileExists(atPath: output.appendingPathComponent(String(address)).path), "\(address)")
      }
    }
    #expect(!page.contains("@import") && !page.contains("url(http") && !page.contains("fetch("))
    #expect(page.contains("--seed 5"), "the command that made it")

    let figures = output.appendingPathComponent("figures")
    let names = try FileManager.default.contentsOfDirectory(atPath: figures.path)
    let withData = names.filter { $0.hasSuffix(".csv") }.map { $0.dropLast(4) }
    #expect(Set(withData).isSuperset(of: ["accuracy", "learning-curves", "chain", "inference-steps", "memory"]))
    for name in withData {
      let lines = try text(figures.appendingPathComponent("\(name).csv")).split(separator: "\n")
      #expect(lines.count > 1, "\(name) has data")
      #expect(names.contains("\(name).svg"), "\(name) is drawn")
      #expect(page.contains("id=\"\(name)-wide-title\""), "\(name) is on the page")
    }
  }

  private func checkMeasurements(_ output: URL) throws {
    var names = Set<String>()
    for line in try text(output.appendingPathComponent("metrics.jsonl")).split(separator: "\n") {
      let record = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
      if let name = record["name"] as? String { names.insert(name) }
    }
    #expect(names.isSuperset(of: ["dt-seed-5/test accuracy", "dt-seed-5/denoising", "cnn-seed-5/loss"]), "\(names.sorted())")
    let events = try FileManager.default.contentsOfDirectory(atPath: output.appendingPathComponent("tensorboard").path)
    #expect(events.contains { $0.hasPrefix("events.out.tfevents.") })
    #expect(!FileManager.default.fileExists(atPath: output.appendingPathComponent("checkpoints").path))
  }

  private func checkModel(_ output: URL) throws {
    let model = try SafetensorsFile(reading: output.appendingPathComponent("model.safetensors"))
    #expect(model.names.contains { $0.hasPrefix("blocks.0.") } && model.metadata["variant"] == "dt")
    let folder = output.deletingLastPathComponent()
    try writePicture(to: folder.appendingPathComponent("picture.png"))
    let prediction = try ApusProcess(["predict", "here", "picture.png", "--json"], in: folder)
    #expect(prediction.exitCode == 0 && prediction.errors.isEmpty, "\(prediction.errors)")
    let documents = try #require(prediction.document as? [[String: Any]])
    #expect(documents.count == 1 && documents[0]["input"] as? String == "picture.png")
    #expect((0...9).map(String.init).contains(documents[0]["label"] as? String ?? ""))
    #expect((0.1...1).contains(documents[0]["confidence"] as? Double ?? 0))
    #expect(try ApusProcess(["predict", "here", "picture.png", "--json"], in: folder).output == prediction.output, "predictions repeat")
    let words = try ApusProcess(["predict", "here", "picture.png", "picture.png"], in: folder)
    #expect(words.exitCode == 0 && words.output.split(separator: "\n").count == 2)

    func refused(_ arguments: [String], _ words: String) throws {
      let result = try ApusProcess(["predict"] + arguments, in: folder)
      #expect(result.exitCode == 3 && result.output.isEmpty && result.errorLines.count == 1, "\(arguments): \(result.errors)")
      #expect(result.errors.contains(words), "\(arguments): \(result.errors)")
    }
    try refused(["here", "absent.png"], "absent.png")
    try refused(["here", "here/options.json"], "options.json")
    let png = try Data(contentsOf: folder.appendingPathComponent("picture.png"))
    try png.prefix(png.count / 2).write(to: folder.appendingPathComponent("half.png"))
    try refused(["here", "picture.png", "half.png"], "half.png")

    for (arguments, words) in [(["here"], "order-does-not-matter"), (["noprop"], "NoProp-DT")] {
      let json = try ApusProcess(["summary"] + arguments + ["--json"], in: folder)
      #expect(json.exitCode == 0 && json.document is [String: Any] && json.output.contains(words), "\(arguments)")
      let plain = try ApusProcess(["summary"] + arguments, in: folder)
      #expect(plain.exitCode == 0 && plain.errors.isEmpty)
      for word in ["parameters", "blocks.0..."] { #expect(plain.output.contains(word), "\(arguments): \(word)") }
    }

    // A model that is not what the run has written.
    let parameters = output.appendingPathComponent("model.safetensors")
    var tensors = try model.tensors()
    let bytes = try Data(contentsOf: parameters)
    try bytes.prefix(bytes.count - 1000).write(to: parameters)
    try refused(["here", "picture.png"], "model.safetensors")
    tensors["embedding.weight"] = Tensor.zeros([3, 10])
    try SafetensorsFile.write(tensors, metadata: model.metadata, to: parameters)
    try refused(["here", "picture.png"], "model.safetensors")
    tensors["embedding.weight"] = nil
    try SafetensorsFile.write(tensors, metadata: model.metadata, to: parameters)
    try refused(["here", "picture.png"], "embedding.weight")
    try bytes.write(to: parameters)
  }

  /// The quick preset, which is what a newcomer sees.
  @Test func theDemonstrationLearns() throws {
    try withTemporaryDirectory { directory in
      let result = try ApusProcess(["demo", "--out", "demo"], in: directory)
      #expect(result.exitCode == 0, "\(result.errors)")
      for words in ["claims hold", "Report: demo/report.html", "./apus predict demo PICTURE.png"] {
        #expect(result.output.contains(words), "\(words)")
      }
      #expect(result.errorLines.first?.hasPrefix("Training the same network by NoProp and by back-propagation") == true)
      let metrics = try #require(try findings(directory.appendingPathComponent("demo"))["metrics"] as? [String: [String: Any]])
      // Chance gets 10 of 100 digits right.
      for name in ["noprop-dt", "noprop-fm", "backpropagation", "cnn"] {
        let accuracy = try #require(metrics["\(name).test-accuracy"]?["value"] as? Double, "\(name)")
        #expect(accuracy > 15 && accuracy <= 100, "\(name): \(accuracy)")
      }
    }
  }

  @Test func optionsFitTheScreen() throws {
    let result = try ApusProcess(["run", "noprop", "--options"])
    #expect(result.exitCode == 0 && result.errors.isEmpty)
    for line in result.output.split(separator: "\n") { #expect(line.count <= 120, "\(line)") }
    for words in ["variants", "  paper", "a whole number from 1 to 100", "apus run noprop --set seeds=1"] {
      #expect(result.output.contains(words), "\(words)")
    }
    let changed = try ApusProcess(["run", "noprop", "--options", "--json", "--set", "epochs=7", "--preset", "paper"])
    let entries = try #require(changed.document as? [[String: Any]])
    let epochs = try #require(entries.first { $0["name"] as? String == "epochs" })
    #expect(epochs["value"] as? String == "7" && (epochs["presets"] as? [String: String])?["paper"] == "100")
  }

  @Test func anInterruptedRunResumesToTheSameFindings() throws {
    try withTemporaryDirectory { directory in
      let settings = [
        "variants=dt,fm,backpropagation", "seeds=1", "trainingExamples=120", "testExamples=40", "batchSize=20", "steps=2", "epochs=3",
        "flowEpochs=120", "inferenceSteps=4", "inferenceRuns=2",
      ]
      let whole = directory.appendingPathComponent("whole")
      #expect(try run(settings, ["--out", "whole"], in: directory).exitCode == 0)

      var inUse: ApusProcess?
      let stopped = try run(settings, ["--out", "parts", "--json"], in: directory) { process in
        // The first network is done and the second has begun.
        let checkpoints = directory.appendingPathComponent("parts.partial/checkpoints/fm-seed-1").path
        while process.isRunning, (try? FileManager.default.contentsOfDirectory(atPath: checkpoints))?.isEmpty ?? true {
          Thread.sleep(forTimeInterval: 0.002)
        }
        kill(process.processIdentifier, SIGSTOP)
        inUse = try run(settings, ["--out", "parts", "--resume"], in: directory)
        kill(process.processIdentifier, SIGCONT)
        kill(process.processIdentifier, SIGINT)
      }
      let other = try #require(inUse)
      #expect(other.exitCode == 2 && other.errors.contains("is in use by the running process"), "\(other.errors)")
      #expect(stopped.exitCode == 4 && stopped.output.isEmpty, "\(stopped.errors)")
      #expect(stopped.errors.contains("the state is saved in") && stopped.errors.contains("--resume"), "\(stopped.errors)")
      #expect(!FileManager.default.fileExists(atPath: directory.appendingPathComponent("parts").path))

      let careless = try run(settings, ["--out", "parts"], in: directory)
      #expect(careless.exitCode == 2 && careless.errors.contains("add --resume to continue it, or --restart to discard it"))
      let different = try run(settings + ["epochs=4"], ["--out", "parts", "--resume"], in: directory)
      #expect(different.exitCode == 2 && different.errors.contains("options.epochs is 3 there and 4 here"), "\(different.errors)")

      let resumed = try run(settings, ["--out", "parts", "--resume", "--json"], in: directory)
      #expect(resumed.exitCode == 0, "\(resumed.errors)")
      let parts = directory.appendingPathComponent("parts")
      let (one, two) = (try findings(whole), try findings(parts))
      for key in ["metrics", "claims", "data", "options"] {
        #expect((one[key] as? NSObject) == (two[key] as? NSObject), "\(key): \(one[key] ?? "") and \(two[key] ?? "")")
      }
      for name in ["model.safetensors", "figures/learning-curves.csv", "figures/chain.csv", "figures/inference-steps.csv"] {
        let files = try [whole, parts].map { try Data(contentsOf: $0.appendingPathComponent(name)) }
        #expect(files[0] == files[1], "\(name)")
      }

      // Done is done.
      let again = try run(settings, ["--out", "parts", "--resume", "--json"], in: directory)
      #expect(again.exitCode == 0 && again.output == resumed.output)
      #expect(again.errorLines.count == 1 && again.errors.contains("was done already"), "\(again.errors)")
    }
  }

  @Test(arguments: [
    ("wrong=1", ["unknown option \"wrong\"", "expected variants, seeds"]),
    ("epoch=1", ["unknown option \"epoch\"", "did you mean epochs?"]),
    ("epochs=0", ["option epochs = 0", "a whole number from 1 to 100000"]),
    ("epochs=1.5", ["option epochs = 1.5", "a whole number from 1 to 100000"]),
    ("learningRate=nan", ["option learningRate = nan", "a number from"]),
    ("variants=dt,bp", ["option variants = dt,bp", "backpropagation"]),
    ("variants=dt,dt", ["option variants = dt,dt", "each at most once"]),
    ("variants=", ["option variants"]),
    ("blocks=huge", ["option blocks = huge", "expected reduced or paper"]),
    ("fixesTarget=maybe", ["option fixesTarget = maybe", "true or false"]),
  ])
  func wrongOptionsAreRefused(assignment: String, words: [String]) throws {
    try withTemporaryDirectory { directory in
      try expectOptionRefused(try run([assignment], ["--json"], in: directory), saying: words, in: directory)
    }
  }

  @Test func dataThatAreNoImagesAreRefused() throws {
    try withTemporaryDirectory { directory in
      try Data("a,b,class\n1,2,yes\n3,4,no\n5,6,no\n".utf8).write(to: directory.appendingPathComponent("table.csv"))
      func refused(_ data: String, _ settings: [String], _ words: String) throws {
        let result = try run(settings, ["--data", data], in: directory)
        #expect(result.exitCode == 3 && result.output.isEmpty && result.errorLines.count == 1, "\(data): \(result.errors)")
        #expect(result.errors.contains(words), "\(data): \(result.errors)")
        let left = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(Set(left).isSubset(of: ["table.csv", "runs"]), "\(left)")
      }
      try refused("table.csv", [], "without labelled images")
      try refused("dgits", [], "dgits")
      try refused("digits", ["pooling=8"], "pooling")
      #expect(try run([], ["--out", "/proc/apus-test"], in: directory).exitCode == 2)
    }
  }

  @Test func parityCasesAreJudged() throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../../shared/parity/noprop-a.safetensors").standardizedFileURL
    guard FileManager.default.fileExists(atPath: url.path) else {
      print("the parity case noprop-a.safetensors is absent beside the repository; nothing was compared")
      return
    }
    try withTemporaryDirectory { directory in
      func verify(_ file: URL) throws -> ApusProcess { try ApusProcess(["verify", "--system", "noprop", file.path, "--json"]) }
      let sound = try verify(url)
      #expect(sound.exitCode == 0 && sound.errors.isEmpty, "\(sound.errors)")
      let document = try #require(sound.document as? [String: Any])
      #expect(document["system"] as? String == "noprop" && document["file"] as? String == url.path && document["pass"] as? Bool == true)
      let entries = try #require(document["tensors"] as? [[String: Any]])
      for key in ["name", "maxAbs", "maxRel", "tolerance", "pass"] { #expect(entries.allSatisfy { $0[key] != nil }, "\(key)") }

      // One expected number is another.
      let file = try SafetensorsFile(reading: url)
      var tensors = try file.tensors()
      let name = try #require(file.names.first { $0.hasPrefix("grad.") && tensors[$0]!.dtype == .float32 })
      var values = tensors[name]!.array(of: Float.self)
      values[values.count / 2] += 0.01 + abs(values[values.count / 2]) * 0.01
      tensors[name] = Tensor(values, shape: tensors[name]!.shape)
      let changed = directory.appendingPathComponent("changed.safetensors")
      try SafetensorsFile.write(tensors, metadata: file.metadata, to: changed)
      let failed = try verify(changed)
      #expect(failed.exitCode == 1 && failed.errorLines.count == 1 && failed.errors.contains(name), "\(failed.errors)")
      let verdicts = try #require((failed.document as? [String: Any])?["tensors"] as? [[String: Any]])
      #expect((failed.document as? [String: Any])?["pass"] as? Bool == false)
      #expect(verdicts.filter { $0["pass"] as? Bool == false }.map { $0["name"] as? String } == [name])

      let bytes = try Data(contentsOf: url)
      let cut = directory.appendingPathComponent("cut.safetensors")
      for count in [0, 4, 1000, bytes.count / 2, bytes.count - 1] {
        try bytes.prefix(count).write(to: cut)
        let result = try verify(cut)
        #expect(result.exitCode == 3 && result.output.isEmpty && result.errorLines.count == 1, "\(count): \(result.errors)")
        #expect(result.errors.contains(cut.path), "\(count): \(result.errors)")
      }
    }
  }
}
