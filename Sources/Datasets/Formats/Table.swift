import Foundation
import Tensors

/// A table of named, typed columns, read from CSV or TSV.
///
///     let table = try Table(reading: url)
///     let dataset = try table.dataset(label: "class")
public struct Table: Sendable {
  public enum Kind: String, Codable, Sendable, CaseIterable { case numbers, categories, text }

  public enum Column: Sendable {
    /// NaN where the value is missing.
    case numbers([Double])
    /// Numbers into `names`; -1 where the value is missing. Names are sorted, numerically where all are numbers.
    case categories(codes: [Int32], names: [String])
    /// Nil where the value is missing.
    case text([String?])

    public var kind: Kind {
      switch self {
      case .numbers: .numbers
      case .categories: .categories
      case .text: .text
      }
    }

    /// Rows without a value.
    public var missingRows: [Int] {
      switch self {
      case .numbers(let values): values.indices.filter { values[$0].isNaN }
      case .categories(let codes, _): codes.indices.filter { codes[$0] < 0 }
      case .text(let texts): texts.indices.filter { texts[$0] == nil }
      }
    }
  }

  /// How a file is to be read.
  public struct Options: Hashable, Sendable {
    public enum Header: String, Codable, Sendable, CaseIterable {
      /// There is a header where no field of the first row is a number.
      case automatic
      case present, absent
    }

    /// One ASCII character; nil takes a tab for ".tsv" files and where the first line has one, a comma otherwise.
    public var delimiter: Character?
    public var header: Header
    /// Unquoted fields that stand for a missing value.
    public var missing: Set<String>
    /// Kinds of columns that are not to be told from their values.
    public var kinds: [String: Kind]
    /// A column whose name ends in this holds categories; the ending is taken off.
    public var categoryMarker: String

    public init(
      delimiter: Character? = nil, header: Header = .automatic, missing: Set<String> = ["", "?", "NA", "N/A", "nan", "NaN", "null"],
      kinds: [String: Kind] = [:], categoryMarker: String = "|cat"
    ) {
      precondition(delimiter.map { $0.isASCII && $0 != "\"" && $0 != "\n" } ?? true, "Table: the delimiter must be one ASCII character")
      self.delimiter = delimiter
      self.header = header
      self.missing = missing
      self.kinds = kinds
      self.categoryMarker = categoryMarker
    }
  }

  public let path: String
  public let columnNames: [String]
  public let columns: [Column]
  /// The line of the file on which each row begins, counted from 1.
  let lines: [Int]

  public var rowCount: Int { lines.count }

  public subscript(name: String) -> Column? { columnNames.firstIndex(of: name).map { columns[$0] } }

  /// The kind of a column is told from its values. Numbers, where at least nine of ten values are: another then is an error, not a category.
  /// Text, where there are more than 64 different values, most rows having one of their own. Categories otherwise.
  /// - Throws: `FileFormatError`, `FileAccessError`.
  public init(reading url: URL, options: Options = Options()) throws {
    self = try Table(parsing: try ByteReader.contents(of: url), path: url.path, options: options)
  }

  /// - Parameter path: named in errors; its extension may tell the delimiter.
  /// - Throws: `FileFormatError`.
  public init(parsing content: [UInt8], path: String, options: Options = Options()) throws {
    let delimiter = options.delimiter?.asciiValue ?? Self.delimiter(of: content, path: path)
    let text = try DelimitedText(content, path: path, delimiter: delimiter)
    guard text.rowCount > 0 else {
      throw FileFormatError(
        path: path, found: "no rows", expected: "a table of rows and columns", advice: "the file is empty; copy it again")
    }
    func isMissing(_ field: DelimitedText.Field) -> Bool {
      !field.isQuoted && options.missing.contains(text.text(field).trimmingCharacters(in: .whitespaces))
    }
    let first = (0..<text.columnCount).map { text.field(0, $0) }
    let hasHeader =
      switch options.header {
      case .present: true
      case .absent: false
      case .automatic: !first.contains { !$0.isQuoted && text.number($0) != nil }
      }
    var names: [String] = []
    var kinds: [Kind?] = []
    for (index, field) in first.enumerated() {
      var name = hasHeader ? text.text(field).trimmingCharacters(in: .whitespaces) : ""
      var kind: Kind?
      if !options.categoryMarker.isEmpty, name.hasSuffix(options.categoryMarker) {
        name.removeLast(options.categoryMarker.count)
        kind = .categories
      }
      if name.isEmpty { name = "column \(index + 1)" }
      guard !names.contains(name) else {
        throw FileFormatError(
          path: path, at: .line(text.lines[0], column: name), found: "the column name \"\(name)\" twice", expected: "names that occur once",
          advice: "rename one of them")
      }
      names.append(name)
      kinds.append(options.kinds[name] ?? kind)
    }
    for name in options.kinds.keys.sorted() where !names.contains(name) {
      throw FileFormatError(
        path: path, at: .line(text.lines[0]), found: "no column \"\(name)\"", expected: "one of \(names.joined(separator: ", "))")
    }
    let rows = (hasHeader ? 1 : 0)..<text.rowCount
    guard !rows.isEmpty else {
      throw FileFormatError(path: path, at: .line(text.lines[0]), found: "a header without rows", expected: "at least one row")
    }
    self.path = path
    columnNames = names
    lines = Array(text.lines[rows])
    var columns: [Column] = []
    for index in names.indices {
      columns.append(
        try Self.column(
          rows.map { text.field($0, index) }, name: names[index],
          kind: kinds[index], text: text, lines: lines, isMissing: isMissing))
    }
    self.columns = columns
  }

  private static func delimiter(of content: [UInt8], path: String) -> UInt8 {
    let name = path.hasSuffix(".gz") ? String(path.dropLast(3)) : path
    if name.hasSuffix(".tsv") { return 0x09 }
    let firstLine = content.prefix { $0 != 0x0a }
    return !name.hasSuffix(".csv") && firstLine.contains(0x09) ? 0x09 : 0x2c
  }

  private static func column(
    _ fields: [DelimitedText.Field], name: String, kind: Kind?, text: DelimitedText, lines: [Int], isMissing: (DelimitedText.Field) -> Bool
  ) throws -> Column {
    let missing = fields.map(isMissing)
    if kind == nil || kind == .numbers {
      let numbers = fields.indices.map { missing[$0] ? .nan : text.number(fields[$0]) }
      let presentCount = missing.count { !$0 }
      let numberCount = zip(numbers, missing).count { $0 != nil && !$1 }
      if kind == .numbers || presentCount > 0 && numberCount * 10 >= presentCount * 9 {
        if let row = numbers.firstIndex(where: { $0 == nil }) {
          throw FileFormatError(
            path: text.path, at: .line(lines[row], column: name), found: "\"\(text.text(fields[row]))\"",
            expected: kind == .numbers ? "a number" : "a number, as \(numberCount) of \(presentCount) rows have",
            advice: "mend the value, or declare the column as categories or text")
        }
        return .numbers(numbers.map { $0! })
      }
    }
    let texts = fields.indices.map { missing[$0] ? nil : text.text(fields[$0]) }
    let known = Set(texts.compactMap { $0 })
    if kind == .text || kind == nil && known.count > 64 && known.count * 2 > texts.count { return .text(texts) }
    let names = sorted(categories: Array(known))
    let codes = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
    return .categories(codes: texts.map { $0.map { codes[$0]! } ?? -1 }, names: names)
  }

  /// Numerically where all are numbers, as text otherwise.
  private static func sorted(categories: [String]) -> [String] {
    let numbers = categories.map { Double($0) }
    guard numbers.allSatisfy({ $0 != nil }) else { return categories.sorted() }
    return zip(categories, numbers).sorted { ($0.1!, $0.0) < ($1.1!, $1.0) }.map(\.0)
  }
}
