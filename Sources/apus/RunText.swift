import Foundation
import Studies
import Training

/// The end of a run in a few lines.
enum RunText {
  static func summary(_ run: CompletedRun) -> String {
    verdicts(run.document) + "\nReport: \(shortest(run.report))\n"
  }

  static func verdicts(_ document: FindingsDocument) -> String {
    let holding = document.claims.filter(\.holds).count
    let count = document.claims.count
    var text = "\(document.system), \(document.preset) preset, seed \(document.seed), on \(document.data.name)"
    guard count > 0 else { return text + "\n" + measurements(document) }
    text += ": \(holding) of \(count) \(count == 1 ? "claim holds" : "claims hold")\n"
    var table = TextTable(alignments: [.left, .right, .right, .left])
    for claim in document.claims {
      let unit = Unit(rawValue: claim.unit)
      table.append([
        claim.holds ? "  holds" : "  does not hold", NumberText.value(claim.measured, unit),
        "against " + NumberText.value(claim.baseline, unit),
        claim.statement,
      ])
    }
    return text + table.text(width: 110)
  }

  static func measurements(_ document: FindingsDocument) -> String {
    var table = TextTable(alignments: [.left, .right])
    for (name, number) in document.metrics.sorted(by: { $0.key < $1.key }) { table.append(["  " + name, number.words]) }
    return table.text()
  }

  /// The path as it is shortest to type from here.
  static func shortest(_ url: URL) -> String {
    let here = FileManager.default.currentDirectoryPath + "/"
    let path = url.standardizedFileURL.path
    return path.hasPrefix(here) ? String(path.dropFirst(here.count)) : path
  }
}
