import CommandLineSupport
import Datasets
import Foundation
import Lens
import Testing

@Suite("apus run information-plane, from end to end", .serialized)
struct InformationPlaneEndToEndTests {
  private static let tiny = [
    "variants=tanh,relu,random-labels,small-sample", "networks=2", "epochs=6", "recordPoints=4", "kernelPoints=1", "kernelSamples=64",
    "decoderEpochs=1", "depthNetworks=2", "sweepEpochs=2", "depths=1,2", "shares=0.1", "betaCount=3", "gradientBatches=3",
  ]

  private func run(_ settings: [String], _ arguments: [String] = [], in directory: URL) throws -> ApusProcess {
    try ApusProcess(["run", "information-plane"] + settings.flatMap { ["--set", $0] } + arguments, in: directory)
  }

  @Test func `labels are those of the distributed data set`() {
    let text = SymmetricRule.labels.map(String.init).joined()
    #expect(Checksum.sha256(of: Array(text.utf8)).hexadecimal == "8adbd792d6400d00410815b5a1f01b05b59f15fd41ace0db85c7772aa5cf4566")
  }

  @Test func `a run draws the plane, and its network predicts`() throws {
    try withTemporaryDirectory { directory in
      let result = try run(Self.tiny, ["--json", "--out", "here"], in: directory)
      #expect(result.exitCode == 0 && !result.errors.contains("apus:"), "\(result.errors)")
      let output = directory.appendingPathComponent("here")
      let document = try #require(result.document as? [String: Any])
      let claims = try #require(document["claims"] as? [[String: Any]])
      for id in ["identities", "bottleneck-solved", "lagrangian-falls", "nothing-below-one", "deterministic-line"] {
        #expect(claims.contains { $0["id"] as? String == id && $0["holds"] as? Bool == true }, "\(id): \(claims)")
      }
      #expect(claims.contains { $0["id"] as? String == "compression" })
      let figures = try FileManager.default.contentsOfDirectory(atPath: output.appendingPathComponent("figures").path)
      for name in [
        "information-plane", "information-plane-relu", "gradient-phases", "bottleneck", "relu-edges", "snapshot-0", "shares",
        "deterministic-rule",
      ] {
        #expect(figures.contains("\(name).svg") && figures.contains("\(name).csv"), "\(name): \(figures)")
      }
      #expect(try String(contentsOf: output.appendingPathComponent("report.html"), encoding: .utf8).contains("I(X;T)"))

      let prediction = try ApusProcess(["predict", "here", "011010110100", "111111111111", "--json"], in: directory)
      let documents = try #require(prediction.document as? [[String: Any]])
      #expect(prediction.exitCode == 0 && documents.count == 2 && documents.allSatisfy { ["0", "1"].contains($0["label"] as? String) })
      for wrong in ["01101", "01101011010x", "absent.png"] {
        let refused = try ApusProcess(["predict", "here", wrong], in: directory)
        #expect(refused.exitCode == 3 && refused.errors.contains(wrong) && refused.output.isEmpty, "\(refused.errors)")
      }
      let again = try run(Self.tiny, ["--json", "--out", "again"], in: directory)
      let repeated = try #require(again.document as? [String: Any])
      #expect(document["metrics"] as? NSObject == repeated["metrics"] as? NSObject)
    }
  }

  @Test func `a table of one's own is measured, repeated rows together`() throws {
    try withTemporaryDirectory { directory in
      let rows = (0..<80).map { "\($0 % 10),\(($0 * 7) % 10),\($0 % 10 < 5 ? "low" : "high")" }
      try Data((["a,b,class"] + rows).joined(separator: "\n").utf8).write(to: directory.appendingPathComponent("table.csv"))
      let settings = [
        "variants=tanh", "networks=2", "epochs=4", "recordPoints=3", "kernelPoints=0", "sweepEpochs=0", "batchSize=16", "hiddenUnits=4,3",
      ]
      let result = try run(settings, ["--data", "table.csv", "--json", "--out", "here"], in: directory)
      #expect(result.exitCode == 0, "\(result.errors)")
      let refused = try ApusProcess(["predict", "here", "0101"], in: directory)
      #expect(refused.exitCode == 2 && refused.errors.contains("data of one's own"), "\(refused.errors)")
    }
  }

  @Test func `pictures are watched by kernel densities and a decoder, also through convolutions`() throws {
    try withTemporaryDirectory { directory in
      let settings = [
        "networks=1", "pictures=64", "pictureEpochs=1", "pictureBatchSize=32", "kernelSamples=40", "recordPoints=3", "decoderEpochs=1",
      ]
      let result = try run(settings, ["--data", "digits", "--json", "--out", "here"], in: directory)
      #expect(result.exitCode == 0 && !result.errors.contains("apus:"), "\(result.errors)")
      let document = try #require(result.document as? [String: Any])
      let ids = Set(try #require(document["claims"] as? [[String: Any]]).compactMap { $0["id"] as? String })
      #expect(ids.isSuperset(of: ["perceptron-bins-saturate", "convolutional-forgets", "convolutional-learns-the-label"]), "\(ids)")
      let metrics = try #require(document["metrics"] as? [String: Any])
      #expect(metrics["convolutional.test-accuracy"] != nil)
      let output = directory.appendingPathComponent("here")
      for file in ["figures/information-plane-convolutional.svg", "figures/pictures.svg", "tables/pictures.csv", "model.safetensors"] {
        #expect(FileManager.default.fileExists(atPath: output.appendingPathComponent(file).path), "\(file)")
      }
      let table = try String(contentsOf: output.appendingPathComponent("tables/pictures.csv"), encoding: .utf8)
      #expect(table.contains("convolution 1,6272,") && table.contains("dense,1024,"), "\(table)")
      let again = try run(settings, ["--data", "digits", "--json", "--out", "again"], in: directory)
      #expect((again.document as? [String: Any])?["metrics"] as? NSObject == metrics as NSObject)
    }
  }

  @Test(arguments: [
    ("pictureNetworks=perceptron,perceptron", "each at most once"), ("pictureEpochs=0", "pictureEpochs = 0"),
    ("bins=1", "a whole number from 2 to 1000"), ("variants=relu", "expected tanh"), ("trainingShare=0", "trainingShare = 0"),
    ("variants=tanh,sigmoid", "variants = tanh,sigmoid"), ("epochs=0", "epochs = 0"), ("hiddenUnits=3,0", "hiddenUnits = 3,0"),
  ])
  func `wrong options are refused`(assignment: String, words: String) throws {
    try withTemporaryDirectory { directory in
      try expectOptionRefused(try run([assignment], ["--json"], in: directory), saying: words, in: directory)
    }
  }

  @Test func `bad data and bad cases are refused`() throws {
    try withTemporaryDirectory { directory in
      try Data("a,b\n1,2\n3,4\n5,6.5\n".utf8).write(to: directory.appendingPathComponent("numbers.csv"))
      try Data("a,class\n1,x\n2,x\n3,x\n".utf8).write(to: directory.appendingPathComponent("one.csv"))
      try Data("not a case".utf8).write(to: directory.appendingPathComponent("case.safetensors"))
      for (data, words) in [("numbers.csv", "without classes"), ("one.csv", "one"), ("absent.csv", "absent.csv")] {
        let result = try run([], ["--data", data], in: directory)
        #expect(result.exitCode == 3 && result.output.isEmpty && result.errorLines.count == 1, "\(data): \(result.errors)")
        #expect(result.errors.contains(words), "\(data): \(result.errors)")
      }
      let result = try ApusProcess(["verify", "--system", "information-plane", "case.safetensors"], in: directory)
      #expect(result.exitCode == 3 && result.errors.contains("case.safetensors"), "\(result.errors)")
    }
  }
}
