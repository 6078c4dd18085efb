import ArgumentParser
import Foundation
import Studies
import Tensors
import Training

/// Writes the parts of the documentation that the program knows better than anybody: cards, options, the gallery.
struct DocumentationCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "documentation", abstract: "Bring the generated parts of the documentation up to date.",
    discussion: """
      Writes the card and the options in every page of Documentation/Systems, the table of systems in README.md, and Documentation/Gallery.md.

      apus documentation .
      apus documentation . --check    writes nothing, and fails where something is out of date
      """, shouldDisplay: false)

  @Argument(help: ArgumentHelp("The repository.", valueName: "dir"))
  var repository = "."

  @Flag(help: "Write nothing; fail where something is out of date.")
  var check = false

  func run() throws {
    let root = URL(fileURLWithPath: repository)
    var stale: [String] = []
    for file in try GeneratedDocumentation(root: root).files() where file.text != file.current {
      stale.append(file.name)
      if !check { try AtomicFile.write(file.text.utf8, to: root.appendingPathComponent(file.name)) }
    }
    if check, !stale.isEmpty {
      throw ChecksFailed(description: "out of date: \(stale.joined(separator: ", ")); run: apus documentation \(repository)")
    }
    StandardOutput.write(stale.isEmpty ? "everything is up to date\n" : "written: \(stale.joined(separator: ", "))\n")
  }
}
