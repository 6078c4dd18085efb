import Foundation
import Tensors

extension Table {
  /// What happens to rows in which a value is missing.
  public enum MissingValues: String, Codable, Sendable, CaseIterable {
    /// They are an error.
    case refuse
    /// They are left out.
    case dropRows
    /// A missing number becomes the mean of its column, a missing category the most frequent one. Both are taken over the whole table.
    case impute
  }

  /// Which columns are what.
  public struct Roles: Codable, Hashable, Sendable {
    public enum Task: String, Codable, Sendable, CaseIterable {
      /// Classification where the label is a category, or a column named "class" or "label" of at most 100 whole numbers.
      case automatic
      case classification, regression
    }

    /// Nil takes the column named "class", "label", "target" or "y", or the last one.
    public var label: String?
    /// A column whose values say which rows belong together.
    public var groups: String?
    /// Columns that are left out, such as names and identifiers.
    public var excluded: [String]
    public var task: Task
    public var missing: MissingValues

    public init(
      label: String? = nil, groups: String? = nil, excluded: [String] = [], task: Task = .automatic, missing: MissingValues = .refuse
    ) {
      self.label = label
      self.groups = groups
      self.excluded = excluded
      self.task = task
      self.missing = missing
    }
  }

  private static let labelNames = ["class", "label", "target", "y"]

  /// The column that holds labels where nobody says otherwise.
  func labelColumnName() -> String { Self.labelNames.first { self[$0] != nil } ?? columnNames[columnNames.count - 1] }

  /// The table as numbers: a number stays one, a category becomes one feature a value (1 where the row has it). Text columns are no features;
  /// the first of them becomes the column "text".
  ///
  /// - Returns: features float32 (rows, features); labels int32 for classes, float32 for numbers to predict; groups int32.
  /// - Throws: `FileFormatError`.
  public func dataset(_ roles: Roles = Roles()) throws -> Dataset {
    func failure(_ found: String, _ expected: String, _ advice: String = "", row: Int? = nil, column: String? = nil) -> FileFormatError {
      let place = row.map { FileFormatError.Location.line(lines[$0], column: column) } ?? column.map { .field($0) }
      return FileFormatError(path: path, at: place, found: found, expected: expected, advice: advice)
    }
    for name in [roles.label, roles.groups].compactMap({ $0 }) + roles.excluded where self[name] == nil {
      throw failure("no column \"\(name)\"", "one of \(columnNames.joined(separator: ", "))", "correct the name of the column")
    }
    let label = roles.label ?? labelColumnName()
    let used = columnNames.filter { !roles.excluded.contains($0) }
    let featureColumns = used.filter { $0 != label && $0 != roles.groups && self[$0]!.kind != .text }
    let textColumn = used.first { self[$0]!.kind == .text && $0 != label && $0 != roles.groups }

    let missing = Set((featureColumns + [label] + [roles.groups].compactMap { $0 }).flatMap { self[$0]!.missingRows })
    if roles.missing == .refuse, let row = missing.min() {
      let column = (featureColumns + [label]).first { self[$0]!.missingRows.contains(row) }
      throw failure(
        "a missing value, the first in \(missing.count) of \(rowCount) rows", "a value",
        "choose whether such rows are dropped (dropRows) or filled in (impute)", row: row, column: column)
    }
    // A label or a group is never made up.
    let unlabelled = Set(self[label]!.missingRows + (roles.groups.map { self[$0]!.missingRows } ?? []))
    let dropped = roles.missing == .dropRows ? missing : unlabelled
    let rows = (0..<rowCount).filter { !dropped.contains($0) }
    guard !rows.isEmpty else { throw failure("a missing value in every row", "rows with all values") }

    try requireRoom(for: featureColumns, rows: rows.count)
    var featureNames: [String] = []
    var features: [[Float]] = []
    for name in featureColumns {
      switch self[name]! {
      case .numbers(let values):
        let present = rows.compactMap { values[$0].isNaN ? nil : values[$0] }
        guard !present.isEmpty else {
          throw failure("no value at all", "values", "exclude the column", column: name)
        }
        let mean = present.reduce(0, +) / Double(present.count)
        features.append(rows.map { Float(values[$0].isNaN ? mean : values[$0]) })
        featureNames.append(name)
      case .categories(let codes, let names):
        let histogram = rows.reduce(into: [Int](repeating: 0, count: names.count)) { if codes[$1] >= 0 { $0[Int(codes[$1])] += 1 } }
        let usual = histogram.indices.max { histogram[$0] < histogram[$1] }
        for (code, value) in names.enumerated() {
          features.append(rows.map { (codes[$0] < 0 ? usual == code : Int(codes[$0]) == code) ? 1 : 0 })
          featureNames.append("\(name)=\(value)")
        }
      case .text: break
      }
    }
    guard !features.isEmpty || textColumn != nil else {
      throw failure("only the label \"\(label)\"", "at least one column of features", "name another label column")
    }

    let (labels, classNames) = try labelTensor(label, rows: rows, task: roles.task)
    var columns: [(name: String, column: Dataset.Column)] = []
    if !features.isEmpty {
      let width = features.count
      let flat = Tensor(shape: [rows.count, width], dtype: .float32) { target in
        let target = target.bindMemory(to: Float.self)
        for (feature, values) in features.enumerated() {
          for (row, value) in values.enumerated() { target[row * width + feature] = value }
        }
      }
      columns.append((Dataset.Name.features, .tensor(flat)))
    }
    columns.append((Dataset.Name.labels, .tensor(labels)))
    if let name = textColumn, case .text(let texts)? = self[name] {
      columns.append((Dataset.Name.text, .text(rows.map { texts[$0] ?? "" })))
    }
    if let name = roles.groups { columns.append((Dataset.Name.groups, .tensor(groupTensor(name, rows: rows)))) }
    return Dataset(
      name: URL(fileURLWithPath: path).lastPathComponent, columns: columns, classNames: classNames, featureNames: featureNames)
  }

  /// Features beyond this many bytes are refused: a category of many values, such as an identifier, would fill the memory with zeros.
  private static let maximumFeatureBytes = 4 << 30

  private func requireRoom(for featureColumns: [String], rows: Int) throws {
    func width(_ name: String) -> Int { if case .categories(_, let names)? = self[name] { names.count } else { 1 } }
    let count = featureColumns.reduce(0) { $0 + width($1) }
    guard let widest = featureColumns.max(by: { width($0) < width($1) }), count * rows > Self.maximumFeatureBytes / 4 else { return }
    throw FileFormatError(
      path: path, at: .field(widest), found: "\(width(widest)) categories, with which \(rows) rows have \(count) features each",
      expected: "at most \(Self.maximumFeatureBytes >> 30) GiB of features", advice: "exclude the column, or declare it as text")
  }

  private func labelTensor(_ name: String, rows: [Int], task: Roles.Task) throws -> (Tensor, [String]) {
    switch self[name]! {
    case .categories(let codes, let names):
      guard task != .regression else {
        throw FileFormatError(
          path: path, at: .field(name), found: "categories", expected: "numbers, for regression", advice: "name another label column")
      }
      return (Tensor(rows.map { codes[$0] }), names)
    case .numbers(let values):
      let distinct = Set(rows.map { values[$0] })
      let areClasses = distinct.count <= 100 && distinct.allSatisfy { $0 == $0.rounded() }
      let isClassification = task == .classification || task == .automatic && areClasses && ["class", "label"].contains(name)
      guard isClassification else { return (Tensor(rows.map { Float(values[$0]) }), []) }
      guard distinct.count <= Dataset.maximumClassCount else {
        throw FileFormatError(path: path, at: .field(name), found: "\(distinct.count) different values", expected: "at most \(Dataset.maximumClassCount) classes")
      }
      let sorted = distinct.sorted()
      let codes = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, Int32($0)) })
      let names = sorted.map { $0 == $0.rounded() && abs($0) < 1e15 ? String(Int($0)) : String($0) }
      return (Tensor(rows.map { codes[values[$0]]! }), names)
    case .text:
      throw FileFormatError(
        path: path, at: .field(name), found: "text that differs in most rows", expected: "classes or numbers as labels",
        advice: "name another label column, or declare this one as categories")
    }
  }

  private func groupTensor(_ name: String, rows: [Int]) -> Tensor {
    let keys: [String] =
      switch self[name]! {
      case .numbers(let values): rows.map { String(values[$0]) }
      case .categories(let codes, _): rows.map { String(codes[$0]) }
      case .text(let texts): rows.map { texts[$0] ?? "" }
      }
    var numbers: [String: Int32] = [:]
    return Tensor(
      keys.map { key -> Int32 in
        if let number = numbers[key] { return number }
        numbers[key] = Int32(numbers.count)
        return numbers[key]!
      })
  }
}
