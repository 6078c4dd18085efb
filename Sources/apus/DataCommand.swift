import ArgumentParser
import Datasets
import Foundation
import Studies
import Training

struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "List, download and look into data sets.",
    discussion: """
      apus data list                      what --data takes by name
      apus data fetch mnist cifar10       download standard sets, with checksum
      apus data inspect mnist             shapes, classes and first rows of a set
      apus data inspect table.csv --json  the same of a file, for programs

      What --data takes: \(Self.accepted)
      """, subcommands: [DataListCommand.self, DataFetchCommand.self, DataInspectCommand.self])

  static let accepted = """
    a name of the list; a folder of IDX files (as MNIST), of CIFAR binary files, of one folder of images a class, or of NPY arrays; a file in IDX, \
    CIFAR binary (.bin), CSV, TSV, NPY, NPZ, safetensors or text (.txt). All but the archives may be packed with gzip.
    """
}

struct DataListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "List the data sets that are known by name.")

  private struct Entry: Encodable {
    let name, title, source, license: String
    let bytes: Int?
    let isPresent: Bool
    let files: [File]

    struct File: Encodable { let name, url, checksum: String }
  }

  @Flag(help: "Print one JSON document.")
  var json = false

  func run() throws {
    let fetcher = DatasetFetcher()
    let generated = Handwriting.Characters.allCases.map { characters in
      Entry(
        name: characters.rawValue, title: "\(characters.classNames.count) classes of handwritten-looking characters, drawn by Apus",
        source: "generated",
        license: "Apache-2.0", bytes: nil, isPresent: true, files: [])
    }
    let standard = StandardDataset.all.map { set in
      Entry(
        name: set.name, title: set.title, source: set.homepage, license: set.license, bytes: set.byteCount,
        isPresent: set.isPresent(in: fetcher.folder(of: set)),
        files: set.files.map { .init(name: $0.name, url: $0.urls[0].absoluteString, checksum: $0.checksum.description) })
    }
    if json {
      StandardOutput.write(try ReportJSON.encode(generated + standard))
      return
    }
    var table = TextTable(["name", "download", "state", "content"], alignments: [.left, .right, .left, .left])
    for entry in generated + standard {
      let state = entry.source == "generated" ? "always there" : entry.isPresent ? "fetched" : ""
      table.append([
        entry.name, entry.bytes.map { NumberText.value(Double($0), .bytes) } ?? (entry.files.isEmpty ? "" : "?"), state, entry.title,
      ])
    }
    StandardOutput.write(table.text(width: 120) + "\nSets are kept in \(fetcher.directory.path); APUS_DATA names another folder.\n")
  }
}

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

/// How far a download is, file by file, in megabytes.
private final class FetchDisplay {
  private let display = ProgressDisplay()
  private var phase: ProgressPhase?
  private var file = ""
  private var shown = 0
  private var bytes = 0

  func show(_ progress: DatasetFetcher.Progress) {
    if progress.file != file {
      finish()
      file = progress.file
      shown = progress.received >> 20
      bytes = progress.received
      phase = display.phase(
        "\(progress.file) MiB", of: progress.total.map { max(($0 + (1 << 20) - 1) >> 20, 1) }, done: shown, itemName: "B")
    }
    let received = progress.received >> 20
    guard received >= shown, progress.received >= bytes else { return }
    phase?.advance(by: received - shown, items: progress.received - bytes)
    shown = received
    bytes = progress.received
  }

  func finish() {
    phase?.finish()
    phase = nil
    file = ""
  }
}

struct DataInspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Say what a file or folder holds: kind, shapes, ranges, classes, first rows.",
    discussion: """
      apus data inspect mnist
      apus data inspect arrays.npz --rows 2
      apus data inspect photos --size 32
      """)

  @Argument(help: ArgumentHelp("A path, or a name of apus data list.", valueName: "path"))
  var path: String

  @Option(help: "How many first rows to show.")
  var rows = 3

  @Option(help: ArgumentHelp("Height and width to which images in folders are resized.", valueName: "pixels"))
  var size: Int?

  @Flag(help: "Print one JSON document.")
  var json = false

  func validate() throws {
    guard (0...1000).contains(rows) else { throw ValidationError("--rows \(rows): expected 0 ... 1000") }
    if let size, !(1...4096).contains(size) { throw ValidationError("--size \(size): expected 1 ... 4096 pixels") }
  }

  func run() throws {
    let options = OpenOptions(images: .init(height: size, width: size))
    let inspection = try DataInspection(path, rows: rows, options: options)
    if json {
      StandardOutput.write(try ReportJSON.encode(inspection))
      return
    }
    var text = "\(path): \(inspection.kind)\n"
    for part in inspection.parts {
      text += "\n\(part.name): \(part.rows) row\(part.rows == 1 ? "" : "s")\n"
      var table = TextTable(
        ["  column", "type", "shape", "least", "largest", "mean", ""], alignments: [.left, .left, .left, .right, .right, .right, .left])
      for column in part.columns {
        let notes = [
          column.distinct.map { "\($0) different" }, column.missing > 0 ? "\(column.missing) missing or not finite" : nil,
        ].compactMap { $0 }.joined(separator: ", ")
        table.append(
          ["  " + column.name, column.type, "(" + column.shape.map(String.init).joined(separator: ", ") + ")"]
            + [column.minimum, column.maximum, column.mean].map { $0.map { NumberText.short($0) } ?? "" } + [notes])
      }
      text += table.text(width: 140)
      if !part.classes.isEmpty {
        let most = 100
        let shown = part.classes.prefix(most).map { "\($0.name) \($0.count)" }.joined(separator: ", ")
        text += "  \(part.classes.count) classes: \(shown)\(part.classes.count > most ? ", ..." : "")\n"
      }
      for row in part.firstRows { text += "  | " + row.joined(separator: " | ") + "\n" }
    }
    if let obstacle = inspection.obstacle { text += "\nNot for --data as it is: \(obstacle)\n" }
    StandardOutput.write(text)
  }
}
