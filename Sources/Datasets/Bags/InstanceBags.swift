import Foundation
import Tensors

/// Bags of instances with one label a bag (multiple-instance learning), from a table with a row an instance.
///
///     let bags = try InstanceBags(reading: url)          // columns bag_id, bag_label, then features
///     let bag = bags.features[bags.rows(ofBag: 0)]
public struct InstanceBags: Sendable {
  public let name: String
  /// float32 (instances, features); the instances of a bag stand together.
  public let features: Tensor
  public let featureNames: [String]
  /// Bag b has the instances offsets[b] ..< offsets[b + 1].
  public let offsets: [Int]
  /// Whether each bag is positive.
  public let labels: [Bool]
  /// The name of each bag, as the file has it.
  public let identifiers: [String]

  public var bagCount: Int { labels.count }
  public var instanceCount: Int { features.shape[0] }
  public var featureCount: Int { features.shape[1] }

  public func rows(ofBag bag: Int) -> Range<Int> { offsets[bag]..<offsets[bag + 1] }

  /// - Parameters:
  ///   - features: float32 (instances, features).
  ///   - offsets: from 0 to the number of instances, increasing.
  public init(
    name: String, features: Tensor, offsets: [Int], labels: [Bool], identifiers: [String]? = nil, featureNames: [String]? = nil
  ) {
    precondition(
      features.rank == 2 && offsets.count == labels.count + 1 && offsets.first == 0 && offsets.last == features.shape[0]
        && zip(offsets, offsets.dropFirst()).allSatisfy { $0 < $1 },
      "InstanceBags \(name): \(labels.count) labels and offsets \(offsets.prefix(4))... do not divide features of shape \(features.shape)")
    self.name = name
    self.features = features
    self.offsets = offsets
    self.labels = labels
    self.identifiers = identifiers ?? labels.indices.map { String($0 + 1) }
    self.featureNames = featureNames ?? (0..<features.shape[1]).map { "f\($0)" }
  }

  /// Whether the first line of a file names columns of bags.
  public static func isRecognised(_ url: URL, bagColumn: String = "bag_id") throws -> Bool {
    let start = try ByteReader(url).prefix(4096)
    let line = String(decoding: start.prefix { $0 != 0x0a }, as: UTF8.self)
    return line.split(whereSeparator: { $0 == "," || $0 == "\t" }).contains {
      $0.trimmingCharacters(in: .whitespacesAndNewlines) == bagColumn
    }
  }

  /// Reads CSV or TSV, gzip or not. Rows of a bag may stand anywhere; bags are in the order of their first rows.
  ///
  /// - Parameters:
  ///   - bagColumn: names the bag of each instance.
  ///   - labelColumn: two different values in all; the larger number, or the later word, is positive. The same for all rows of a bag.
  /// - Throws: `FileFormatError` for columns that are not there, values that are missing or no numbers, labels that are not two, and bags with both;
  ///   `FileAccessError`.
  public init(reading url: URL, bagColumn: String = "bag_id", labelColumn: String = "bag_label") throws {
    let table = try Table(reading: url, options: Table.Options(kinds: [bagColumn: .categories, labelColumn: .categories]))
    func failure(_ found: String, _ expected: String, row: Int? = nil, column: String? = nil) -> FileFormatError {
      let place = row.map { FileFormatError.Location.line(table.lines[$0], column: column) } ?? column.map { .field($0) }
      return FileFormatError(path: url.path, at: place, found: found, expected: expected)
    }
    func categories(_ name: String) throws -> (codes: [Int32], names: [String]) {
      guard case .categories(let codes, let names)? = table[name] else {
        throw failure("no column \"\(name)\" among \(table.columnNames.prefix(6).joined(separator: ", "))", "a column \"\(name)\"")
      }
      if let row = codes.firstIndex(where: { $0 < 0 }) { throw failure("no value", "a value in every row", row: row, column: name) }
      return (codes, names)
    }
    let bags = try categories(bagColumn)
    let labelled = try categories(labelColumn)
    guard labelled.names.count == 2 else {
      throw failure("\(labelled.names.count) different labels", "two: negative and positive bags", column: labelColumn)
    }
    var columns: [[Double]] = []
    let names = table.columnNames.filter { $0 != bagColumn && $0 != labelColumn }
    guard !names.isEmpty else { throw failure("no features", "columns of numbers beside \(bagColumn) and \(labelColumn)") }
    for name in names {
      guard case .numbers(let values)? = table[name] else {
        throw failure("a column of \(table[name]!.kind.rawValue)", "numbers", column: name)
      }
      if let row = values.firstIndex(where: \.isNaN) { throw failure("no value", "a number", row: row, column: name) }
      columns.append(values)
    }
    var order: [Int32] = []
    var rowsOfBag: [Int32: [Int]] = [:]
    for (row, bag) in bags.codes.enumerated() {
      if rowsOfBag[bag] == nil { order.append(bag) }
      rowsOfBag[bag, default: []].append(row)
      let first = rowsOfBag[bag]![0]
      guard labelled.codes[row] == labelled.codes[first] else {
        throw failure(
          "the label \(labelled.names[Int(labelled.codes[row])])",
          "\(labelled.names[Int(labelled.codes[first])]), as the bag has on line \(table.lines[first])", row: row, column: labelColumn)
      }
    }
    let rows = order.flatMap { rowsOfBag[$0]! }
    var offsets = [0]
    for bag in order { offsets.append(offsets.last! + rowsOfBag[bag]!.count) }
    let flat = rows.flatMap { row in columns.map { Float($0[row]) } }
    self.init(
      name: url.lastPathComponent.split(separator: ".").first.map(String.init) ?? url.lastPathComponent,
      features: Tensor(flat, shape: [rows.count, columns.count]), offsets: offsets,
      labels: order.map { labelled.codes[rowsOfBag[$0]![0]] == 1 }, identifiers: order.map { bags.names[Int($0)] }, featureNames: names)
  }
}
