import ArgumentParser
import Foundation
import Studies
import Training

extension RunStatus: ExpressibleByArgument {}

struct RunsListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List runs, the newest first.",
    discussion: """
      apus runs list
      apus runs list --system noprop --data mnist --since 2026-11-01 --limit 5
      apus runs list --status interrupted --json
      """)

  @OptionGroup var store: StoreLocation

  @Option(help: "Only runs of this system.")
  var system: String?

  @Option(help: ArgumentHelp("Only runs whose data have this in their name or path.", valueName: "text"))
  var data: String?

  @Option(help: "Only runs of this preset.")
  var preset: Preset?

  @Option(help: "Only runs that came so far: running, finished, interrupted, failed or lost.")
  var status: RunStatus?

  @Option(help: ArgumentHelp("Only runs begun on that day or later, as 2026-11-25 or 2026-11-25T14:30.", valueName: "date"))
  var since: LocalDate?

  @Option(help: ArgumentHelp("Only runs begun before.", valueName: "date"))
  var until: LocalDate?

  @Option(help: "Only so many.")
  var limit: Int?

  @Flag(help: "Print one JSON document.")
  var json = false

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit \(limit): expected a whole number from 1") }
  }

  func run() throws {
    if let system { _ = try Studies.study(system) }
    let runs = try store.open().runs(
      RunFilter(
        system: system, data: data, preset: preset?.rawValue, status: status, since: since?.date, until: until?.date, limit: limit))
    if json {
      StandardOutput.write(try ReportJSON.encode(runs))
      return
    }
    guard !runs.isEmpty else {
      StandardOutput.write("No such runs in \(RunText.shortest(store.location)).\n")
      return
    }
    var table = TextTable(
      ["run", "system", "preset", "data", "seed", "begun", "took", "claims", "directory"],
      alignments: [.right, .left, .left, .left, .right, .left, .right, .left, .left])
    for run in runs {
      table.append([
        String(run.id), run.system, run.preset, run.data.map { URL(fileURLWithPath: $0).lastPathComponent } ?? "-", String(run.seed),
        RunWords.date(run.begun), RunWords.duration(run.seconds), RunWords.status(run),
        RunText.shortest(URL(fileURLWithPath: run.directory)),
      ])
    }
    StandardOutput.write(table.text(width: 140))
  }
}

/// A day, or a minute of it, where the reader lives.
struct LocalDate: ExpressibleByArgument {
  let date: Date

  init?(argument: String) {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.isLenient = false
    for pattern in ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss"] {
      format.dateFormat = pattern
      if let date = format.date(from: argument) {
        self.date = date
        return
      }
    }
    return nil
  }
}
