import ArgumentParser
import Foundation
import Studies
import Training

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Apply the model of a finished run to new inputs.",
    discussion: """
      apus predict runs/noprop-quick digit.png other.png
      """)

  @Argument(help: ArgumentHelp("The output directory of a run.", valueName: "dir"))
  var directory: String

  @Argument(help: "Files to look at.")
  var inputs: [String]

  @Flag(help: "Print one JSON document.")
  var json = false

  func run() throws {
    let url = URL(fileURLWithPath: directory)
    let study = try Studies.study(try RunFiles.system(in: url))
    let predictions = try study.predict(inputs, in: url)
    if json {
      StandardOutput.write(try ReportJSON.encode(predictions))
      return
    }
    var table = TextTable(alignments: [.left, .left, .right])
    for prediction in predictions {
      table.append([prediction.input, prediction.label, prediction.confidence.map { NumberText.value(100 * $0, .percent) } ?? ""])
    }
    StandardOutput.write(table.text())
  }
}
