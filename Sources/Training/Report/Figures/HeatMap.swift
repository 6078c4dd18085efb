/// A matrix as colours.
public struct HeatMap: Sendable, Hashable {
  public let x: Axis
  public let y: Axis
  /// What a colour stands for.
  public let value: Axis
  /// Names along the axes; where empty, columns and rows are numbered from 0.
  public let columns: [String]
  public let rows: [String]
  /// Row by row, the first row on top; equally many in each.
  public let values: [[Double]]

  public init(x: Axis, y: Axis, value: Axis, columns: [String] = [], rows: [String] = [], _ values: [[Double]]) {
    let width = values.first?.count ?? 0
    precondition(values.allSatisfy { $0.count == width }, "HeatMap: rows of different lengths \(Set(values.map(\.count)).sorted())")
    precondition(columns.isEmpty || columns.count == width, "HeatMap: \(columns.count) column names for \(width) columns")
    precondition(rows.isEmpty || rows.count == values.count, "HeatMap: \(rows.count) row names for \(values.count) rows")
    self.x = x
    self.y = y
    self.value = value
    self.columns = columns
    self.rows = rows
    self.values = values
  }
}
