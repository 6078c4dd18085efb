import ArgumentParser
import Studies

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a system beside its baseline, and report which of the paper's claims hold.",
    discussion: """
      The presets: quick takes at most a minute on two cores, on data that needs no file; reduced takes at most ten minutes; paper is the paper's own \
      configuration.

      apus run noprop
      apus run noprop --preset reduced --data mnist --out runs/mnist
      apus run noprop --set epochs=2 --set variants=dt,backpropagation --seed 7
      apus run noprop --options    what can be set, and within which ranges
      apus run noprop --config options.yaml --set epochs=3
      apus run noprop --json | jq '.claims[] | {id, holds}'

      The output directory holds report.html, findings.json, figures with their data, measurements, and the model. It appears whole when the run is \
      done. Ctrl-C saves the state; the same command with --resume goes on from it. Every run is recorded in a store: see apus runs.
      """)

  @Argument(help: "The system, as apus systems lists it.")
  var system: String

  @OptionGroup var request: RequestOptions

  @Flag(help: "List the options of the system instead of running it.")
  var options = false

  func run() throws {
    try request.run(
      Studies.study(system), assignments: request.assignments, listing: options, folder: system, words: ["run", system])
  }
}
