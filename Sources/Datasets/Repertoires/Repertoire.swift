import Foundation
import Tensors

/// The sequences of one immune repertoire, letters of the twenty amino acids.
public struct Repertoire: Sendable {
  /// The letters, by number.
  public static let alphabet = Array("ACDEFGHIKLMNPQRSTVWY")

  /// Letters as numbers into the alphabet, all sequences one after the other.
  public let letters: [UInt8]
  /// Sequence i has the letters offsets[i] ..< offsets[i + 1].
  public let offsets: [Int]
  /// How often each sequence was found, at least 1.
  public let counts: [Int]

  public var sequenceCount: Int { counts.count }

  public init(letters: [UInt8], offsets: [Int], counts: [Int]) {
    precondition(
      offsets.count == counts.count + 1 && offsets.first == 0 && offsets.last == letters.count,
      "Repertoire: \(counts.count) counts and \(offsets.count) offsets do not fit \(letters.count) letters")
    self.letters = letters
    self.offsets = offsets
    self.counts = counts
  }

  public func sequence(_ index: Int) -> ArraySlice<UInt8> { letters[offsets[index]..<offsets[index + 1]] }

  /// Reads tab-separated text with the columns `amino_acid` and, where it is there, `templates` (how often).
  /// - Throws: `FileFormatError` for letters that are no amino acid, empty sequences, counts below 1; `FileAccessError`.
  public init(reading url: URL) throws {
    let table = try Table(
      reading: url, options: Table.Options(delimiter: "\t", header: .present, missing: [], kinds: ["amino_acid": .text]))
    guard case .text(let sequences)? = table["amino_acid"] else {
      throw FileFormatError(
        path: url.path, at: .line(1), found: "the columns \(table.columnNames.joined(separator: ", "))", expected: "a column amino_acid")
    }
    var numbers = [UInt8](repeating: .max, count: 256)
    for (number, letter) in Self.alphabet.enumerated() { numbers[Int(letter.asciiValue!)] = UInt8(number) }
    var letters: [UInt8] = []
    var offsets = [0]
    for (row, sequence) in sequences.enumerated() {
      let text = sequence ?? ""
      for letter in text.utf8 {
        guard numbers[Int(letter)] != .max else {
          throw FileFormatError(
            path: url.path, at: .line(table.lines[row], column: "amino_acid"), found: "\"\(text)\"",
            expected: "letters of \(String(Self.alphabet))")
        }
        letters.append(numbers[Int(letter)])
      }
      guard letters.count > offsets.last! else {
        throw FileFormatError(path: url.path, at: .line(table.lines[row], column: "amino_acid"), found: "nothing", expected: "a sequence")
      }
      offsets.append(letters.count)
    }
    var counts = [Int](repeating: 1, count: sequences.count)
    if let column = table["templates"] {
      guard case .numbers(let values) = column else {
        throw FileFormatError(path: url.path, at: .field("templates"), found: "words", expected: "whole numbers")
      }
      for (row, value) in values.enumerated() {
        guard let count = Int(exactly: value), count >= 1 else {
          throw FileFormatError(
            path: url.path, at: .line(table.lines[row], column: "templates"), found: "\(value)", expected: "a whole number of at least 1")
        }
        counts[row] = count
      }
    }
    self.init(letters: letters, offsets: offsets, counts: counts)
  }
}

/// A folder of repertoires: `metadata.tsv` with the columns `ID` and labels, and `ID.tsv` for each. Repertoires are read one by one, since a set
/// need not fit into memory.
public struct RepertoireFolder: Sendable {
  public let url: URL
  public let identifiers: [String]
  /// The column of the labels.
  public let labelName: String
  public let labels: [Bool]

  /// Whether a folder holds repertoires.
  public static func isRecognised(_ url: URL) -> Bool {
    FileManager.default.fileExists(atPath: url.appendingPathComponent("metadata.tsv").path)
  }

  /// - Parameters:
  ///   - label: the column to be told; the first beside ID by default.
  ///   - positive: the value of positive repertoires; by default `+`, `True`, `true`, `1`.
  /// - Throws: `FileFormatError` for columns, labels or files that are not there; `FileAccessError`.
  public init(_ url: URL, label: String? = nil, positive: Set<String> = ["+", "True", "true", "1"]) throws {
    let file = url.appendingPathComponent("metadata.tsv")
    let lines = try TextLines.read(file).map { $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) }
    guard let header = lines.first, let id = header.firstIndex(of: "ID"), header.count >= 2 else {
      throw FileFormatError(
        path: file.path, at: .line(1), found: lines.first?.joined(separator: ", ") ?? "an empty file", expected: "columns ID and a label")
    }
    let name = label ?? header.first { $0 != "ID" }!
    guard let column = header.firstIndex(of: name) else {
      throw FileFormatError(path: file.path, at: .line(1), found: header.joined(separator: ", "), expected: "a column \(name)")
    }
    var identifiers: [String] = []
    var values: [String] = []
    for (number, fields) in lines.enumerated().dropFirst() {
      guard fields.count == header.count else {
        throw FileFormatError(path: file.path, at: .line(number + 1), found: "\(fields.count) fields", expected: "\(header.count)")
      }
      identifiers.append(fields[id])
      values.append(fields[column])
      let repertoire = url.appendingPathComponent(fields[id] + ".tsv")
      guard FileManager.default.fileExists(atPath: repertoire.path) else {
        throw FileAccessError(
          path: repertoire.path, action: "open", reason: "there is no such file, which line \(number + 1) of metadata.tsv names")
      }
    }
    let labels = values.map(positive.contains)
    guard labels.contains(true), labels.contains(false) else {
      throw FileFormatError(
        path: file.path, at: .field(name), found: "\(Set(values).sorted().prefix(4).joined(separator: ", ")) in \(values.count) rows",
        expected: "positive (\(positive.sorted().joined(separator: ", "))) and other labels")
    }
    self.url = url
    self.identifiers = identifiers
    labelName = name
    self.labels = labels
  }

  public func repertoire(_ index: Int) throws -> Repertoire {
    try Repertoire(reading: url.appendingPathComponent(identifiers[index] + ".tsv"))
  }
}
