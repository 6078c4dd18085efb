import ArgumentParser
import Foundation
import Training

struct RunsRemoveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rm", abstract: "Forget runs.",
    discussion: """
      apus runs rm 4 5
      apus runs rm 4 --files    and remove the output directory of each
      """)

  @OptionGroup var store: StoreLocation

  @Argument(help: ArgumentHelp("The numbers of the runs.", valueName: "run"))
  var numbers: [RunNumber]

  @Flag(help: "Remove their output directories too.")
  var files = false

  func validate() throws {
    if numbers.isEmpty { throw ValidationError("expected the number of a run") }
  }

  func run() throws {
    let store = try store.open()
    let runs = try numbers.map { try $0.detail(in: store).run }
    for run in runs where run.status == .running {
      throw ValidationError("run \(run.id) is still running in \(run.directory); end it first")
    }
    if files {
      for run in runs { try OutputDirectory.remove(URL(fileURLWithPath: run.directory), of: run.system) }
    }
    try store.remove(runs.map(\.id))
    StandardOutput.write("removed \(runs.count == 1 ? "run" : "runs") \(runs.map { String($0.id) }.joined(separator: ", "))\n")
  }
}
