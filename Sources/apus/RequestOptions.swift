import ArgumentParser
import Foundation
import Studies
import Training

extension Preset: ExpressibleByArgument {}

/// What a run can be asked for, whatever it runs.
struct RequestOptions: ParsableArguments {
  @Option(help: "How much work: quick, reduced or paper. (default: quick)")
  var preset: Preset?

  @Option(help: ArgumentHelp("A data set by name, or the path of its files.", valueName: "name|path"))
  var data: String?

  @Option(help: "The seed of everything that is drawn. (default: 1)")
  var seed: Int?

  @Option(
    help: ArgumentHelp(
      "A YAML file of options, as in epochs: 10, or the options.json of a run. What stands on the command line goes before it.",
      valueName: "file"))
  var config: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue, help: ArgumentHelp("Changes an option; may be repeated.", valueName: "name=value"))
  var assignments: [String] = []

  @Option(help: ArgumentHelp("The output directory; below runs/ by default.", valueName: "dir"))
  var out: String?

  @OptionGroup var storeOptions: StoreOptions

  @Flag(help: "Print findings.json on standard output.")
  var json = false

  @Flag(help: "Continue an interrupted run.")
  var resume = false

  @Flag(help: "Discard the saved state of an interrupted run.")
  var restart = false

  func validate() throws {
    if resume && restart { throw ValidationError("--resume and --restart contradict each other") }
    if let seed, seed < 0 { throw ValidationError("--seed \(seed): expected a whole number from 0") }
    if let out, out.isEmpty { throw ValidationError("--out is empty: expected a directory") }
  }

  /// Runs `study` as asked, or lists its options.
  /// - Parameters:
  ///   - folder: of the output where none is given; the preset's name follows.
  ///   - words: the command that was given, for the line that runs it again.
  ///   - text: what a person is told of it in the end.
  func run(
    _ study: any Study.Type, assignments: [String], listing: Bool, folder: String, words: [String],
    text: (CompletedRun) -> String = RunText.summary
  ) throws {
    let file = try config.map { try OptionsFile(URL(fileURLWithPath: $0)) }
    let preset = preset ?? file?.preset ?? .quick
    if listing {
      StandardOutput.write(try OptionListing(study, preset: preset, file: file, assignments: assignments).text(json: json))
      return
    }
    // Before anything is made, the store included.
    try study.checkOptions(preset, file: file, assignments)
    let request = RunRequest(
      preset: preset, seed: seed ?? file?.seed ?? 1, data: data ?? file?.data, optionsFile: file, assignments: assignments,
      output: URL(fileURLWithPath: out ?? "runs/\(folder)-\(preset.rawValue)"),
      leftover: resume ? .resume : restart ? .discard : .protect, store: try storeOptions.storeForWriting(), words: words)
    Interruption.install()
    let done = try study.execute(request, progress: ProgressDisplay())
    for warning in done.warnings { Console.standardError.print("apus: warning: \(warning)") }
    if !done.isNew {
      Console.standardError.print("apus: the run in \(done.directory.relativePath) was done already; there was nothing to resume")
    }
    StandardOutput.write(json ? String(decoding: try ReportJSON.encode(done.document), as: UTF8.self) : text(done))
  }
}
