import Tensors
import TestSupport
import Testing

@Suite struct SparseMatrixTests {
  /// Against the dense matrix with the same elements: products and every derivative.
  @Test(arguments: [DType.float32, .float64]) func agreesWithTheDenseMatrix(_ dtype: DType) throws {
    var random = TestRandom(seed: 3)
    let (rows, columns) = (13, 8)
    let places = (0..<40).map { _ in
      (row: Int.random(in: 0..<(rows - 2), using: &random), column: Int.random(in: 0..<columns, using: &random))
    }
    let values = Tensor(random.normal(40)).cast(to: dtype)
    let x = Tensor(random.normal(columns * 5), shape: [columns, 5]).cast(to: dtype)
    let weights = Tensor(random.normal(rows * 5), shape: [rows, 5]).cast(to: dtype)
    evaluate(values, x, weights)
    let sparse = try SparseMatrix(rows: rows, columns: columns, entries: places, values: values)
    var flat = Tensor.zeros([rows * columns], dtype: dtype)
    flat = flat.scatteringAdd(Tensor(places.map { $0.row * columns + $0.column }), values)
    let dense = flat.reshaped(to: [rows, columns])

    let tolerance = dtype == .float64 ? 1e-13 : 1e-5
    let pairs = [
      (sparse.matmul(x), dense.matmul(x)), (sparse.transposed().matmul(weights), dense.transposed().matmul(weights)),
      (sparse.matmul(x[0..., 2]), dense.matmul(x[0..., 2])),
    ]
    for (found, expected) in pairs {
      #expect(found.shape == expected.shape)
    }
    // All derivatives before any value, whose computation drops the history.
    let variables = [values, x, weights]
    let results = pairs.map { found, expected in
      (
        found.square().sum().gradients(withRespectTo: variables) + [found],
        expected.square().sum().gradients(withRespectTo: variables) + [expected]
      )
    }
    for (found, expected) in results {
      for (own, other) in zip(found, expected) { #expect(worstDifference(own.doubles, other.doubles) < tolerance) }
    }
    #expect(worstDifference(sparse.dense().doubles, dense.doubles) < 1e-7)
  }

  @Test func theTransposeOfTheTransposeIsTheMatrix() throws {
    let matrix = try SparseMatrix(rows: 2, columns: 3, entries: [(0, 2), (1, 0), (0, 1)], values: Tensor([1, 2, 3] as [Float]))
    #expect(matrix.dense().array(of: Float.self) == [0, 3, 1, 2, 0, 0])
    let transposed = matrix.transposed()
    #expect((transposed.rows, transposed.columns) == (3, 2))
    #expect(transposed.dense().array(of: Float.self) == [0, 2, 3, 0, 1, 0])
    #expect(transposed.transposed().dense().array(of: Float.self) == matrix.dense().array(of: Float.self))
    #expect(matrix.replacingValues(matrix.values * 2).dense().array(of: Float.self) == [0, 6, 2, 4, 0, 0])
  }

  @Test(
    arguments: [
      (3, 3, [0, 1, 2], [0, 1], "sparse matrix, row offsets: found 3 of them, expected 4, one more than rows"),
      (2, 3, [1, 1, 2], [0, 1], "sparse matrix, row offsets at position 0: found 1, expected 0"),
      (2, 3, [0, 2, 1], [0, 1], "sparse matrix, row offsets at position 2: found 1, expected at least 2, as before it"),
      (2, 3, [0, 1, 3], [0, 1], "sparse matrix, row offsets at position 2: found 3, expected 2, the number of entries"),
      (2, 3, [0, 1, 2], [0, 3], "sparse matrix, column indices at position 1: found 3, expected a column in 0 ..< 3"),
      (2, 3, [0, 1, 2], [-1, 2], "sparse matrix, column indices at position 0: found -1, expected a column in 0 ..< 3"),
      (-1, 3, [], [], "sparse matrix, size: found -1 rows and 3 columns, expected numbers that are not negative"),
    ] as [(Int, Int, [Int], [Int], String)])
  func whatIsNoMatrixIsRefused(_ rows: Int, _ columns: Int, _ offsets: [Int], _ indices: [Int], _ message: String) {
    let error = #expect(throws: SparseFormatError.self) {
      try SparseStructure(rows: rows, columns: columns, rowOffsets: offsets, columnIndices: indices)
    }
    #expect(error?.description == message)
  }

  @Test func entriesOutsideAreRefused() {
    let values = Tensor([1, 2] as [Float])
    #expect(throws: SparseFormatError("rows of the entries", at: 1, found: "2", expected: "a row in 0 ..< 2")) {
      try SparseMatrix(rows: 2, columns: 2, entries: [(0, 0), (2, 0)], values: values)
    }
    #expect(throws: SparseFormatError("columns of the entries", at: 0, found: "5", expected: "a column in 0 ..< 2")) {
      try SparseMatrix(rows: 2, columns: 2, entries: [(0, 5), (1, 0)], values: values)
    }
  }
}
