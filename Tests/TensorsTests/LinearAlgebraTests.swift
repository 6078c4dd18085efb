import Tensors
import Testing

@Suite struct LinearAlgebraTests {
  @Test(arguments: LinearAlgebraCases.all) func operation(_ testCase: OperationCase) { check(testCase) }

  @Test func failedMatricesYieldNotANumbersAlone() {
    let matrices = Tensor([2, 1, 1, 2, 1, 2, 2, 1, 3, 0, 0, 3] as [Double], shape: [3, 2, 2])
    let factors = matrices.cholesky()
    #expect(factors.isFinite().all(axes: [1, 2]).array(of: Bool.self) == [true, false, true])
    let singular = Tensor([1, 2, 2, 4, 1, 0, 0, 1] as [Float], shape: [2, 2, 2])
    let right = Tensor.ones([2, 2, 1])
    #expect(singular.solve(right).isFinite().all(axes: [1, 2]).array(of: Bool.self) == [false, true])
    #expect(singular.inverse().isFinite().all(axes: [1, 2]).array(of: Bool.self) == [false, true])
    let parts = singular.logDeterminant()
    #expect(parts.sign.array(of: Float.self) == [0, 1])
    #expect(parts.logarithm.array(of: Float.self) == [-.infinity, 0])
    #expect(singular.determinant().array(of: Float.self) == [0, 1])
  }

  @Test(arguments: [Double.nan, .infinity]) func whatIsNotFiniteYieldsNotANumbers(_ value: Double) {
    let matrices = Tensor([1, value, value, 1, 2, 0, 0, 1], shape: [2, 2, 2])
    for parts in [matrices.eigh().values, matrices.svd().values] {
      #expect(parts.isFinite().all(axes: [1]).array(of: Bool.self) == [false, true])
    }
  }

  @Test func emptyAndSingleMatrices() {
    let empty = Tensor.zeros([0, 0], dtype: .float64)
    #expect(empty.cholesky().shape == [0, 0])
    #expect(empty.logDeterminant().logarithm.scalar(as: Double.self) == 0)
    #expect(empty.determinant().scalar(as: Double.self) == 1)
    #expect(Tensor.zeros([0, 3, 3]).inverse().shape == [0, 3, 3])
    #expect(Tensor.zeros([2, 3, 0]).svd().values.array(of: Float.self).isEmpty)
    #expect(Tensor([4] as [Float], shape: [1, 1]).cholesky().array(of: Float.self) == [2])
    #expect(Tensor([-4] as [Float], shape: [1, 1]).eigh().values.array(of: Float.self) == [-4])
  }

  /// Larger matrices take LAPACK's blocked routines; the definitions are too slow there, so the products are held against the operand.
  @Test func largeMatricesAreReassembled() {
    var stream = RandomStream(seed: 3)
    let a = Tensor.normal([2, 70, 50], key: stream.next(), dtype: .float64)
    let (q, r) = a.qr()
    let (u, values, vTransposed) = a.svd()
    let square = a.transposed().matmul(a) + Tensor.identity(50, dtype: .float64)
    let factor = square.cholesky()
    let (eigenvalues, vectors) = square.eigh()
    let right = Tensor.normal([50, 3], key: stream.next(), dtype: .float64)
    let differences = [
      q.matmul(r) - a, q.transposed().matmul(q) - Tensor.identity(50, dtype: .float64),
      (u * values.expandingShape(at: -2)).matmul(vTransposed) - a,
      factor.matmul(factor.transposed()) - square, (vectors * eigenvalues.expandingShape(at: -2)).matmul(vectors.transposed()) - square,
      square.matmul(square.solve(right)) - right, square.matmul(square.inverse()) - Tensor.identity(50, dtype: .float64),
      eigenvalues.log().sum(axes: [1]) - square.logDeterminant().logarithm, a.matmul(a.pseudoInverse()).matmul(a) - a,
    ].map { $0.abs().max() }
    evaluate(differences)
    for (index, difference) in differences.enumerated() { #expect(difference.scalar(as: Double.self) < 1e-9, "difference \(index)") }
  }

  @Test func signsAreFixed() {
    let a = Tensor([-3, 1, 0.5, 2, -1, 4, 1, 1, -2] as [Double], shape: [3, 3])
    #expect((a.qr().r.diagonal() .>= 0).all().scalar(as: Bool.self))
    for vectors in [a.eigh().vectors, a.svd().u] {
      let columns = vectors.transposed()
      let largest = columns.takingAlong(axis: 1, columns.abs().argMax(axis: 1, keepingAxes: true))
      #expect((largest .> 0).all().scalar(as: Bool.self))
    }
  }

  @Test func leastSquaresMinimises() {
    let tall = Tensor([1, 1, 1, 2, 1, 3, 1, 4] as [Double], shape: [4, 2])
    // The line through the means of (1, 6), (2, 5), (3, 7), (4, 10): 3.5 + 1.4 x.
    for (value, expected) in zip(tall.leastSquares(Tensor([6, 5, 7, 10] as [Double])).array(of: Double.self), [3.5, 1.4]) {
      #expect(abs(value - expected) < 1e-12)
    }
    let wide = Tensor([3, 4] as [Double], shape: [1, 2])
    for (value, expected) in zip(wide.leastSquares(Tensor([5] as [Double])).array(of: Double.self), [0.6, 0.8]) {
      #expect(abs(value - expected) < 1e-12)
    }
  }

  @Test func pseudoInversesOfDeficientMatrices() {
    let deficient = Tensor([1, 2, 2, 4, 3, 6] as [Double], shape: [3, 2])
    let inverse = deficient.pseudoInverse()
    let difference = deficient.matmul(inverse).matmul(deficient) - deficient
    #expect(difference.abs().max().scalar(as: Double.self) < 1e-12)
    #expect(inverse.isFinite().all().scalar(as: Bool.self))
  }
}

enum LinearAlgebraCases {
  /// Both element types: double precision shows errors that single hides.
  private static func both(
    _ name: String, _ shapes: [Shape], in range: ClosedRange<Double> = -2...2, second: Bool = false, single: Double = 2e-3,
    _ build: @escaping @Sendable ([Tensor]) -> Tensor
  ) -> [OperationCase] {
    [
      OperationCase(name + ", float64", shapes, in: range, dtype: .float64, tolerance: 1e-8, checksSecondDerivative: second, build: build),
      OperationCase(name + ", float32", shapes, in: range, tolerance: single, checksSecondDerivative: false, build: build),
    ]
  }

  /// A well conditioned square matrix from any.
  @Sendable private static func conditioned(_ a: Tensor) -> Tensor { a + Tensor.identity(a.shape.last!, dtype: a.dtype) * 6 }
  @Sendable private static func positive(_ a: Tensor) -> Tensor {
    a.matmul(a.transposed()) + Tensor.identity(a.shape.last!, dtype: a.dtype) * 2
  }
  /// Well separated eigenvalues and singular values.
  @Sendable private static func separated(_ a: Tensor) -> Tensor {
    let shape = Shape(a.shape.suffix(2))
    let ladder = Tensor.range(shape.elementCount, from: 3, dtype: a.dtype).reshaped(to: shape)
    let diagonal = Tensor.identity(Swift.max(shape[0], shape[1]), dtype: a.dtype)[0..<shape[0], 0..<shape[1]]
    return a * 0.3 + diagonal * ladder
  }

  static let all: [OperationCase] =
    both("cholesky", [[3, 3]], second: true) { positive($0[0]).cholesky() }
    + both("cholesky, batched", [[2, 4, 4]]) { positive($0[0]).cholesky().square() }
    + both("solve", [[3, 3], [3, 2]], second: true) { conditioned($0[0]).solve($0[1]) }
    + both("solve, vector", [[4, 4], [4]]) { conditioned($0[0]).solve($0[1]) }
    + both("solve, broadcast", [[2, 1, 3, 3], [2, 3, 2]]) { conditioned($0[0]).solve($0[1]) }
    + both("solve, one matrix for many systems", [[3, 3], [2, 2, 3, 2]], second: true) { conditioned($0[0]).solve($0[1]).square() }
    + both("triangular solve, lower", [[3, 3], [3, 2]], second: true) { conditioned($0[0]).triangularSolve($0[1], upper: false) }
    + both("triangular solve, upper", [[2, 3, 3], [2, 3, 2]]) { conditioned($0[0]).triangularSolve($0[1], upper: true) }
    + both("triangular solve, lower transposed", [[3, 3], [3, 2]], second: true) {
      conditioned($0[0]).triangularSolve($0[1], upper: false, transposed: true)
    }
    + both("triangular solve, upper transposed", [[3, 3], [3]]) { conditioned($0[0]).triangularSolve($0[1], upper: true, transposed: true) }
    + both("triangular solve, unit diagonal", [[3, 3], [3, 2]]) { $0[0].triangularSolve($0[1], upper: true, unitDiagonal: true) }
    + both("triangular solve, unit diagonal transposed", [[3, 3], [3, 2]]) {
      $0[0].triangularSolve($0[1], upper: false, transposed: true, unitDiagonal: true)
    }
    + both("log determinant", [[2, 3, 3]], second: true) { conditioned($0[0]).logDeterminant().logarithm }
    + both("determinant", [[2, 3, 3]]) { conditioned($0[0]).determinant() * 0.01 }
    + both("inverse", [[2, 3, 3]], second: true) { conditioned($0[0]).inverse() }
    + both("matrix power", [[3, 3]]) { $0[0].matrixPower(5) * 0.01 + conditioned($0[0]).matrixPower(-2) }
    + both("qr, square", [[3, 3]], second: true) { conditioned($0[0]).qr().q.square() + conditioned($0[0]).qr().r }
    + both("qr, tall", [[2, 5, 3]], second: true) {
      let (q, r) = separated($0[0]).qr()
      return Tensor.concatenate([q * q * q, r.square()], axis: 1)
    }
    + both("qr, wide", [[2, 3, 5]]) {
      let (q, r) = separated($0[0]).qr()
      return Tensor.concatenate([q * q * q, r.square()], axis: 2)
    }
    + both("eigh, values", [[2, 3, 3]], second: true) { separated($0[0]).eigh().values.square() }
    + both("eigh, vectors", [[2, 4, 4]], second: true) { separated($0[0]).eigh().vectors }
    + both("svd, tall", [[2, 4, 3]], second: true) {
      let (u, values, vTransposed) = separated($0[0]).svd()
      return Tensor.concatenate([u, vTransposed, values.expandingShape(at: 1)], axis: 1)
    }
    + both("svd, wide", [[2, 3, 5]]) {
      let (u, values, vTransposed) = separated($0[0]).svd()
      return Tensor.concatenate([u, vTransposed, values.expandingShape(at: 2)], axis: 2)
    }
    + both("singular values", [[3, 3]]) { separated($0[0]).singularValues() }
    + both("least squares, tall", [[5, 3], [5, 2]]) { separated($0[0]).leastSquares($0[1]) }
    + both("least squares, wide", [[3, 5], [3]]) { separated($0[0]).leastSquares($0[1]) }
    + both("pseudo-inverse, tall", [[4, 2]], second: true) { separated($0[0]).pseudoInverse() }
    + both("pseudo-inverse, wide", [[2, 2, 4]]) { separated($0[0]).pseudoInverse() }
    + both("pseudo-inverse of an orthogonal matrix", [[2, 2]]) {
      ($0[0] * 0 + Tensor.identity(2, dtype: $0[0].dtype) * 2 + $0[0] * 0.5).pseudoInverse()
    }
    + both("triangles and diagonals", [[2, 3, 4]], second: true) {
      let x = $0[0]
      return x.lowerTriangle(diagonal: 1).square() + x.upperTriangle(diagonal: -1) * 3 + x.diagonal(offset: 1).sum() * x.trace().sum()
    }
    + both("diagonal below", [[4, 3]]) { $0[0].diagonal(offset: -2).square() }
    + both("diagonal matrix", [[2, 3]]) { $0[0].asDiagonalMatrix().matrixPower(2) }
}
