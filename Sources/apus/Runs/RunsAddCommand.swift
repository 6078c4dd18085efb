import ArgumentParser
import Foundation
import Studies
import Training

struct RunsAddCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Record a finished run from its directory.",
    discussion: """
      For runs of another machine, and for those that the store could not take. Curves stay in the directory's figures.

      apus runs add runs/noprop-reduced
      """)

  @OptionGroup var store: StoreLocation

  @Argument(help: ArgumentHelp("The output directory of a run.", valueName: "dir"))
  var directory: String

  func run() throws {
    let url = URL(fileURLWithPath: directory)
    let document = try RunFiles.findings(in: url)
    let data = try RunFiles.data(in: url)
    let file = url.appendingPathComponent("findings.json")
    let finished = try file.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate ?? Date()
    let store = try RunStore(store.location)
    StandardOutput.write("run \(try store.add(document, data: data, directory: url, finished: finished))\n")
  }
}
