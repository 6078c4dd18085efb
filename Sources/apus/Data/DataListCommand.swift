import ArgumentParser
import Datasets
import Foundation
import Training

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
