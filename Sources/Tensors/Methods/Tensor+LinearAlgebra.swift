// Linear algebra on the matrices in the last two axes; leading axes are a batch. Element types are float32 and float64; others become
// float32. Whether a matrix is singular, or not positive definite, is a matter of its numbers: such a matrix yields not-a-numbers, and leaves the
// others of its batch alone. `result.isFinite().all()` tells.

extension Tensor {
  /// The same numbers in a type that LAPACK works in.
  private func asMatrices(_ name: String) -> Tensor {
    guard rank >= 2 else { trap(name, [self], "a matrix needs two axes") }
    return dtype == .float64 || dtype == .float32 ? self : cast(to: .float32)
  }

  // MARK: Decompositions

  /// The lower triangular L with L Lᵀ = A, for positive definite matrices A (..., n, n).
  ///
  /// Acts on the symmetric part (A + Aᵀ) / 2. A matrix that is not positive definite yields not-a-numbers.
  public func cholesky() -> Tensor { Tensor.record(Cholesky(), [asMatrices("cholesky").symmetrized()])[0] }

  /// A = Q R of matrices (..., m, n), reduced: with k = min(m, n), q (..., m, k) has orthonormal columns and r (..., k, n) is upper triangular with a
  /// diagonal that is not negative. The derivative needs the first k columns to be independent.
  public func qr() -> (q: Tensor, r: Tensor) {
    let parts = Tensor.record(QR(), [asMatrices("qr")])
    return (parts[0], parts[1])
  }

  /// Eigenvalues (..., n) of symmetric matrices (..., n, n), ascending, and orthonormal eigenvectors (..., n, n) in columns.
  ///
  /// Acts on the symmetric part (A + Aᵀ) / 2. Each vector's component of largest magnitude is positive. The derivative of the vectors needs
  /// distinct eigenvalues. A matrix that is not finite yields not-a-numbers.
  public func eigh() -> (values: Tensor, vectors: Tensor) {
    let parts = Tensor.record(SymmetricEigen(), [asMatrices("eigh").symmetrized()])
    return (parts[0], parts[1])
  }

  /// A = U diag(s) Vᵀ of matrices (..., m, n), reduced: with k = min(m, n), u (..., m, k) and vTransposed (..., k, n) are orthonormal, and the singular
  /// values (..., k) descend.
  ///
  /// The component of largest magnitude of each column of u is positive. The derivative of the vectors needs distinct singular
  /// values, none of them 0. A matrix that is not finite yields not-a-numbers.
  public func svd() -> (u: Tensor, values: Tensor, vTransposed: Tensor) {
    let parts = Tensor.record(SingularValueDecomposition(), [asMatrices("svd")])
    return (parts[0], parts[1], parts[2])
  }

  /// The singular values (..., min(m, n)), descending. Their derivative needs no distinct values.
  public func singularValues() -> Tensor { svd().values }

  // MARK: Systems

  /// X with A X = B, this tensor being A (..., n, n). B is (..., n, k), or (n), a vector. Leading axes broadcast. A singular matrix
  /// yields not-a-numbers.
  public func solve(_ right: Tensor) -> Tensor { system("solve", right) { Tensor.record(Solve(), [$0, $1])[0] } }

  /// X with op(T) X = B, this tensor being the triangular T (..., n, n), whose other triangle is not read. B is (..., n, k), or (n), a vector. Leading
  /// axes broadcast.
  ///
  /// - Parameters:
  ///   - upper: which triangle T is.
  ///   - transposed: whether op is the transpose.
  ///   - unitDiagonal: takes the diagonal to be ones, without reading it.
  public func triangularSolve(_ right: Tensor, upper: Bool, transposed: Bool = false, unitDiagonal: Bool = false) -> Tensor {
    let operation = TriangularSolve(isUpper: upper, isTransposed: transposed, hasUnitDiagonal: unitDiagonal)
    return system("triangular solve", right) { Tensor.record(operation, [$0, $1])[0] }
  }

  private func system(_ name: String, _ right: Tensor, _ record: (Tensor, Tensor) -> Tensor) -> Tensor {
    guard right.rank >= 1 else { trap(name, [self, right], "the right-hand side needs an axis") }
    let promoted = dtype.promoted(with: right.dtype)
    let type = promoted == .float64 ? promoted : .float32
    let matrix = cast(to: type)
    var sides = right.cast(to: type)
    if right.rank == 1 { sides = sides.expandingShape(at: 1) }
    guard rank >= 2, let batch = Shape(shape.dropLast(2)).broadcast(with: Shape(sides.shape.dropLast(2))) else {
      trap(name, [self, right], "leading axes do not broadcast together")
    }
    let result: Tensor
    if rank == 2, sides.rank > 2 {
      // One matrix for many systems: the systems stand side by side, and the matrix is factored once.
      let (n, k) = (sides.shape[sides.rank - 2], sides.shape[sides.rank - 1])
      let columns = sides.reshaped(to: [-1, n, k]).transposed(permutation: [1, 0, 2]).reshaped(to: [n, -1])
      result = record(matrix, columns).reshaped(to: [n, -1, k]).transposed(permutation: [1, 0, 2]).reshaped(to: sides.shape)
    } else {
      result = record(
        matrix.broadcast(to: Shape(batch.dimensions + matrix.shape.suffix(2))),
        sides.broadcast(to: Shape(batch.dimensions + sides.shape.suffix(2))))
    }
    return right.rank == 1 ? result.squeezed(-1) : result
  }

  /// The X that makes the norm of A X - B smallest, this tensor being A (..., m, n), of full rank; of many such X (where m < n) the shortest.
  /// B is (..., m, k), or (m), a vector.
  public func leastSquares(_ right: Tensor) -> Tensor {
    let matrix = asMatrices("least squares")
    let (m, n) = (matrix.shape[rank - 2], matrix.shape[rank - 1])
    let isVector = right.rank == 1
    let sides = isVector ? right.expandingShape(at: 1) : right
    let result: Tensor
    if m >= n {
      let (q, r) = matrix.qr()
      result = r.triangularSolve(q.transposed().matmul(sides), upper: true)
    } else {
      let (q, r) = matrix.transposed().qr()
      result = q.matmul(r.triangularSolve(sides, upper: true, transposed: true))
    }
    return isVector ? result.squeezed(-1) : result
  }

  /// A⁻¹ of matrices (..., n, n). A singular matrix yields not-a-numbers. To solve a system, `solve` is faster and more exact.
  public func inverse() -> Tensor {
    let matrix = asMatrices("inverse")
    let identity = Tensor.identity(matrix.shape[rank - 1], dtype: matrix.dtype)
    return matrix.solve(identity.broadcast(to: matrix.shape))
  }

  /// The inverse of Moore and Penrose (..., n, m) of matrices (..., m, n).
  ///
  /// - Parameter relativeTolerance: singular values up to this share of the largest count as 0; by default the precision of the element type times the
  ///   larger extent. The derivative holds where the rank does not change.
  public func pseudoInverse(relativeTolerance: Double? = nil) -> Tensor {
    let matrix = asMatrices("pseudo-inverse")
    let precision = matrix.dtype == .float64 ? Double.ulpOfOne : Double(Float.ulpOfOne)
    let tolerance = relativeTolerance ?? precision * Double(Swift.max(matrix.shape[rank - 1], matrix.shape[rank - 2]))
    let (u, values, vTransposed) = matrix.stopGradient().svd()
    let isKept = values .> values.max(axes: [-1], keepingAxes: true) * tolerance
    let one = Tensor(1, dtype: matrix.dtype)
    let reciprocals = Tensor.select(isKept, Tensor.select(isKept, values, one).reciprocal(), Tensor(0, dtype: matrix.dtype))
    let inverse = (vTransposed.transposed() * reciprocals.expandingShape(at: -2)).matmul(u.transposed())
    return Tensor.record(PseudoInverse(), [matrix, inverse])[0]
  }

  // MARK: Determinants

  /// The sign of the determinant of matrices (..., n, n), which is 0 where a matrix is singular, and the logarithm of its magnitude, both (...).
  public func logDeterminant() -> (sign: Tensor, logarithm: Tensor) {
    let parts = Tensor.record(LogDeterminant(), [asMatrices("log determinant")])
    return (parts[0], parts[1])
  }

  /// The determinant (...) of matrices (..., n, n). Its derivative needs matrices that are not singular.
  public func determinant() -> Tensor {
    let (sign, logarithm) = logDeterminant()
    return sign * logarithm.exp()
  }

  /// The product of `exponent` equal matrices (..., n, n); of their inverses where the exponent is negative, the identity where it is 0.
  public func matrixPower(_ exponent: Int) -> Tensor {
    guard rank >= 2, shape[rank - 1] == shape[rank - 2] else { trap("matrix power", [self], "the matrices must be square") }
    var power = exponent < 0 ? inverse() : self
    var rest = exponent.magnitude
    var result: Tensor?
    while rest > 0 {
      if rest & 1 == 1 { result = result.map { $0.matmul(power) } ?? power }
      rest >>= 1
      if rest > 0 { power = power.matmul(power) }
    }
    return result ?? Tensor.identity(shape[rank - 1], dtype: dtype).broadcast(to: shape)
  }
}

// MARK: - Triangles and diagonals

extension Tensor {
  /// The matrix with ones on the diagonal and zeros elsewhere.
  public static func identity(_ count: Int, dtype: DType = .float32) -> Tensor {
    diagonalMask(rows: count, columns: count, offset: 0).cast(to: dtype)
  }

  /// Where `column - row` compares with `offset`.
  private static func mask(_ rows: Int, _ columns: Int, _ offset: Int, _ compare: (Tensor, Double) -> Tensor) -> Tensor {
    let shape: Shape = [rows, columns]
    let row = record(Iota(shape: shape, axis: 0), [], TensorType(shape, .int64))
    let column = record(Iota(shape: shape, axis: 1), [], TensorType(shape, .int64))
    return compare(column - row, Double(offset))
  }

  /// True on the diagonal `offset` places above the main one.
  static func diagonalMask(rows: Int, columns: Int, offset: Int) -> Tensor { mask(rows, columns, offset) { $0 .== $1 } }

  /// The matrices with zeros above the diagonal that lies `diagonal` places above the main one (below it when negative).
  public func lowerTriangle(diagonal: Int = 0) -> Tensor { triangle("lower triangle", diagonal) { $0 .<= $1 } }

  /// The matrices with zeros below the diagonal that lies `diagonal` places above the main one (below it when negative).
  public func upperTriangle(diagonal: Int = 0) -> Tensor { triangle("upper triangle", diagonal) { $0 .>= $1 } }

  private func triangle(_ name: String, _ diagonal: Int, _ compare: (Tensor, Double) -> Tensor) -> Tensor {
    guard rank >= 2 else { trap(name, [self], "a matrix needs two axes") }
    return Tensor.select(Tensor.mask(shape[rank - 2], shape[rank - 1], diagonal, compare), self, Tensor(0, dtype: dtype))
  }

  /// The elements of the matrices (..., m, n) on the diagonal that lies `offset` places above the main one (below it when negative).
  public func diagonal(offset: Int = 0) -> Tensor {
    guard rank >= 2 else { trap("diagonal", [self], "a matrix needs two axes") }
    let (m, n) = (shape[rank - 2], shape[rank - 1])
    let count = Swift.max(0, Swift.min(m + Swift.min(offset, 0), n - Swift.max(offset, 0)))
    let first = offset >= 0 ? offset : -offset * n
    // In the flat matrix, the diagonal is every (n + 1)-th element.
    let flat = reshaped(to: Shape(shape.dropLast(2) + [m * n]))
    return count == 0 ? flat.slice(axis: -1, from: 0, count: 0) : flat.slice(axis: -1, from: first, count: count, step: n + 1)
  }

  /// Matrices (..., n, n) with the vectors (..., n) on their diagonals.
  public func asDiagonalMatrix() -> Tensor {
    guard rank >= 1 else { trap("diagonal matrix", [self], "a vector needs an axis") }
    let n = shape[rank - 1]
    return Tensor.select(Tensor.diagonalMask(rows: n, columns: n, offset: 0), expandingShape(at: -1), Tensor(0, dtype: dtype))
  }

  /// The sum (...) of the diagonal of matrices (..., m, n).
  public func trace() -> Tensor { diagonal().sum(axes: [-1]) }

  /// The symmetric part (A + Aᵀ) / 2 of square matrices.
  public func symmetrized() -> Tensor {
    guard rank >= 2, shape[rank - 1] == shape[rank - 2] else { trap("symmetric part", [self], "the matrices must be square") }
    return (self + transposed()) * 0.5
  }
}
