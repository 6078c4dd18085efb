/// A matrix of which only some entries are stored, by compressed rows (CSR); the others are zero.
///
///     let adjacency = try SparseMatrix(rows: 3, columns: 3, entries: [(0, 1), (1, 0), (1, 2)], values: Tensor([1, 1, 0.5] as [Float]))
///     let y = adjacency.matmul(x)                      // (3, n) for x of (3, n)
///     y.sum().gradients(withRespectTo: [adjacency.values, x])
public struct SparseMatrix: Sendable {
  public let structure: SparseStructure
  /// (entryCount), of a floating point type, in the order of the structure's entries.
  public let values: Tensor
  /// Whether the matrix is the transpose of what the structure describes.
  private let isTransposed: Bool

  private init(_ structure: SparseStructure, _ values: Tensor, isTransposed: Bool) {
    guard values.shape == [structure.entryCount], values.dtype.isFloatingPoint else {
      trap("sparse matrix", [values], "there must be \(structure.entryCount) values of a floating point type, one an entry")
    }
    self.structure = structure
    self.values = values
    self.isTransposed = isTransposed
  }

  /// A matrix with the entries of `structure`.
  ///
  /// - Parameter values: (entryCount), of a floating point type.
  public init(_ structure: SparseStructure, values: Tensor) { self.init(structure, values, isTransposed: false) }

  /// Takes compressed rows; `SparseStructure` says what they must be.
  ///
  /// - Parameters:
  ///   - rowOffsets: (rows + 1) integers.
  ///   - columnIndices: (entryCount) integers.
  ///   - values: (entryCount), of a floating point type.
  public init(rows: Int, columns: Int, rowOffsets: Tensor, columnIndices: Tensor, values: Tensor) throws(SparseFormatError) {
    guard !rowOffsets.dtype.isFloatingPoint, !columnIndices.dtype.isFloatingPoint else {
      trap("sparse matrix", [rowOffsets, columnIndices], "offsets and indices must be integers")
    }
    self.init(
      try SparseStructure(
        rows: rows, columns: columns, rowOffsets: rowOffsets.array(of: Int.self), columnIndices: columnIndices.array(of: Int.self)),
      values, isTransposed: false)
  }

  /// Takes entries in any order, as in a list of edges; a place that is named twice has two entries, which add up.
  ///
  /// - Parameters:
  ///   - entries: row and column of each entry.
  ///   - values: one for each of `entries`, of a floating point type.
  public init(rows: Int, columns: Int, entries: [(row: Int, column: Int)], values: Tensor) throws(SparseFormatError) {
    guard values.shape == [entries.count] else { trap("sparse matrix", [values], "there must be \(entries.count) values, one an entry") }
    let (structure, order) = try SparseStructure.sorted(rows: rows, columns: columns, places: entries)
    self.init(structure, values.gathered(Tensor(order)), isTransposed: false)
  }

  public var rows: Int { isTransposed ? structure.columns : structure.rows }
  public var columns: Int { isTransposed ? structure.rows : structure.columns }
  public var entryCount: Int { structure.entryCount }
  public var dtype: DType { values.dtype }

  /// The transpose. Nothing is moved.
  public func transposed() -> SparseMatrix { SparseMatrix(structure, values, isTransposed: !isTransposed) }

  /// The same entries with other values.
  ///
  /// - Parameter values: (entryCount), of a floating point type.
  public func replacingValues(_ values: Tensor) -> SparseMatrix { SparseMatrix(structure, values, isTransposed: isTransposed) }

  /// The product with a dense operand: (..., columns, n) gives (..., rows, n), and a vector (columns) gives a vector (rows).
  public func matmul(_ dense: Tensor) -> Tensor {
    let type = dtype.promoted(with: dense.dtype)
    let columns = dense.rank == 1 ? dense.expandingShape(at: 1) : dense
    let product = Tensor.record(
      SparseMatmul(isTransposed: isTransposed), structure.operands + [values.cast(to: type), columns.cast(to: type)])[0]
    return dense.rank == 1 ? product.squeezed(1) : product
  }

  /// The elements of left x right transposed where this matrix has entries, (entryCount), summed over leading axes: the scores of a
  /// graph's edges, for instance.
  ///
  /// - Parameters:
  ///   - left: (..., rows, n).
  ///   - right: (..., columns, n).
  public func sampledMatmul(_ left: Tensor, _ right: Tensor) -> Tensor {
    let type = left.dtype.promoted(with: right.dtype)
    let operands = isTransposed ? [right, left] : [left, right]
    return Tensor.record(SampledMatmul(), structure.operands + operands.map { $0.cast(to: type) })[0]
  }

  /// All elements, (rows, columns).
  public func dense() -> Tensor {
    let flat = structure.rowIndices * Double(structure.columns) + structure.columnIndices
    let matrix = Tensor.zeros([structure.rows * structure.columns], dtype: dtype).scatteringAdd(flat, values)
      .reshaped(to: [structure.rows, structure.columns])
    return isTransposed ? matrix.transposed() : matrix
  }
}
