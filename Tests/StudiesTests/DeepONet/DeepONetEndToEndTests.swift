import CommandLineSupport
import Datasets
import Foundation
import Tensors
import Testing

/// The whole way of a user: train on every operator, read the findings, predict, use own rows, and what is refused.
@Suite("apus run deeponet, from end to end", .serialized) struct DeepONetEndToEndTests {
  private static let tiny = [
    "seeds=1", "functions=24", "testFunctions=12", "steps=20", "checkInterval=10", "convergenceTriples=10,20,40,80",
    "convergenceSensors=2,5",
    "convergenceWidths=3,6", "convergenceSteps=10", "convergenceSeeds=1", "convergenceLengths=0.2,0.4", "plainGridWidths=4,8",
  ]

  private func run(_ settings: [String], _ arguments: [String] = [], in directory: URL) throws -> ApusProcess {
    try ApusProcess(["run", "deeponet"] + settings.flatMap { ["--set", $0] } + arguments, in: directory)
  }

  private func findings(_ directory: URL) throws -> [String: Any] {
    let data = try Data(contentsOf: directory.appendingPathComponent("findings.json"))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  @Test func theQuickPresetShowsTheEffect() throws {
    try withTemporaryDirectory { directory in
      let result = try run([], ["--out", "here"], in: directory)
      #expect(result.exitCode == 0, "\(result.errors)")
      let claims = try #require(try findings(directory.appendingPathComponent("here"))["claims"] as? [[String: Any]])
      for id in ["antiderivative-beats-fnn", "antiderivative-generalises", "rows-belong-together"] {
        #expect(claims.contains { $0["id"] as? String == id && $0["holds"] as? Bool == true }, "\(id)")
      }
    }
  }

  @Test func everyOperatorIsLearnedAndPredicted() throws {
    try withTemporaryDirectory { directory in
      let problems =
        "problems=antiderivative,nonlinear,pendulum,legendre,diffusion-reaction,advection-1,advection-2,advection-3,advection-4,"
        + "advection-diffusion,caputo,stochastic-mean,stochastic-path,stochastic-elliptic"
      let result = try run(
        Self.tiny + [
          problems, "variants=unstacked,unstacked-no-bias,stacked,stacked-no-bias,fnn,resnet", "sequenceSteps=2", "sensors=10",
          "places=5",
        ], ["--json", "--out", "here"], in: directory)
      #expect(result.exitCode == 0, "\(result.errors)")
      let output = directory.appendingPathComponent("here")
      let document = try findings(output)
      let claims = try #require(document["claims"] as? [[String: Any]])
      #expect(claims.contains { $0["id"] as? String == "rows-belong-together" && $0["holds"] as? Bool == true })
      let metrics = try #require(document["metrics"] as? [String: Any])
      for problem in problems.dropFirst(9).split(separator: ",") { #expect(metrics["\(problem).unstacked.test-mse"] != nil, "\(problem)") }
      for file in [
        "report.html", "model.safetensors", "training.npz", "test.npz", "figures/convergence.svg", "figures/generalisation.svg",
        "figures/held-out.svg", "figures/lengths.svg",
      ] {
        #expect(FileManager.default.fileExists(atPath: output.appendingPathComponent(file).path), "\(file)")
      }
      let archive = try NumPy.readArchive(output.appendingPathComponent("training.npz"))
      #expect(archive["X0"]?.shape == [120, 10] && archive["X1"]?.shape == [120, 1] && archive["y"]?.shape == [120, 1])

      // Rows of a file, in both layouts, and predictions.
      let prediction = try ApusProcess(["predict", "here", "here/test.npz", "--json"], in: directory)
      #expect(prediction.exitCode == 0, "\(prediction.errors)")
      let rows = try #require(prediction.document as? [[String: Any]])
      #expect(rows.count == 60 && rows.allSatisfy { Double(($0["label"] as? String ?? "").split(separator: " ").first ?? "") != nil })
      try Data(("u0,u1,u2,u3,u4,u5,u6,u7,u8,u9,y0\n" + "0,0,0,0,0,0,0,0,0,0,0.5\n" + "0,1,2,3,4,5,6,7,8,9,7\n").utf8)
        .write(to: directory.appendingPathComponent("rows.csv"))
      let own = try ApusProcess(["predict", "here", "rows.csv"], in: directory)
      #expect(own.exitCode == 0 && own.output.contains("outside of the places trained on"), "\(own.errors)")

      func refused(_ arguments: [String], _ words: String) throws {
        let result = try ApusProcess(arguments, in: directory)
        #expect(result.exitCode == 3 && result.output.isEmpty && result.errorLines.count == 1, "\(arguments): \(result.errors)")
        #expect(result.errors.contains(words), "\(arguments): \(result.errors)")
      }
      try Data("u0,u1,y0\n1,2,0.5\n".utf8).write(to: directory.appendingPathComponent("few.csv"))
      try refused(["predict", "here", "few.csv"], "2 values each and the branch has 10 sensors")
      try refused(["predict", "here", "absent.csv"], "absent.csv")
      try refused(["predict", "here", "here/options.json"], "expected an .npz, .safetensors or .csv file")

      let summary = try ApusProcess(["summary", "deeponet"], in: directory)
      #expect(summary.exitCode == 0 && summary.output.contains("DeepONet, unstacked"), "\(summary.errors)")
    }
  }

  @Test func rowsOfAFileAreLearned() throws {
    try withTemporaryDirectory { directory in
      var random = SplitMix64(seed: 1)
      // 12 functions at 4 sensors, 6 places: the mean of the function times the place.
      let functions = (0..<48).map { _ in random.uniform() }
      let places = (0..<6).map { Float($0) / 5 }
      let values = (0..<12).flatMap { f -> [Float] in
        let mean: Float = functions[f * 4..<f * 4 + 4].reduce(0, +) / 4
        return places.map { mean * $0 }
      }
      let arrays = ["X0": Tensor(functions, shape: [12, 4]), "X1": Tensor(places, shape: [6, 1]), "y": Tensor(values, shape: [12, 6])]
      try NumPy.writeArchive(arrays, to: directory.appendingPathComponent("grid.npz"))
      try SafetensorsFile.write(arrays, to: directory.appendingPathComponent("grid.safetensors"))
      var text = "u0,u1,u2,u3,y0,s\n"
      for f in 0..<12 {
        for (p, place) in places.enumerated() {
          text +=
            "\(functions[f * 4]),\(functions[f * 4 + 1]),\(functions[f * 4 + 2]),\(functions[f * 4 + 3]),\(place),\(values[f * 6 + p])\n"
        }
      }
      try Data(text.utf8).write(to: directory.appendingPathComponent("grid.csv"))
      var metrics: [NSObject] = []
      for name in ["grid.npz", "grid.safetensors", "grid.csv"] {
        let result = try run(Self.tiny + ["variants=unstacked,fnn"], ["--data", name, "--out", name + ".run"], in: directory)
        #expect(result.exitCode == 0, "\(result.errors)")
        let document = try findings(directory.appendingPathComponent(name + ".run"))
        let data = try #require(document["data"] as? [String: Any])
        // Functions, not rows, are kept for the test.
        #expect(data["trainingExamples"] as? Int == 60 && data["testExamples"] as? Int == 12)
        if name != "grid.csv" {
          metrics.append(
            try #require((document["metrics"] as? [String: Any])?["\(name.replacing(".", with: "-")).unstacked.test-mse"] as? NSObject))
        }
      }
      #expect(metrics[0] == metrics[1])

      func refused(_ name: String, _ words: String) throws {
        let result = try run(Self.tiny, ["--data", name, "--json", "--out", "out"], in: directory)
        #expect(result.exitCode == 3 && result.output.isEmpty && result.errorLines.count == 1, "\(name): \(result.errors)")
        #expect(result.errors.contains(words), "\(name): \(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: directory.appendingPathComponent("out").path))
      }
      var broken = arrays
      broken["y"] = Tensor(Array(values.dropLast(6)), shape: [11, 6])
      try NumPy.writeArchive(broken, to: directory.appendingPathComponent("rows.npz"))
      try refused("rows.npz", "values has 11 rows and functions has 12")
      broken = arrays
      broken["y"] = Tensor([Float.nan] + values.dropFirst(), shape: [12, 6])
      try NumPy.writeArchive(broken, to: directory.appendingPathComponent("nan.npz"))
      try refused("nan.npz", "no finite number")
      broken["X1"] = nil
      try NumPy.writeArchive(broken, to: directory.appendingPathComponent("missing.npz"))
      try refused("missing.npz", "X1")
      let bytes = try Data(contentsOf: directory.appendingPathComponent("grid.npz"))
      try bytes.prefix(bytes.count / 2).write(to: directory.appendingPathComponent("cut.npz"))
      try refused("cut.npz", "cut.npz")
      try Data("a,b\n1,2\n".utf8).write(to: directory.appendingPathComponent("other.csv"))
      try refused("other.csv", "other.csv")
      try refused("absent.npz", "absent.npz")
      try Data(text.split(separator: "\n").prefix(7).joined(separator: "\n").utf8).write(to: directory.appendingPathComponent("one.csv"))
      try refused("one.csv", "1 different functions")
    }
  }

  @Test func equalSeedsGiveEqualFindings() throws {
    try withTemporaryDirectory { directory in
      for name in ["one", "two"] {
        let result = try run(
          Self.tiny + ["convergence=false", "problems=diffusion-reaction", "space=karhunen-loeve"], ["--out", name], in: directory)
        #expect(result.exitCode == 0, "\(result.errors)")
      }
      let (one, two) = (try findings(directory.appendingPathComponent("one")), try findings(directory.appendingPathComponent("two")))
      for key in ["metrics", "claims"] { #expect((one[key] as? NSObject) == (two[key] as? NSObject), "\(key)") }
    }
  }

  @Test(arguments: [
    ("problems=heat", ["option problems = heat", "antiderivative"]), ("variants=unstacked,unstacked", ["each at most once"]),
    ("sensors=1", ["option sensors = 1"]), ("length=0", ["option length = 0"]), ("steps=-1", ["option steps = -1"]),
    ("convergenceTriples=100,50", ["ascending"]), ("space=fourier", ["option space = fourier", "gaussian"]),
    ("horizon=nan", ["option horizon"]),
    ("learningRate=0", ["option learningRate = 0"]),
  ])
  func wrongOptionsAreRefused(assignment: String, words: [String]) throws {
    try withTemporaryDirectory { directory in
      try expectOptionRefused(try run([assignment], ["--json"], in: directory), saying: words, in: directory)
    }
  }
}
