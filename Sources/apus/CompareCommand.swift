import ArgumentParser
import Studies
import Training

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Train several systems on the same data, and report accuracy, time and memory side by side.",
    discussion: """
      All get the same examples in the same parts and as many passes over them; every system brings its plain baselines.

      apus compare noprop vanillanet --data mnist
      apus compare noprop vanillanet --preset reduced --data photos --set epochs=5 --out runs/photos
      apus compare noprop --options    what can be set

      To put runs side by side that are there already, see apus runs compare.
      """)

  @Argument(help: "The systems; apus systems lists them.")
  var systems: [String]

  @OptionGroup var request: RequestOptions

  @Flag(help: "List what can be set instead of comparing.")
  var options = false

  func run() throws {
    try request.run(
      ComparisonStudy.self, assignments: request.assignments + ["systems=" + systems.joined(separator: ",")], listing: options,
      folder: "compare-" + systems.joined(separator: "-"),
      words: ["compare"] + systems, text: Self.text)
  }

  /// A line a method: "noprop.plain-cnn" with its four measurements.
  private static func text(_ done: CompletedRun) -> String {
    let columns = [
      ("test-accuracy", "accuracy"), ("training-time", "training"), ("step-memory", "memory of a step"), ("parameters", "parameters"),
    ]
    let metrics = done.document.metrics
    let methods = Set(metrics.keys.map { $0.split(separator: ".").dropLast().joined(separator: ".") })
    func accuracy(_ method: String) -> Double { metrics["\(method).test-accuracy"]?.value ?? 0 }
    var table = TextTable(["method"] + columns.map(\.1), alignments: [.left] + columns.map { _ in .right })
    for method in methods.sorted(by: { (accuracy($1), $0) < (accuracy($0), $1) }) {
      table.append([method] + columns.map { metrics["\(method).\($0.0)"]?.words ?? "" })
    }
    return "\(done.document.data.name), \(done.document.preset) preset, seed \(done.document.seed)\n" + table.text(width: 140)
      + "\nReport: \(RunText.shortest(done.report))\n"
  }
}
