import CommandLineSupport
import Foundation
import Testing

/// Every part of the study with a few epochs, and everything it refuses.
@Suite("apus run neural-sheaf-diffusion, from end to end", .serialized)
struct SheafEndToEndTests {
  private static let tiny = [
    "seeds=1", "splits=1", "epochs=2", "patience=2", "channels=3", "hidden=8", "bipartiteLayers=2", "homophilies=0.2", "depths=2,16",
    "diffusionSteps=20",
  ]
  private static let slug = "neural-sheaf-diffusion"

  private func run(_ settings: [String], _ arguments: [String] = [], in directory: URL) throws -> ApusProcess {
    try ApusProcess(["run", Self.slug] + settings.flatMap { ["--set", $0] } + arguments, in: directory)
  }

  private func write(_ files: [String: String], to folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, text) in files { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
  }

  /// A ring of twelve nodes in two classes, with a loop, an edge in both directions and a node of its own.
  private var ring: [String: String] {
    [
      "nodes.tsv": (0..<13).map { "\($0)\t\($0 % 2)\t\($0 % 4) \(4 + $0 % 3)" }.joined(separator: "\n") + "\n",
      "edges.tsv": (0..<12).map { "\($0)\t\(($0 + 1) % 12)" }.joined(separator: "\n") + "\n1\t0\n5\t5\n",
      "splits10.txt": "ttttvvvvsssss\n",
    ]
  }

  @Test func `a run of every part leaves a report and a network that predicts`() throws {
    try withTemporaryDirectory { directory in
      let settings =
        Self.tiny + [
          "experiments=theory,bipartite,communities,benchmark,depth", "methods=diagonal,orthogonal,general,identity,gcn,gat,mlp",
        ]
      let result = try run(settings, ["--json", "--out", "here"], in: directory)
      #expect(result.exitCode == 0 && !result.errors.contains("apus:"), "\(result.errors)")
      let document = try #require(result.document as? [String: Any])
      let claims = try #require(document["claims"] as? [[String: Any]])
      let ids = Set(claims.compactMap { $0["id"] as? String })
      #expect(
        ids.isSuperset(of: [
          "diagonal-beats-gcn", "orthogonal-level-with-mlp", "bipartite", "depth-diagonal", "signs-separate-two", "rotations-separate-four",
          "diagonal-separates-three", "positive-does-not",
        ]), "\(ids)")
      let figures = try FileManager.default.contentsOfDirectory(atPath: directory.appendingPathComponent("here/figures").path)
      #expect(Set(figures).isSuperset(of: ["benchmark.svg", "separation.svg", "homophily.svg", "depth.svg", "energy.svg"]), "\(figures)")
      let again = try run(settings, ["--json", "--out", "again"], in: directory)
      let other = try #require((again.document as? [String: Any])?["metrics"] as? NSDictionary)
      #expect(other == document["metrics"] as? NSDictionary, "equal seeds give equal results")

      let prediction = try ApusProcess(["predict", "here", "0", "7", "--json"], in: directory)
      #expect(prediction.exitCode == 0 && (prediction.document as? [[String: Any]])?.count == 2, "\(prediction.errors)")
      for node in ["200", "x", "-1"] {
        let refused = try ApusProcess(["predict", "here", "--", node], in: directory)
        #expect(refused.exitCode == 3 && refused.errors.contains("names no node"), "\(refused.errors)")
      }
      let summary = try ApusProcess(["summary", Self.slug], in: directory)
      #expect(summary.exitCode == 0 && summary.output.contains("Gen-NSD"), "\(summary.errors)")
    }
  }

  @Test func `a graph of files is trained on, and another one predicted`() throws {
    try withTemporaryDirectory { directory in
      try write(ring, to: directory.appendingPathComponent("ring"))
      let result = try run(
        Self.tiny + ["experiments=benchmark", "methods=general,mlp"], ["--data", "ring", "--json", "--out", "here"], in: directory)
      #expect(result.exitCode == 0, "\(result.errors)")
      let metrics = try #require((result.document as? [String: Any])?["metrics"] as? [String: [String: Any]])
      #expect(metrics["benchmark.ring.general"]?["value"] is Double)
      let prediction = try ApusProcess(["predict", "here", "12", "ring:12", "--json"], in: directory)
      let rows = try #require(prediction.document as? [[String: Any]], "\(prediction.errors)")
      #expect(rows.count == 2 && rows[0]["confidence"] as? Double == rows[1]["confidence"] as? Double)
    }
  }

  @Test(arguments: [
    ("edges.tsv", "0\t40\n", "nodes from 0 to 12"), ("splits10.txt", "ttttttttttttt\n", "training, validation and test nodes"),
    ("splits10.txt", "tvs\n", "13, one a node"), ("nodes.tsv", "0\tnan\t1\n", "a class from 0"),
  ])
  func `damaged graphs are refused, and nothing is left`(name: String, text: String, words: String) throws {
    try withTemporaryDirectory { directory in
      try write(ring.merging([name: text]) { $1 }, to: directory.appendingPathComponent("ring"))
      let result = try run(Self.tiny, ["--data", "ring", "--out", "here", "--json"], in: directory)
      #expect(result.exitCode == 3 && result.output.isEmpty && result.errorLines.count == 1, "\(result.errors)")
      #expect(result.errors.contains(words) && result.errors.contains(name), "\(result.errors)")
      #expect(!FileManager.default.fileExists(atPath: directory.appendingPathComponent("here").path))
    }
  }

  @Test func `folders without graphs are refused`() throws {
    try withTemporaryDirectory { directory in
      try write(["readme.txt": "x"], to: directory.appendingPathComponent("empty"))
      let empty = try run(Self.tiny, ["--data", "empty"], in: directory)
      #expect(empty.exitCode == 3 && empty.errors.contains("nodes.tsv"), "\(empty.errors)")
      try write(ring, to: directory.appendingPathComponent("graphs/ring"))
      try write(ring, to: directory.appendingPathComponent("graphs/other"))
      let other = try run(Self.tiny, ["--data", "graphs"], in: directory)
      #expect(other.exitCode == 3 && other.errors.contains("it holds other, ring"), "\(other.errors)")
    }
  }

  @Test(arguments: [
    ("methods=diagonal,diagonal", "each at most once"), ("stalk=1", "at least 2 for orthogonal maps"), ("dropout=1", "dropout = 1"),
    ("orthogonalMap=spin", "householder"), ("experiments=", "experiments"), ("homophilies=2", "homophilies = 2"),
  ])
  func `wrong options are refused before any work`(assignment: String, words: String) throws {
    try withTemporaryDirectory { directory in
      try expectOptionRefused(try run([assignment], ["--json"], in: directory), saying: words, in: directory)
    }
  }
}
