import ArgumentParser
import Foundation
import Training

struct RunsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "runs", abstract: "What was run, with which options, and what it found.",
    discussion: """
      Every run is recorded with its options, measurements, curves, claims, files and the commit it was made from, in an SQLite file that any program \
      may read.

      apus runs list --system noprop --since 2026-11-01
      apus runs show last
      apus runs compare 3 5 8
      apus runs rm 4
      apus runs add runs/from-elsewhere
      """,
    subcommands: [RunsListCommand.self, RunsShowCommand.self, RunsCompareCommand.self, RunsRemoveCommand.self, RunsAddCommand.self])
}

/// The store that subcommands read.
struct StoreLocation: ParsableArguments {
  @Option(help: ArgumentHelp("The store of runs: an SQLite file. (default: $APUS_STORE, or runs/store.sqlite)", valueName: "file"))
  var store: String?

  var location: URL { store.map { URL(fileURLWithPath: $0) } ?? RunStore.defaultLocation }

  func open() throws -> RunStore { try RunStore.existing(location) }
}

/// A run by its number, or "last".
struct RunNumber: ExpressibleByArgument {
  let id: Int64?

  init?(argument: String) {
    if argument == "last" {
      id = nil
    } else {
      guard let number = Int64(argument), number > 0 else { return nil }
      id = number
    }
  }

  func detail(in store: RunStore) throws -> StoredRunDetail {
    guard let number = try id ?? store.newest() else { throw NoSuchRun(words: "the store \(store.url.path) is empty") }
    guard let detail = try store.detail(number) else {
      throw NoSuchRun(words: "there is no run \(number) in \(store.url.path); see apus runs list")
    }
    return detail
  }
}

struct NoSuchRun: Error, CustomStringConvertible {
  let words: String
  var description: String { words }
}

/// How runs are told on a terminal.
enum RunWords {
  static func date(_ date: Date) -> String {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.dateFormat = "yyyy-MM-dd HH:mm"
    return format.string(from: date)
  }

  static func status(_ run: StoredRun) -> String {
    run.status == .finished && run.claimCount > 0 ? "\(run.claimsHolding) of \(run.claimCount) hold" : run.status.rawValue
  }

  static func duration(_ seconds: Double?) -> String { seconds.map { NumberText.value($0, .seconds) } ?? "" }
}
