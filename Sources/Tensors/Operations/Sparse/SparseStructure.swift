/// Where the entries of a sparse matrix are: by compressed rows (CSR), and by compressed columns as well, which is what the product with
/// the transpose, hence every derivative, walks. Shared by all matrices with these entries.
public struct SparseStructure: Sendable {
  public let rows: Int
  public let columns: Int
  public let entryCount: Int
  /// (rows + 1) int64: entries rowOffsets[r] ..< rowOffsets[r + 1] belong to row r.
  public let rowOffsets: Tensor
  /// (entryCount) int64: the column of each entry.
  public let columnIndices: Tensor
  /// What the operations take: the two above, the offsets of the columns, the entries' rows by columns, and where those are among the
  /// entries.
  let operands: [Tensor]

  /// Takes compressed rows. Columns need no order within a row; a place that is named twice has two entries, which add up.
  ///
  /// - Parameters:
  ///   - rowOffsets: rows + 1 numbers that never fall, from 0 to the number of entries.
  ///   - columnIndices: the column of each entry, in 0 ..< columns.
  public init(rows: Int, columns: Int, rowOffsets: [Int], columnIndices: [Int]) throws(SparseFormatError) {
    guard rows >= 0, columns >= 0 else {
      throw SparseFormatError("size", found: "\(rows) rows and \(columns) columns", expected: "numbers that are not negative")
    }
    guard rowOffsets.count == rows + 1 else {
      throw SparseFormatError("row offsets", found: "\(rowOffsets.count) of them", expected: "\(rows + 1), one more than rows")
    }
    guard rowOffsets[0] == 0 else { throw SparseFormatError("row offsets", at: 0, found: "\(rowOffsets[0])", expected: "0") }
    for row in 0..<rows where rowOffsets[row + 1] < rowOffsets[row] {
      throw SparseFormatError(
        "row offsets", at: row + 1, found: "\(rowOffsets[row + 1])", expected: "at least \(rowOffsets[row]), as before it")
    }
    guard rowOffsets[rows] == columnIndices.count else {
      throw SparseFormatError(
        "row offsets", at: rows, found: "\(rowOffsets[rows])", expected: "\(columnIndices.count), the number of entries")
    }
    if let place = columnIndices.firstIndex(where: { $0 < 0 || $0 >= columns }) {
      throw SparseFormatError("column indices", at: place, found: "\(columnIndices[place])", expected: "a column in 0 ..< \(columns)")
    }
    self.init(validRows: rows, columns, rowOffsets, columnIndices)
  }

  private init(validRows rows: Int, _ columns: Int, _ rowOffsets: [Int], _ columnIndices: [Int]) {
    self.rows = rows
    self.columns = columns
    entryCount = columnIndices.count
    var columnOffsets = [Int](repeating: 0, count: columns + 1)
    for column in columnIndices { columnOffsets[column + 1] += 1 }
    for column in 0..<columns { columnOffsets[column + 1] += columnOffsets[column] }
    var next = columnOffsets
    var rowIndices = [Int](repeating: 0, count: entryCount)
    var places = rowIndices
    for row in 0..<rows {
      for entry in rowOffsets[row]..<rowOffsets[row + 1] {
        let place = next[columnIndices[entry]]
        next[columnIndices[entry]] += 1
        rowIndices[place] = row
        places[place] = entry
      }
    }
    operands = [rowOffsets, columnIndices, columnOffsets, rowIndices, places].map { Tensor($0) }
    self.rowOffsets = operands[0]
    self.columnIndices = operands[1]
  }

  /// The row of each entry, (entryCount) int64.
  public var rowIndices: Tensor {
    let offsets = rowOffsets.array(of: Int.self)
    return Tensor((0..<rows).flatMap { row in repeatElement(row, count: offsets[row + 1] - offsets[row]) })
  }

  /// Takes the places of entries in any order, as in a list of edges, and sorts them by row and column; equal places keep their order.
  ///
  /// - Returns: the structure, and for each of its entries which of the places it was.
  static func sorted(
    rows: Int, columns: Int, places: [(row: Int, column: Int)]
  ) throws(SparseFormatError) -> (structure: SparseStructure, order: [Int]) {
    if let index = places.firstIndex(where: { $0.row < 0 || $0.row >= rows }) {
      throw SparseFormatError("rows of the entries", at: index, found: "\(places[index].row)", expected: "a row in 0 ..< \(rows)")
    }
    if let index = places.firstIndex(where: { $0.column < 0 || $0.column >= columns }) {
      throw SparseFormatError(
        "columns of the entries", at: index, found: "\(places[index].column)", expected: "a column in 0 ..< \(columns)")
    }
    let order = places.indices.sorted { (places[$0].row, places[$0].column, $0) < (places[$1].row, places[$1].column, $1) }
    var offsets = [Int](repeating: 0, count: rows + 1)
    for place in places { offsets[place.row + 1] += 1 }
    for row in 0..<rows { offsets[row + 1] += offsets[row] }
    return (
      try SparseStructure(rows: rows, columns: columns, rowOffsets: offsets, columnIndices: order.map { places[$0].column }), order
    )
  }
}

/// Numbers that describe no sparse matrix.
public struct SparseFormatError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Which of the arrays is wrong.
  public let part: String
  /// The position within it.
  public let position: Int?
  public let found: String
  public let expected: String

  package init(_ part: String, at position: Int? = nil, found: String, expected: String) {
    self.part = part
    self.position = position
    self.found = found
    self.expected = expected
  }

  public var description: String {
    "sparse matrix, \(part)\(position.map { " at position \($0)" } ?? ""): found \(found), expected \(expected)"
  }
}
