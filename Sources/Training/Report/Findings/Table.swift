/// Rows under named columns.
public struct Table: Sendable, Hashable {
  public struct Column: Sendable, Hashable, ExpressibleByStringLiteral {
    public let name: String
    public let unit: Unit

    public init(_ name: String, _ unit: Unit = .none) {
      self.name = name
      self.unit = unit
    }
    public init(stringLiteral value: String) { self.init(value) }
  }

  public enum Cell: Sendable, Hashable, ExpressibleByStringLiteral, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    case text(String)
    case number(Measurement)
    case empty

    public init(stringLiteral value: String) { self = .text(value) }
    public init(floatLiteral value: Double) { self = .number(Measurement(value)) }
    public init(integerLiteral value: Int) { self = .number(Measurement(value)) }
    /// The value, or an empty cell without one.
    public init(_ value: Measurement?) { self = value.map(Cell.number) ?? .empty }
    public init(_ value: Double) { self = .number(Measurement(value)) }
    public init(_ value: Int) { self = .number(Measurement(value)) }
    public init(_ text: String) { self = .text(text) }
  }

  /// Lower case words joined by hyphens: the name of the table's file.
  public let name: String
  /// One line that says what the rows show.
  public let title: String
  public let columns: [Column]
  public private(set) var rows: [[Cell]]

  public init(_ name: String, title: String, columns: [Column], rows: [[Cell]] = []) {
    self.name = name
    self.title = title
    self.columns = columns
    self.rows = []
    for row in rows { append(row) }
  }

  /// Adds a row with a cell for every column.
  public mutating func append(_ row: [Cell]) {
    precondition(
      row.count == columns.count, "Table \"\(name)\": a row of \(row.count) cells, expected one for each of \(columns.count) columns")
    rows.append(row)
  }
}
