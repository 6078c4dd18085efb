import ArgumentParser
import Foundation
import Training

struct RunsShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show one run: options, measurements, claims, curves, files.",
    discussion: """
      apus runs show last
      apus runs show 12 --json | jq '.metrics'
      """)

  @OptionGroup var store: StoreLocation

  @Argument(help: ArgumentHelp("The number of the run, or last.", valueName: "run"))
  var number: RunNumber

  @Flag(help: "Print one JSON document.")
  var json = false

  func run() throws {
    let detail = try number.detail(in: store.open())
    StandardOutput.write(json ? String(decoding: try ReportJSON.encode(detail), as: UTF8.self) : Self.text(detail))
  }

  static func text(_ detail: StoredRunDetail) -> String {
    let run = detail.run
    var text = "run \(run.id): \(run.system), \(run.preset) preset, seed \(run.seed), \(run.status.rawValue)\n"
    var facts = TextTable(alignments: [.left, .left])
    facts.append(["  begun", RunWords.date(run.begun)])
    if let seconds = run.seconds { facts.append(["  took", NumberText.value(seconds, .seconds)]) }
    if let bytes = run.peakBytes { facts.append(["  peak memory", NumberText.value(Double(bytes), .bytes)]) }
    facts.append(["  data", detail.dataSummary?.name ?? run.data ?? "the preset's own"])
    facts.append(["  version", run.version + (run.commit.map { ", commit \($0)" } ?? "")])
    facts.append(["  directory", RunText.shortest(URL(fileURLWithPath: run.directory))])
    if let problem = run.problem { facts.append(["  ended", problem]) }
    text += facts.text(width: 120)
    if !detail.claims.isEmpty {
      var claims = TextTable(alignments: [.left, .right, .right, .left])
      for claim in detail.claims {
        let unit = Unit(rawValue: claim.unit)
        claims.append([
          claim.holds ? "  holds" : "  does not hold", NumberText.value(claim.measured, unit),
          "against " + NumberText.value(claim.baseline, unit),
          claim.statement,
        ])
      }
      text += "\nClaims\n" + claims.text(width: 120)
    }
    if !detail.metrics.isEmpty {
      var metrics = TextTable(alignments: [.left, .right])
      for (name, number) in detail.metrics.sorted(by: { $0.key < $1.key }) { metrics.append(["  " + name, number.words]) }
      text += "\nMeasurements\n" + metrics.text(width: 120)
    }
    if !detail.options.isEmpty {
      var options = TextTable(alignments: [.left, .left])
      for option in detail.options { options.append(["  " + option.name, option.value]) }
      text += "\nOptions\n" + options.text(width: 120)
    }
    if !detail.curves.isEmpty {
      var curves = TextTable(alignments: [.left, .left, .right, .right])
      for curve in detail.curves {
        curves.append([
          "  " + curve.figure, curve.name, "\(curve.x.count) points", curve.y.last.map { "last \(NumberText.short($0))" } ?? "",
        ])
      }
      text += "\nCurves\n" + curves.text(width: 120)
    }
    if !detail.artefacts.isEmpty {
      var files = TextTable(alignments: [.left, .right])
      for file in detail.artefacts { files.append(["  " + file.path, NumberText.value(Double(file.bytes), .bytes)]) }
      text += "\nFiles\n" + files.text(width: 120)
    }
    return text
  }
}

extension FindingsDocument.Number {
  /// "94.7 ± 0.3 %".
  var words: String {
    let unit = Unit(rawValue: unit)
    guard let standardError else { return NumberText.value(value, unit) }
    return "\(NumberText.value(value, unit)) ± \(NumberText.value(standardError, unit))"
  }
}
