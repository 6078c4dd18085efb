import Tensors

/// Where the entries of a sheaf Laplacian are: a graph with a stalk of d learned and some fixed coordinates at each node. Made once for a graph.
public struct SheafPattern: Sendable {
  public let graph: UndirectedGraph
  /// d, coordinates with learned maps.
  public let learnedWidth: Int
  /// Off-diagonal values, +1 or -1, of further coordinates whose maps are fixed.
  public let fixedSigns: [Double]
  /// Whether learned maps are diagonal matrices.
  public let isDiagonal: Bool
  let structure: SparseStructure
  /// For each entry its place among the blocks laid out one after the other: blocks of nodes, blocks of edges, fixed ones of nodes and of edges.
  private let places: Tensor
  /// Degrees, float64 (nodes).
  let degrees: Tensor

  /// d': all coordinates of a stalk.
  public var stalkWidth: Int { learnedWidth + fixedSigns.count }

  public init(_ graph: UndirectedGraph, learnedWidth d: Int, fixedSigns: [Double] = [], isDiagonal: Bool) {
    precondition(d >= 1, "SheafPattern: a stalk of \(d) coordinates, at least 1 is needed")
    self.graph = graph
    learnedWidth = d
    self.fixedSigns = fixedSigns
    self.isDiagonal = isDiagonal
    degrees = Tensor(graph.degrees.map(Double.init))
    let (n, e, k) = (graph.nodeCount, graph.edgeCount, fixedSigns.count)
    let block = isDiagonal ? d : d * d
    var neighbours = [[(node: Int, edge: Int, isUpper: Bool)]](repeating: [], count: n)
    for (number, edge) in graph.edges.enumerated() {
      neighbours[edge.lower].append((edge.upper, number, true))
      neighbours[edge.upper].append((edge.lower, number, false))
    }
    var offsets = [0]
    var columns: [Int] = []
    var places: [Int64] = []
    let fixedStart = (n + e) * block
    for node in 0..<n {
      let row = (neighbours[node] + [(node, -1, true)]).sorted { $0.node < $1.node }
      for stalk in 0..<(d + k) {
        for (other, edge, isUpper) in row {
          let first = edge < 0 ? node : n + edge
          if stalk >= d {
            columns.append(other * (d + k) + stalk)
            places.append(Int64(fixedStart + first * k + stalk - d))
          } else if isDiagonal {
            columns.append(other * (d + k) + stalk)
            places.append(Int64(first * block + stalk))
          } else {
            for column in 0..<d {
              columns.append(other * (d + k) + column)
              // The block of an edge is that of its smaller node's rows; for the larger node it is transposed.
              places.append(Int64(first * block + (isUpper ? stalk * d + column : column * d + stalk)))
            }
          }
        }
        offsets.append(columns.count)
      }
    }
    self.places = Tensor(places)
    do {
      structure = try SparseStructure(rows: n * (d + k), columns: n * (d + k), rowOffsets: offsets, columnIndices: columns)
    } catch {
      preconditionFailure("SheafPattern: \(error)")
    }
  }

  /// - Parameters:
  ///   - nodes: diagonal blocks, (nodes, d) or (nodes, d, d).
  ///   - edges: blocks of the smaller node's rows, (edges, d) or (edges, d, d).
  ///   - fixedNodes: (nodes, fixed).
  ///   - fixedEdges: (edges, fixed).
  func matrix(nodes: Tensor, edges: Tensor, fixedNodes: Tensor?, fixedEdges: Tensor?) -> SparseMatrix {
    let parts = [nodes, edges] + [fixedNodes, fixedEdges].compactMap { $0 }
    let flat = Tensor.concatenate(parts.map { $0.flattened() })
    return SparseMatrix(structure, values: flat.gathered(places))
  }
}

/// How a sheaf Laplacian is scaled.
public struct SheafNormalization: Sendable, Hashable, Codable {
  /// Whether it is scaled at all: D^(-1/2) L D^(-1/2).
  public var isNormalized: Bool
  /// Whether the identity is added to D, which keeps the spectrum in [0, 2). Without, 0^(-1/2) is 0.
  public var isAugmented: Bool
  /// Whether degrees of nodes stand for the blocks of D.
  public var usesDegrees: Bool

  public init(isNormalized: Bool = true, isAugmented: Bool = true, usesDegrees: Bool = false) {
    self.isNormalized = isNormalized
    self.isAugmented = isAugmented
    self.usesDegrees = usesDegrees
  }
}

/// The Laplacian of a cellular sheaf, L = delta^T delta with (delta x)_e = F_{v<e} x_v - F_{u<e} x_u, scaled (Bodnar et al., 2022, definitions 2 and 3).
///
/// Blocks: L_vv is the sum of F_{v<e}^T F_{v<e} over the edges of v, L_vu = -F_{v<e}^T F_{u<e}.
public struct SheafLaplacian: Sendable {
  public let pattern: SheafPattern
  /// (nodes d', nodes d'), row v d' + coordinate.
  public let matrix: SparseMatrix

  /// - Parameters:
  ///   - maps: of the learned coordinates.
  ///   - areOrthogonal: says that maps are orthogonal but for a weight of the edge, so that the diagonal blocks are multiples of the identity.
  ///   - edgeWeights: the weight alpha_e by which both orthogonal maps of an edge are multiplied, (edges).
  public init(
    _ pattern: SheafPattern, maps: RestrictionMaps, areOrthogonal: Bool = false, edgeWeights: Tensor? = nil,
    normalization: SheafNormalization = SheafNormalization()
  ) {
    precondition(
      maps.stalkWidth == pattern.learnedWidth && maps.lower.shape[0] == pattern.graph.edgeCount && maps.isDiagonal == pattern.isDiagonal,
      "SheafLaplacian: maps \(maps.lower.shape) for \(pattern.graph.edgeCount) edges and stalks of \(pattern.learnedWidth) coordinates")
    self.pattern = pattern
    let builder = LaplacianBuilder(pattern: pattern, normalization: normalization, dtype: maps.lower.dtype)
    let (nodes, edges) =
      maps.isDiagonal
      ? builder.diagonal(maps) : areOrthogonal ? builder.orthogonal(maps, edgeWeights) : builder.general(maps)
    let fixed = builder.fixed()
    matrix = pattern.matrix(nodes: nodes, edges: edges, fixedNodes: fixed?.nodes, fixedEdges: fixed?.edges)
  }

  /// Delta X of X (nodes, d', channels).
  public func callAsFunction(_ x: Tensor) -> Tensor {
    matrix.matmul(x.reshaped(to: [x.shape[0] * x.shape[1], x.shape[2]])).reshaped(to: x.shape)
  }

  /// All elements, (nodes d', nodes d').
  public func dense() -> Tensor { matrix.dense() }

  /// The Dirichlet energy x^T Delta x summed over channels, a scalar.
  public func energy(_ x: Tensor) -> Tensor { (x * self(x)).sum() }

  /// Diffuses X <- X - step Delta X. For long times the limit is the projection on the kernel: all neighbours agree after transport.
  public func diffused(_ x: Tensor, step: Double = 0.9, count: Int) -> Tensor {
    var x = x
    evaluate(matrix.values)
    for _ in 0..<count {
      x = x - self(x) * step
      evaluate(x)
    }
    return x
  }
}

/// The blocks of a Laplacian for each family of maps.
private struct LaplacianBuilder {
  let pattern: SheafPattern
  let normalization: SheafNormalization
  let dtype: DType

  private var graph: UndirectedGraph { pattern.graph }

  private func summed(_ lower: Tensor, _ upper: Tensor) -> Tensor {
    lower.segmentSum(graph.lower, count: graph.nodeCount) + upper.segmentSum(graph.upper, count: graph.nodeCount)
  }

  /// (D + I)^(-1/2) of what stands on a diagonal; D^(-1/2) with 0 for 0 where nothing is added.
  private func scale(_ diagonal: Tensor) -> Tensor {
    guard normalization.isAugmented else {
      let isZero = diagonal .<= 0
      return Tensor.select(isZero, Tensor(0, dtype: dtype), Tensor.select(isZero, Tensor(1, dtype: dtype), diagonal).rsqrt())
    }
    return (diagonal + 1).rsqrt()
  }

  private var degrees: Tensor { pattern.degrees.cast(to: dtype) }

  func diagonal(_ maps: RestrictionMaps) -> (nodes: Tensor, edges: Tensor) {
    let edges = -(maps.lower * maps.upper)
    let nodes = summed(maps.lower.square(), maps.upper.square())
    guard normalization.isNormalized else { return (nodes, edges) }
    let scale = normalization.usesDegrees ? scale(degrees).expandingShape(at: 1).broadcast(to: nodes.shape) : scale(nodes)
    return (nodes * scale.square(), scale.gathered(graph.lower) * edges * scale.gathered(graph.upper))
  }

  func orthogonal(_ maps: RestrictionMaps, _ weights: Tensor?) -> (nodes: Tensor, edges: Tensor) {
    let d = pattern.learnedWidth
    var edges = -maps.lower.transposed().matmul(maps.upper)
    var diagonal = degrees
    if let weights {
      let squares = weights.square()
      edges = edges * squares.reshaped(to: [graph.edgeCount, 1, 1])
      diagonal = summed(squares, squares)
    }
    let identity = Tensor.identity(d, dtype: dtype)
    func blocks(_ values: Tensor) -> Tensor { values.reshaped(to: [graph.nodeCount, 1, 1]) * identity }
    guard normalization.isNormalized else { return (blocks(diagonal), edges) }
    let scale = scale(normalization.usesDegrees ? degrees : diagonal)
    let edgeScale = (scale.gathered(graph.lower) * scale.gathered(graph.upper)).reshaped(to: [graph.edgeCount, 1, 1])
    return (blocks(diagonal * scale.square()), edges * edgeScale)
  }

  func general(_ maps: RestrictionMaps) -> (nodes: Tensor, edges: Tensor) {
    let d = pattern.learnedWidth
    let edges = -maps.lower.transposed().matmul(maps.upper)
    let nodes = summed(maps.lower.transposed().matmul(maps.lower), maps.upper.transposed().matmul(maps.upper))
    guard normalization.isNormalized else { return (nodes, edges) }
    if normalization.usesDegrees {
      let scale = scale(degrees * Double(d))
      let edgeScale = (scale.gathered(graph.lower) * scale.gathered(graph.upper)).reshaped(to: [graph.edgeCount, 1, 1])
      return (nodes * scale.square().reshaped(to: [graph.nodeCount, 1, 1]), edges * edgeScale)
    }
    let augmented = normalization.isAugmented ? nodes + Tensor.identity(d, dtype: dtype) : nodes
    let roots = augmented.inverseSquareRoot()
    return (
      roots.matmul(nodes).matmul(roots).clamped(-1, 1),
      roots.gathered(graph.lower).matmul(edges).matmul(roots.gathered(graph.upper)).clamped(-1, 1)
    )
  }

  func fixed() -> (nodes: Tensor, edges: Tensor)? {
    guard !pattern.fixedSigns.isEmpty else { return nil }
    let signs = Tensor(pattern.fixedSigns).cast(to: dtype).reshaped(to: [1, pattern.fixedSigns.count])
    let ones = Tensor.ones([1, pattern.fixedSigns.count], dtype: dtype)
    let column = degrees.expandingShape(at: 1)
    let edges = Tensor.ones([graph.edgeCount, 1], dtype: dtype) * signs
    guard normalization.isNormalized else { return (column * ones, edges) }
    let scale = scale(degrees).expandingShape(at: 1)
    return (column * scale.square() * ones, scale.gathered(graph.lower) * edges * scale.gathered(graph.upper))
  }
}
