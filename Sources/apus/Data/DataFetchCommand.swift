import ArgumentParser
import Datasets
import Foundation
import Training

struct DataFetchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fetch", abstract: "Download standard data sets.",
    discussion: """
      A file appears when it is whole and its checksum is right. A download that broke off goes on where it stopped.

      apus data fetch mnist
      apus data fetch cifar10 --to ../data
      apus data fetch mnist --mirror http://intranet/mnist/
      """)

  @Argument(help: ArgumentHelp("The sets, as apus data list names them.", valueName: "name"))
  var names: [String]

  @Option(help: ArgumentHelp("The folder of the sets' folders; where --data looks for names, by default.", valueName: "dir"))
  var to: String?

  @Option(help: ArgumentHelp("Where to look for the files, by name, instead of at their publishers'.", valueName: "url"))
  var mirror: String?

  @Flag(help: "Print one JSON document.")
  var json = false

  private struct Entry: Encodable {
    let name, path: String
    let files: [File]

    struct File: Encodable { let name, outcome, checksum: String }
  }

  func validate() throws {
    if names.isEmpty { throw ValidationError("name a set: \(Self.all)") }
    for name in names where StandardDataset.named(name) == nil {
      let known = Handwriting.Characters(rawValue: name) != nil
      throw ValidationError(
        known ? "the set \"\(name)\" is generated; it needs no download" : "there is no set \"\(name)\": expected \(Self.all)")
    }
    if let to, to.isEmpty { throw ValidationError("--to is empty: expected a folder") }
    if let mirror {
      guard let url = URL(string: mirror), ["http", "https"].contains(url.scheme?.lowercased() ?? ""), url.host != nil else {
        throw ValidationError("--mirror \(mirror): expected a URL that begins with http:// or https://")
      }
    }
  }

  private static var all: String { StandardDataset.all.map(\.name).joined(separator: ", ") }

  func run() throws {
    Interruption.install(announces: false)
    let fetcher = DatasetFetcher(
      directory: to.map { URL(fileURLWithPath: $0) } ?? DataDirectory.standard, mirror: mirror.flatMap { URL(string: $0) })
    var entries: [Entry] = []
    for name in names {
      let set = StandardDataset.named(name)!
      let display = FetchDisplay()
      let outcomes: [(file: StandardDataset.RemoteFile, outcome: DatasetFetcher.Outcome)]
      do {
        outcomes = try fetcher.fetch(set) { progress in
          display.show(progress)
          return Interruption.signal == nil
        }
      } catch is CancellationError {
        display.finish()
        throw FetchInterrupted(set: set.name)
      } catch {
        display.finish()
        throw error
      }
      display.finish()
      entries.append(
        Entry(
          name: set.name, path: fetcher.folder(of: set).path,
          files: outcomes.map { .init(name: $0.file.name, outcome: $0.outcome.rawValue, checksum: $0.file.checksum.description) }))
      if !json {
        let isNew = outcomes.contains { $0.outcome == .fetched }
        StandardOutput.write("\(set.name): \(isNew ? "fetched" : "is there already"), checked, in \(fetcher.folder(of: set).path)\n")
      }
    }
    if json { StandardOutput.write(try ReportJSON.encode(entries)) }
  }
}

/// A download that was stopped on request.
struct FetchInterrupted: Error, CustomStringConvertible {
  let set: String

  var description: String { "interrupted: what arrived of \(set) is kept; the same command goes on from there" }
}
