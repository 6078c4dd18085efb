import Tensors

/// The families of restriction maps F_{v<e} (Bodnar et al., 2022, section 4).
public enum SheafFamily: String, Sendable, Hashable, Codable, CaseIterable {
  /// Diagonal matrices.
  case diagonal
  /// Orthogonal matrices, times a weight of the edge: a discrete vector bundle.
  case orthogonal
  /// Any matrices.
  case general
  /// Nothing is learned: d copies of the graph itself. Tells how much of a result is learned geometry.
  case identity
}

/// How numbers become an orthogonal matrix.
public enum OrthogonalMap: String, Sendable, Hashable, Codable, CaseIterable {
  /// A product of reflections; its determinant is (-1)^d.
  case householder
  /// (I - S / 2)^-1 (I + S / 2) of a skew-symmetric S: rotations without the angle pi.
  case cayley
  /// exp(S) of a skew-symmetric S.
  case matrixExponential
  /// Rotations of two or three dimensions by angles.
  case euler

  /// Numbers for a matrix of d rows. For Cayley and the exponential this is the published count; the diagonal entries among them have no effect.
  public func parameterCount(_ d: Int) -> Int {
    switch self {
    case .householder, .euler: d * (d - 1) / 2
    case .cayley, .matrixExponential: d * (d + 1) / 2
    }
  }

  /// Whether there is such a map of d rows.
  public func allows(_ d: Int) -> Bool { self == .euler ? d == 2 || d == 3 : d >= 1 }

  /// - Parameter parameters: (count, parameterCount(d)).
  /// - Returns: orthogonal matrices, (count, d, d).
  public func matrices(_ parameters: Tensor, size d: Int) -> Tensor {
    precondition(
      allows(d) && parameters.rank == 2 && parameters.shape[1] == parameterCount(d),
      "\(rawValue): parameters must be (count, \(parameterCount(d))) for \(d) x \(d) matrices, their shape is \(parameters.shape)")
    switch self {
    case .householder: return Self.reflections(parameters, d)
    case .cayley:
      let half = Self.skew(parameters, d) * 0.5
      let identity = Tensor.identity(d, dtype: parameters.dtype)
      return (identity - half).solve(identity + half)
    case .matrixExponential: return Self.exponential(Self.skew(parameters, d))
    case .euler: return d == 2 ? Self.planeRotation(parameters[.all, 0] * (2 * .pi)) : Self.spaceRotation(parameters * (2 * .pi))
    }
  }

  /// The numbers row by row in the lower triangle of matrices whose other elements are 0; the diagonal is part of it, or 1.
  private static func lowerTriangle(_ parameters: Tensor, _ d: Int, withDiagonal: Bool) -> Tensor {
    let (count, width) = (parameters.shape[0], parameters.shape[1])
    let constants = Tensor.concatenate(
      [Tensor.zeros([count, 1], dtype: parameters.dtype), Tensor.ones([count, 1], dtype: parameters.dtype)], axis: 1)
    var next: Int64 = 0
    var places: [Int64] = []
    for row in 0..<d {
      for column in 0..<d {
        if column < row || (column == row && withDiagonal) {
          places.append(next)
          next += 1
        } else {
          places.append(Int64(width) + (column == row ? 1 : 0))
        }
      }
    }
    return Tensor.concatenate([parameters, constants], axis: 1).gathered(Tensor(places), axis: 1).reshaped(to: [count, d, d])
  }

  /// H_1 H_2 ... H_d with H_k = I - 2 a_k a_k^T / |a_k|^2 of the columns a_k.
  private static func reflections(_ parameters: Tensor, _ d: Int) -> Tensor {
    let columns = lowerTriangle(parameters, d, withDiagonal: false)
    var product: Tensor?
    for k in 0..<d {
      let a = columns[.all, .all, k]
      let scaled = a * (2 / a.square().sum(axes: [1], keepingAxes: true))
      let outer = a.expandingShape(at: 2) * scaled.expandingShape(at: 1)
      // Q H = Q - (Q a) (2 a / |a|^2)^T.
      product =
        product.map { q in q - (q * a.expandingShape(at: 1)).sum(axes: [2], keepingAxes: true) * scaled.expandingShape(at: 1) }
        ?? (Tensor.identity(d, dtype: parameters.dtype) - outer)
    }
    return product!
  }

  /// P - P^T of the lower triangular P.
  private static func skew(_ parameters: Tensor, _ d: Int) -> Tensor {
    let lower = lowerTriangle(parameters, d, withDiagonal: true)
    return lower - lower.transposed()
  }

  /// By scaling and squaring: Taylor's polynomial of degree 12 at S / 64, squared six times. Exact to rounding for |S| up to 64.
  private static func exponential(_ matrices: Tensor) -> Tensor {
    let d = matrices.shape[2]
    let identity = Tensor.identity(d, dtype: matrices.dtype)
    let scaled = matrices * (1.0 / 64)
    var sum = identity.broadcast(to: matrices.shape)
    for order in (1...12).reversed() { sum = identity + scaled.matmul(sum) * (1 / Double(order)) }
    for _ in 0..<6 { sum = sum.matmul(sum) }
    return sum
  }

  /// [[cos, -sin], [sin, cos]].
  private static func planeRotation(_ angle: Tensor) -> Tensor {
    let (c, s) = (angle.cos(), angle.sin())
    return Tensor.stack([c, -s, s, c], axis: 1).reshaped(to: [angle.shape[0], 2, 2])
  }

  /// R_z(alpha) R_y(beta) R_x(gamma).
  private static func spaceRotation(_ angles: Tensor) -> Tensor {
    let (c, s) = (angles.cos(), angles.sin())
    let (ca, cb, cg) = (c[.all, 0], c[.all, 1], c[.all, 2])
    let (sa, sb, sg) = (s[.all, 0], s[.all, 1], s[.all, 2])
    let elements = [
      ca * cb, ca * sb * sg - sa * cg, ca * sb * cg + sa * sg, sa * cb, sa * sb * sg + ca * cg, sa * sb * cg - ca * sg, -sb, cb * sg,
      cb * cg,
    ]
    return Tensor.stack(elements, axis: 1).reshaped(to: [angles.shape[0], 3, 3])
  }
}

/// Restriction maps of all edges at both of their ends.
public struct RestrictionMaps: Sendable {
  /// (edges, d) for diagonal maps, (edges, d, d) otherwise: the maps at the smaller node of each edge and at the larger.
  public let lower: Tensor
  public let upper: Tensor

  public init(lower: Tensor, upper: Tensor) {
    precondition(
      lower.shape == upper.shape && (lower.rank == 2 || lower.rank == 3 && lower.shape[1] == lower.shape[2]),
      "RestrictionMaps: maps must be (edges, d) or (edges, d, d) on both sides, they are \(lower.shape) and \(upper.shape)")
    self.lower = lower
    self.upper = upper
  }

  public var isDiagonal: Bool { lower.rank == 2 }
  /// d.
  public var stalkWidth: Int { lower.shape[1] }

  /// As matrices, (edges, d, d).
  public var asMatrices: RestrictionMaps {
    isDiagonal ? RestrictionMaps(lower: lower.asDiagonalMatrix(), upper: upper.asDiagonalMatrix()) : self
  }

  /// Every map the identity: d copies of the graph.
  public static func identity(edges: Int, stalkWidth d: Int, dtype: DType = .float32) -> RestrictionMaps {
    RestrictionMaps(lower: .ones([edges, d], dtype: dtype), upper: .ones([edges, d], dtype: dtype))
  }

  /// Transport from the larger node of each edge to the smaller: F_{lower}^T F_{upper}, (edges, d, d).
  public var transports: Tensor {
    let maps = asMatrices
    return maps.lower.transposed().matmul(maps.upper)
  }
}
