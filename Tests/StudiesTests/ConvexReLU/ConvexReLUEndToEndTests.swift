import CommandLineSupport
import Foundation
import Tensors
import Testing

@Suite("apus run convex-relu, from end to end", .serialized)
struct ConvexReLUEndToEndTests {
  private static let tiny = [
    "racePoints=8", "raceIterations=300", "patternCounts=3", "neuronCounts=20", "adamNeurons=4", "adamSteps=50", "adamSeeds=2",
    "boundTrials=1",
    "clusterPoints=16", "clusterDirections=6", "seeds=1", "trainingExamples=20", "testExamples=40", "side=4", "robustIterations=200",
    "attackSteps=5", "adversarialSteps=10", "sampledNeurons=30",
  ]

  private func run(_ settings: [String], _ arguments: [String] = [], in directory: URL) throws -> ApusProcess {
    try ApusProcess(["run", "convex-relu"] + settings.flatMap { ["--set", $0] } + arguments, in: directory)
  }

  private func table(_ rows: Int, to file: URL) throws {
    let lines = (0..<rows).map { row in "\(row % 7),\((row * 5) % 11),\(row % 2 == 0 ? "yes" : "no")" }
    try Data((["a,b,class"] + lines).joined(separator: "\n").utf8).write(to: file)
  }

  @Test func `a run leaves a network that predicts pictures`() throws {
    try withTemporaryDirectory { directory in
      let result = try run(
        Self.tiny + ["scaleExamples=20", "scalePatterns=2", "scaleIterations=3"], ["--json", "--out", "here"], in: directory)
      #expect(result.exitCode == 0 && !result.errors.contains("apus:"), "\(result.errors)")
      let output = directory.appendingPathComponent("here")
      let document = try #require(result.document as? [String: Any])
      let claims = try #require(document["claims"] as? [[String: Any]])
      for id in [
        "objective-identity", "factorisations-agree", "bound-holds", "bound-holds-on-data", "quadratic-iterations", "linear-in-patterns",
      ] {
        #expect(claims.contains { $0["id"] as? String == id && $0["holds"] as? Bool == true }, "\(id): \(claims)")
      }
      let figures = try FileManager.default.contentsOfDirectory(atPath: output.appendingPathComponent("figures").path)
      for name in ["robustness", "race", "sampling", "clusters-robust", "cost", "scale"] {
        #expect(figures.contains("\(name).svg"), "\(name)")
      }

      // A picture and a model that is not what the run has written.
      let pixels = (0..<28 * 28).map { UInt8($0 % 28 > 10 && $0 % 28 < 18 ? 255 : 0) }
      try Data("P5\n28 28\n255\n".utf8 + pixels).write(to: directory.appendingPathComponent("picture.pgm"))
      let prediction = try ApusProcess(["predict", "here", "picture.pgm", "--json"], in: directory)
      let labels = (prediction.document as? [[String: Any]])?.map { $0["label"] as? String ?? "" } ?? []
      #expect(prediction.exitCode == 0 && labels.count == 1 && ["3", "8"].contains(labels[0]), "\(prediction.errors)")
      #expect(try ApusProcess(["predict", "here", "absent.png"], in: directory).exitCode == 3)
      let model = output.appendingPathComponent("model.safetensors")
      let bytes = try Data(contentsOf: model)
      try bytes.prefix(bytes.count / 2).write(to: model)
      let refused = try ApusProcess(["predict", "here", "picture.pgm"], in: directory)
      #expect(refused.exitCode == 3 && refused.errors.contains("model.safetensors"), "\(refused.errors)")
    }
  }

  @Test func `a table of one's own`() throws {
    try withTemporaryDirectory { directory in
      try table(60, to: directory.appendingPathComponent("table.csv"))
      let result = try run(Self.tiny, ["--data", "table.csv", "--json", "--out", "here"], in: directory)
      #expect(result.exitCode == 0, "\(result.errors)")
      let prediction = try ApusProcess(["predict", "here", "table.csv", "--json"], in: directory)
      let labels = (prediction.document as? [[String: Any]])?.map { $0["label"] as? String ?? "" } ?? []
      #expect(labels.count == 60 && Set(labels).isSubset(of: ["yes", "no"]), "\(prediction.errors)")
      try Data("a,class\n1,yes\n2,no\n".utf8).write(to: directory.appendingPathComponent("narrow.csv"))
      #expect(try ApusProcess(["predict", "here", "narrow.csv"], in: directory).exitCode == 3)
    }
  }

  @Test(arguments: [
    ("beta=-1", "beta = -1"), ("epsilon=-0.1", "epsilon = -0.1"), ("classes=3", "two different classes"),
    ("classes=3,3", "two different classes"),
    ("racePoints=0", "racePoints = 0"), ("update=magic", "woodbury, cholesky or block-coordinate"), ("wrong=1", "unknown option"),
  ])
  func `wrong options are refused`(assignment: String, words: String) throws {
    try withTemporaryDirectory { directory in
      try expectOptionRefused(try run([assignment], ["--json"], in: directory), saying: words, in: directory)
    }
  }

  @Test func `bad data and bad cases are refused`() throws {
    try withTemporaryDirectory { directory in
      try Data("a,b\n1,2\n3,4\n5,6.5\n".utf8).write(to: directory.appendingPathComponent("numbers.csv"))
      try table(3, to: directory.appendingPathComponent("short.csv"))
      for (data, settings, words) in [
        ("numbers.csv", [], "without classes"), ("short.csv", [], "examples"), ("absent", [], "absent"),
        ("digits", ["classes=3,x"], "not 3 and x"),
      ] as [(String, [String], String)] {
        let result = try run(settings, ["--data", data], in: directory)
        #expect(result.exitCode == 3 && result.output.isEmpty && result.errorLines.count == 1, "\(data): \(result.errors)")
        #expect(result.errors.contains(words), "\(data): \(result.errors)")
      }
      // P above the number of distinct patterns of the data.
      let many = try run(Self.tiny + ["scaleExamples=4", "scalePatterns=900", "side=2"], ["--data", "digits"], in: directory)
      #expect(
        [2, 3, 70].contains(many.exitCode) && many.errors.contains("distinct activation patterns"), "\(many.exitCode): \(many.errors)")
      try Data("not a case".utf8).write(to: directory.appendingPathComponent("case.safetensors"))
      let result = try ApusProcess(["verify", "--system", "convex-relu", "case.safetensors"], in: directory)
      #expect(result.exitCode == 3 && result.errors.contains("case.safetensors"), "\(result.errors)")
    }
  }
}
