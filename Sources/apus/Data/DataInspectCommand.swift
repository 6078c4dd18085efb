import ArgumentParser
import Datasets
import Foundation
import Training

struct DataInspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Say what a file or folder holds: kind, shapes, ranges, classes, first rows.",
    discussion: """
      apus data inspect mnist
      apus data inspect arrays.npz --rows 2
      apus data inspect photos --size 32
      """)

  @Argument(help: ArgumentHelp("A path, or a name of apus data list.", valueName: "path"))
  var path: String

  @Option(help: "How many first rows to show.")
  var rows = 3

  @Option(help: ArgumentHelp("Height and width to which images in folders are resized.", valueName: "pixels"))
  var size: Int?

  @Flag(help: "Print one JSON document.")
  var json = false

  func validate() throws {
    guard (0...1000).contains(rows) else { throw ValidationError("--rows \(rows): expected 0 ... 1000") }
    if let size, !(1...4096).contains(size) { throw ValidationError("--size \(size): expected 1 ... 4096 pixels") }
  }

  func run() throws {
    let options = OpenOptions(images: .init(height: size, width: size))
    let inspection = try DataInspection(path, rows: rows, options: options)
    if json {
      StandardOutput.write(try ReportJSON.encode(inspection))
      return
    }
    var text = "\(path): \(inspection.kind)\n"
    for part in inspection.parts {
      text += "\n\(part.name): \(part.rows) row\(part.rows == 1 ? "" : "s")\n"
      var table = TextTable(
        ["  column", "type", "shape", "least", "largest", "mean", ""], alignments: [.left, .left, .left, .right, .right, .right, .left])
      for column in part.columns {
        let notes = [
          column.distinct.map { "\($0) different" }, column.missing > 0 ? "\(column.missing) missing or not finite" : nil,
        ].compactMap { $0 }.joined(separator: ", ")
        table.append(
          ["  " + column.name, column.type, "(" + column.shape.map(String.init).joined(separator: ", ") + ")"]
            + [column.minimum, column.maximum, column.mean].map { $0.map { NumberText.short($0) } ?? "" } + [notes])
      }
      text += table.text(width: 140)
      if !part.classes.isEmpty {
        let most = 100
        let shown = part.classes.prefix(most).map { "\($0.name) \($0.count)" }.joined(separator: ", ")
        text += "  \(part.classes.count) classes: \(shown)\(part.classes.count > most ? ", ..." : "")\n"
      }
      for row in part.firstRows { text += "  | " + row.joined(separator: " | ") + "\n" }
    }
    if let obstacle = inspection.obstacle { text += "\nNot for --data as it is: \(obstacle)\n" }
    StandardOutput.write(text)
  }
}
