import ArgumentParser
import Foundation
import Studies
import Training

extension Preset: ExpressibleByArgument {}

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
      apus run noprop --json | jq '.claims[] | {id, holds}'

      The output directory holds report.html, findings.json, figures with their data, measurements, and the model. It appears whole when the run is \
      done. Ctrl-C saves the state; the same command with --resume goes on from it.
      """)

  @Argument(help: "The system, as apus systems lists it.")
  var system: String

  @Option(help: "How much work: quick, reduced or paper.")
  var preset: Preset = .quick

  @Option(help: ArgumentHelp("A data set by name, or the path of its files.", valueName: "name|path"))
  var data: String?

  @Option(help: "The seed of everything that is drawn.")
  var seed = 1

  @Option(
    name: .customLong("set"), parsing: .singleValue, help: ArgumentHelp("Changes an option; may be repeated.", valueName: "name=value"))
  var assignments: [String] = []

  @Option(help: ArgumentHelp("The output directory; runs/SYSTEM-PRESET by default.", valueName: "dir"))
  var out: String?

  @Flag(help: "Print findings.json on standard output.")
  var json = false

  @Flag(help: "Continue an interrupted run.")
  var resume = false

  @Flag(help: "Discard the saved state of an interrupted run.")
  var restart = false

  @Flag(help: "List the options of the system instead of running it.")
  var options = false

  func validate() throws {
    if resume && restart { throw ValidationError("--resume and --restart contradict each other") }
    if seed < 0 { throw ValidationError("--seed \(seed): expected a whole number from 0") }
    if let out, out.isEmpty { throw ValidationError("--out is empty: expected a directory") }
  }

  func run() throws {
    let study = try Studies.study(system)
    if options {
      StandardOutput.write(try OptionListing(study, preset: preset, assignments: assignments).text(json: json))
      return
    }
    let request = RunRequest(
      preset: preset, seed: seed, data: data, assignments: assignments,
      output: URL(fileURLWithPath: out ?? "runs/\(system)-\(preset.rawValue)"),
      leftover: resume ? .resume : restart ? .discard : .protect)
    Interruption.install()
    let done = try study.execute(request, progress: ProgressDisplay())
    for warning in done.warnings { Console.standardError.print("apus: warning: \(warning)") }
    if !done.isNew {
      Console.standardError.print("apus: the run in \(done.directory.relativePath) was done already; there was nothing to resume")
    }
    StandardOutput.write(json ? String(decoding: try ReportJSON.encode(done.document), as: UTF8.self) : RunText.summary(done))
  }
}
