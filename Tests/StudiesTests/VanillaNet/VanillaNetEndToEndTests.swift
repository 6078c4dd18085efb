import CommandLineSupport
import Datasets
import Foundation
import Tensors
import Testing

/// The whole way of a user: train, read the findings, predict, interrupt, and what is refused.
@Suite("apus run vanillanet, from end to end", .serialized) struct VanillaNetEndToEndTests {
  /// Every kind of network, on a few drawn images: seconds.
  private static let tiny = [
    "variants=plain,series,vanillanet,vanillanet-3,decay-none,decay-all,shifted,resnet", "seeds=1", "trainingExamples=80",
    "testExamples=40",
    "batchSize=20", "epochs=2", "widths=6,6,8,8", "latencyRuns=0",
  ]

  private func run(_ settings: [String], _ arguments: [String] = [], in directory: URL) throws -> ApusProcess {
    try ApusProcess(["run", "vanillanet"] + settings.flatMap { ["--set", $0] } + arguments, in: directory)
  }

  private func findings(_ directory: URL) throws -> [String: Any] {
    let data = try Data(contentsOf: directory.appendingPathComponent("findings.json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  @Test func theQuickPresetShowsTheEffect() throws {
    try withTemporaryDirectory { directory in
      // Without the timed inferences, on which other tests would press.
      let result = try run(["latencyRuns=0"], ["--out", "here"], in: directory)
      #expect(result.exitCode == 0, "\(result.errors)")
      let claims = try #require(try findings(directory.appendingPathComponent("here"))["claims"] as? [[String: Any]])
      for id in ["series-activation-helps", "merging-changes-no-prediction", "merging-is-exact"] {
        #expect(claims.contains { $0["id"] as? String == id && $0["holds"] as? Bool == true }, "\(id)")
      }
    }
  }

  @Test func aRunLeavesAReportAndANetworkThatPredicts() throws {
    try withTemporaryDirectory { directory in
      let result = try run(Self.tiny, ["--json", "--out", "here"], in: directory)
      #expect(result.exitCode == 0, "\(result.errors)")
      let output = directory.appendingPathComponent("here")
      let claims = try #require(try findings(output)["claims"] as? [[String: Any]])
      for id in ["merging-changes-no-prediction", "merging-is-exact"] {
        #expect(claims.contains { $0["id"] as? String == id && $0["holds"] as? Bool == true }, "\(id)")
      }
      #expect(claims.allSatisfy { $0["measured"] != nil && $0["baseline"] != nil })
      for file in [
        "report.html", "model.safetensors", "deployed.safetensors", "options.json", "figures/accuracy.svg", "figures/accuracy.csv",
      ] {
        #expect(FileManager.default.fileExists(atPath: output.appendingPathComponent(file).path), "\(file)")
      }
      let merged = try SafetensorsFile(reading: output.appendingPathComponent("deployed.safetensors"))
      #expect(merged.names.contains("stages.0.conv.weight") && merged.metadata["verification"]?.contains("largest difference") == true)

      let pixels = (0..<30 * 26 * 3).map { UInt8(($0 * 37) % 256) }
      try Data(PNG.encode(RasterImage(height: 30, width: 26, channels: 3, pixels: pixels)))
        .write(to: directory.appendingPathComponent("picture.png"))
      let prediction = try ApusProcess(["predict", "here", "picture.png", "--json"], in: directory)
      #expect(prediction.exitCode == 0, "\(prediction.errors)")
      let documents = try #require(prediction.document as? [[String: Any]])
      #expect(documents.count == 1 && (documents[0]["label"] as? String)?.contains("stripes") == true)

      func refused(_ words: String, _ change: (inout [String: Tensor], inout [String: String]) -> Void) throws {
        let url = output.appendingPathComponent("model.safetensors")
        let bytes = try Data(contentsOf: url)
        let file = try SafetensorsFile(reading: url)
        var (tensors, metadata) = (try file.tensors(), file.metadata)
        change(&tensors, &metadata)
        try SafetensorsFile.write(tensors, metadata: metadata, to: url)
        let result = try ApusProcess(["predict", "here", "picture.png"], in: directory)
        #expect(result.exitCode == 3 && result.output.isEmpty && result.errors.contains(words), "\(words): \(result.errors)")
        try bytes.write(to: url)
      }
      // A network whose lambda is not 1 yet would say something else when merged.
      try refused("lambda is 0.5") { tensors, _ in tensors["slope"] = Tensor([Float(0.5)]) }
      try refused("head.first.weight") { tensors, _ in tensors["head.first.weight"] = nil }
      try refused("vanillanet") { _, metadata in metadata["vanillanet"] = "{}" }
      #expect(try ApusProcess(["predict", "here", "absent.png"], in: directory).exitCode == 3)

      let summary = try ApusProcess(["summary", "vanillanet"], in: directory)
      #expect(summary.exitCode == 0 && summary.output.contains("merged"), "\(summary.errors)")
    }
  }

  @Test func equalSeedsGiveEqualFindings() throws {
    try withTemporaryDirectory { directory in
      let settings =
        Self.tiny + [
          "variants=vanillanet", "averageDecay=0.9", "mixupAlpha=0.2", "cutMixAlpha=1", "smoothing=0.1", "dropout=0.05",
          "loss=binary-cross-entropy", "optimizer=lamb", "layerDecay=0.8", "layerGroups=2", "augmentation=paper", "decayForm=cosine",
        ]
      for name in ["one", "two"] {
        let result = try run(settings, ["--out", name], in: directory)
        #expect(result.exitCode == 0, "\(result.errors)")
      }
      let (one, two) = (try findings(directory.appendingPathComponent("one")), try findings(directory.appendingPathComponent("two")))
      for key in ["metrics", "claims"] { #expect((one[key] as? NSObject) == (two[key] as? NSObject), "\(key)") }
      let models = try ["one", "two"].map { try Data(contentsOf: directory.appendingPathComponent("\($0)/model.safetensors")) }
      #expect(models[0] == models[1])
    }
  }

  @Test(arguments: [
    ("strides=1,2", ["option widths = 48,48,96,192", "3 numbers"]), ("seriesTerms=-1", ["option seriesTerms = -1", "from 0 to 8"]),
    ("depth=4", ["option depth = 4", "5 to 13"]), ("decayShare=-1", ["option decayShare = -1"]),
    ("decayShare=nan", ["option decayShare = nan"]),
    ("variants=plain,plain", ["each at most once"]), ("variants=deepest", ["option variants = deepest", "vanillanet"]),
    ("epochs=0", ["option epochs = 0"]), ("optimizer=sgd", ["expected adamw or lamb"]), ("widths=0,1,2,3", ["option widths"]),
  ])
  func wrongOptionsAreRefused(assignment: String, words: [String]) throws {
    try withTemporaryDirectory { directory in
      try expectOptionRefused(try run([assignment], ["--preset", "reduced", "--json"], in: directory), saying: words, in: directory)
    }
  }

  @Test func wrongDataAreRefused() throws {
    try withTemporaryDirectory { directory in
      try Data("a,b\n1,2\n3,4\n".utf8).write(to: directory.appendingPathComponent("table.csv"))
      func refused(_ data: [String], _ settings: [String], _ words: String) throws {
        let result = try run(Self.tiny + settings, data + ["--json", "--out", "out"], in: directory)
        #expect(result.exitCode == 3 && result.output.isEmpty && result.errorLines.count == 1, "\(result.errors)")
        #expect(result.errors.contains(words), "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: directory.appendingPathComponent("out").path))
      }
      try refused(["--data", "table.csv"], [], "without labelled images")
      try refused(["--data", "absent"], [], "absent")
      // The paper's sizes are for pictures that somebody has.
      try refused(["--preset", "paper"], ["trainingExamples=10000000", "side=224"], "too many to draw")
      // Maps of 8, pooled by 2 and 8: nothing is left.
      try refused([], ["strides=2,8,2", "side=8"], "nothing is left")
      try refused([], ["stemKernel=16", "side=12"], "the stem of 16 x 16")
    }
  }
}
