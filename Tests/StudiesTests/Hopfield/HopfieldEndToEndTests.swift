import CommandLineSupport
import Foundation
import Testing

/// Every part of the study on a few examples, and everything it refuses.
@Suite("apus run hopfield, from end to end", .serialized)
struct HopfieldEndToEndTests {
  private static let tiny = [
    "seeds=1", "configurations=20", "storedImages=40", "patternCounts=4,16", "inverseTemperatures=1,64", "bitBags=64", "bitEpochs=1",
    "latchSequences=64", "latchEpochs=1", "trainingBags=6", "testBags=8", "bagChannels=2,2", "bagWidth=8", "bagPoolingWidth=4",
    "bagEpochs=1",
    "instanceFolds=2", "instanceEpochs=1", "instanceWidth=8", "instanceHeads=2", "instanceHeadWidth=4", "tableFolds=2", "tableEpochs=1",
    "repertoires=12", "repertoireSequences=40", "repertoireUpdates=2", "repertoireSample=20",
  ]
  private static let all = "experiments=memory,bits,latch,bags,instances,tables,repertoires"

  private func run(_ settings: [String], _ arguments: [String] = [], in directory: URL) throws -> ApusProcess {
    try ApusProcess(["run", "hopfield"] + settings.flatMap { ["--set", $0] } + arguments, in: directory)
  }

  @Test func `a run of every part leaves a report and a network that predicts`() throws {
    try withTemporaryDirectory { directory in
      let result = try run(Self.tiny + [Self.all], ["--json", "--out", "here"], in: directory)
      #expect(result.exitCode == 0 && !result.errors.contains("apus:"), "\(result.errors)")
      let document = try #require(result.document as? [String: Any])
      let claims = try #require(document["claims"] as? [[String: Any]])
      let ids = Set(claims.compactMap { $0["id"] as? String })
      #expect(
        ids.isSuperset(of: [
          "capacity", "retrieval", "energy-never-rises", "retrieval-bound", "constant-20", "constant-75", "latch-pooling", "bags-beat-mean",
          "instances-level-with-mean", "tables-better-than-median", "repertoires",
        ]), "\(ids)")
      for claim in claims
      where ["energy-never-rises", "retrieval-bound", "constant-20", "constant-75"].contains(claim["id"] as? String ?? "") {
        #expect(claim["holds"] as? Bool == true, "\(claim)")
      }
      let figures = try FileManager.default.contentsOfDirectory(atPath: directory.appendingPathComponent("here/figures").path)
      #expect(Set(figures).isSuperset(of: ["capacity.svg", "inverse-temperature.svg", "retrieved-images.svg", "digit-bags.svg"]))

      // A picture is a bag of one digit, a folder a bag of all its pictures.
      let bag = directory.appendingPathComponent("bag")
      try FileManager.default.createDirectory(at: bag, withIntermediateDirectories: true)
      let picture = "P2 4 4 255\n" + Array(repeating: "0 200 200 0", count: 4).joined(separator: "\n") + "\n"
      for name in ["a.pgm", "b.pgm"] { try Data(picture.utf8).write(to: bag.appendingPathComponent(name)) }
      let prediction = try ApusProcess(["predict", "here", "bag", "bag/a.pgm", "--json"], in: directory)
      #expect(prediction.exitCode == 0 && (prediction.document as? [[String: Any]])?.count == 2, "\(prediction.errors)")
      let missing = try ApusProcess(["predict", "here", "absent"], in: directory)
      #expect(missing.exitCode == 3 && missing.errorLines.count == 1, "\(missing.errors)")
      let summary = try ApusProcess(["summary", "hopfield"], in: directory)
      #expect(summary.exitCode == 0 && summary.output.contains("Hopfield pooling"), "\(summary.errors)")
    }
  }

  @Test func `data of every kind are told by what they hold`() throws {
    try withTemporaryDirectory { directory in
      func write(_ text: String, _ name: String) throws {
        let url = directory.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
      }
      let rows = (0..<24).map { "\($0 / 2),\($0 / 2 % 2),\($0 % 5),\($0 % 7)" }.joined(separator: "\n")
      try write("bag_id,bag_label,f0,f1\n\(rows)\n", "all/mil/toy.csv")
      let table = (0..<24).map { "\($0 % 5),\($0 % 7),\(["a", "b", "c"][$0 % 3])" }.joined(separator: "\n")
      try write("x,y,class\n\(table)\n", "all/uci-classification/small.csv")
      try write(
        "ID\tcmv\n" + (0..<12).map { "r\($0)\t\($0 % 2 == 0 ? "+" : "-")" }.joined(separator: "\n") + "\n", "all/repertoires/metadata.tsv")
      for index in 0..<12 {
        try write(
          "amino_acid\n" + Array(repeating: "ACDEFGHIKLMN", count: 12).joined(separator: "\n") + "\n", "all/repertoires/r\(index).tsv")
      }
      let result = try run(
        Self.tiny + ["experiments=instances,tables,repertoires", "tables=all"], ["--data", "all", "--out", "there", "--json"], in: directory
      )
      #expect(result.exitCode == 0, "\(result.errors)")
      let metrics = try #require((result.document as? [String: Any])?["metrics"] as? [String: Any])
      #expect(metrics["instance-bags.toy.hopfield.area"] != nil, "\(metrics.keys)")

      try write("bag_id,bag_label,f0\n1,0,1\n1,1,2\n", "mixed.csv")
      let mixed = try run(Self.tiny + ["experiments=instances"], ["--data", "mixed.csv", "--out", "bad"], in: directory)
      #expect(mixed.exitCode == 3 && mixed.errors.contains("mixed.csv") && mixed.errorLines.count == 1, "\(mixed.errors)")
      #expect(!FileManager.default.fileExists(atPath: directory.appendingPathComponent("bad").path))
      let letters = try run(Self.tiny + ["experiments=bags"], ["--data", "letters", "--out", "bad"], in: directory)
      #expect(letters.exitCode == 3 && letters.errors.contains("ten classes"), "\(letters.errors)")
      let absent = try run(Self.tiny, ["--data", "nowhere", "--out", "bad"], in: directory)
      #expect(absent.exitCode == 3 && absent.errors.contains("nowhere"), "\(absent.errors)")
    }
  }

  @Test(arguments: [
    ("experiments=memory,memory", "each at most once"), ("experiments=memry", "experiments = memry"), ("bagChannels=3", "two numbers"),
    ("updates=0", "from 1 to 1000"), ("retrievalTemperature=-1", "retrievalTemperature = -1"), ("instanceDropout=1", "instanceDropout = 1"),
    ("latchEpoch=3", "did you mean latchEpochs?"),
  ])
  func `wrong options are refused before any work`(assignment: String, words: String) throws {
    try withTemporaryDirectory { directory in
      try expectOptionRefused(try run([assignment], ["--json"], in: directory), saying: words, in: directory)
    }
  }
}
