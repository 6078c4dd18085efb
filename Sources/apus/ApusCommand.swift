import ArgumentParser
import Training

/// `apus` itself: the list of what it can do.
struct ApusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apus",
    abstract: "Published methods for neural networks, each measured beside its plain baseline.",
    discussion: """
      A system is a published method. Its study runs the method and the baseline on the same data, and says which of the paper's claims hold.

      apus demo                     see a network train, ending in a report
      apus systems                  what there is
      apus run noprop --options     what can be set, and within which ranges
      apus run noprop --preset reduced --data mnist --out runs/mnist
      apus verify --system noprop case.safetensors

      Results go to standard output, progress and errors to standard error. With --json, standard output holds one JSON document.

      Exit codes: 0 done, 1 a check failed, 2 bad usage or options, 3 bad or missing data, 4 interrupted (state saved), 70 internal error.
      """,
    version: Apus.version,
    subcommands: [
      DemoCommand.self, SystemsCommand.self, RunCommand.self, CompareCommand.self, RunsCommand.self, VerifyCommand.self,
      PredictCommand.self, SummaryCommand.self, DataCommand.self, BenchCommand.self, DocumentationCommand.self,
    ])
}
