/// Rows of a table as comma separated values (RFC 4180), the names of the columns first.
struct CSVText {
  private(set) var text: String
  /// Rows so far, without the names.
  private(set) var rowCount = 0

  init(_ columns: [String]) { text = Self.line(columns) }

  mutating func append(_ fields: [String]) {
    text += Self.line(fields)
    rowCount += 1
  }

  private static func line(_ fields: [String]) -> String { fields.map(quoted).joined(separator: ",") + "\n" }

  private static func quoted(_ field: String) -> String {
    guard field.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return field }
    return "\"" + field.replacing("\"", with: "\"\"") + "\""
  }
}

extension Measurement {
  /// Mean, standard error and the values themselves, padded to `width` seeds.
  func fields(seeds width: Int) -> [String] {
    let seeds = values.map(NumberText.exact) + [String](repeating: "", count: max(width - values.count, 0))
    return [NumberText.exact(mean), standardError.map(NumberText.exact) ?? ""] + (width > 1 ? seeds : [])
  }

  /// The names of these fields.
  static func columns(_ name: String, seeds width: Int) -> [String] {
    [name, "standard error"] + (width > 1 ? (1...width).map { "seed \($0)" } : [])
  }
}
