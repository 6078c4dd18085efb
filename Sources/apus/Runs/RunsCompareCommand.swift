import ArgumentParser
import Foundation
import Training

struct RunsCompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Put runs side by side: what differed, and what came of it.",
    discussion: """
      apus runs compare 3 5
      apus runs compare 3 5 8 --json

      To run several systems on the same data and under the same budget, see apus compare.
      """)

  @OptionGroup var store: StoreLocation

  @Argument(help: ArgumentHelp("The numbers of two or more runs.", valueName: "run"))
  var numbers: [RunNumber]

  @Flag(help: "Print one JSON document.")
  var json = false

  func validate() throws {
    if numbers.count < 2 { throw ValidationError("a comparison needs two runs or more") }
  }

  func run() throws {
    let store = try store.open()
    let details = try numbers.map { try $0.detail(in: store) }
    if json {
      StandardOutput.write(try ReportJSON.encode(details))
      return
    }
    let columns: [TextTable.Alignment] = [.left] + details.map { _ in .right }
    func section(_ title: String, _ rows: [(name: String, values: [String])]) -> String {
      guard !rows.isEmpty else { return "" }
      var table = TextTable([title] + details.map { "run \($0.run.id)" }, alignments: columns)
      for row in rows { table.append(["  " + row.name] + row.values) }
      return table.text(width: 200) + "\n"
    }
    var text = section("run", runFacts(details))
    let options = rows(details.map { Dictionary(uniqueKeysWithValues: $0.options.map { ($0.name, $0.value) }) })
    let differing = options.filter { Set($0.values).count > 1 }
    text += section("options that differ", differing)
    if differing.isEmpty { text += "no options differ\n\n" }
    text += section("measurements", rows(details.map { $0.metrics.mapValues(\.words) }))
    text += section(
      "claims",
      rows(
        details.map { detail in
          Dictionary(uniqueKeysWithValues: detail.claims.map { ($0.id, $0.holds ? "holds" : "does not hold") })
        }))
    StandardOutput.write(String(text.dropLast()))
  }

  private func runFacts(_ details: [StoredRunDetail]) -> [(name: String, values: [String])] {
    [
      ("system", details.map(\.run.system)), ("preset", details.map(\.run.preset)), ("seed", details.map { String($0.run.seed) }),
      ("data", details.map { $0.dataSummary?.name ?? $0.run.data ?? "-" }), ("begun", details.map { RunWords.date($0.run.begun) }),
      ("took", details.map { RunWords.duration($0.run.seconds) }),
      ("peak memory", details.map { $0.run.peakBytes.map { NumberText.value(Double($0), .bytes) } ?? "-" }),
      ("commit", details.map { $0.run.commit.map { String($0.prefix(8)) + ($0.hasSuffix("+") ? "+" : "") } ?? "-" }),
    ]
  }

  /// A row for each name that any of the runs has.
  private func rows(_ columns: [[String: String]]) -> [(name: String, values: [String])] {
    Set(columns.flatMap(\.keys)).sorted().map { name in (name, columns.map { $0[name] ?? "-" }) }
  }
}
