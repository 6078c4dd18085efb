import Tensors

/// A simple undirected graph: no loops, no edge twice. Nodes without edges are allowed.
public struct UndirectedGraph: Sendable {
  public let nodeCount: Int
  /// The ends of each edge, the smaller node first; edges in lexicographic order.
  public let edges: [Edge]
  /// The smaller and the larger node of each edge, int64 (edges).
  public let lower: Tensor
  public let upper: Tensor
  /// Neighbours of each node.
  public let degrees: [Int]

  public struct Edge: Sendable, Hashable, Comparable {
    public let lower: Int
    public let upper: Int

    public init(lower: Int, upper: Int) {
      self.lower = lower
      self.upper = upper
    }

    public static func < (a: Edge, b: Edge) -> Bool { (a.lower, a.upper) < (b.lower, b.upper) }
  }

  /// What was left out of a list of edges to make it simple.
  public struct Reduction: Sendable, Equatable {
    public var loops = 0
    /// Rows that name an edge which was named before, in either direction.
    public var repetitions = 0

    public init(loops: Int = 0, repetitions: Int = 0) {
      self.loops = loops
      self.repetitions = repetitions
    }
  }

  public let reduction: Reduction

  /// Takes rows in either direction, once or twice: an edge is there if any row names it. Loops and repetitions are dropped and counted in `reduction`.
  ///
  /// - Throws: `GraphError` for a node outside 0 ..< nodeCount.
  public init(nodeCount: Int, edges rows: some Sequence<(Int, Int)>) throws(GraphError) {
    guard nodeCount >= 1 else { throw .noNodes }
    var found: Set<Edge> = []
    var reduction = Reduction()
    for (row, (a, b)) in rows.enumerated() {
      for node in [a, b] where node < 0 || node >= nodeCount { throw .node(node, edge: row, nodeCount: nodeCount) }
      if a == b {
        reduction.loops += 1
      } else if !found.insert(Edge(lower: min(a, b), upper: max(a, b))).inserted {
        reduction.repetitions += 1
      }
    }
    self.nodeCount = nodeCount
    self.reduction = reduction
    edges = found.sorted()
    lower = Tensor(edges.map { Int64($0.lower) })
    upper = Tensor(edges.map { Int64($0.upper) })
    var degrees = [Int](repeating: 0, count: nodeCount)
    for edge in edges {
      degrees[edge.lower] += 1
      degrees[edge.upper] += 1
    }
    self.degrees = degrees
  }

  public var edgeCount: Int { edges.count }

  /// Several graphs as one, whose parts are not connected: a batch.
  public init(joining graphs: [UndirectedGraph]) throws(GraphError) {
    var offset = 0
    var rows: [(Int, Int)] = []
    for graph in graphs {
      rows += graph.edges.map { ($0.lower + offset, $0.upper + offset) }
      offset += graph.nodeCount
    }
    try self.init(nodeCount: offset, edges: rows)
  }

  /// Whether every node can be reached from every other.
  public var isConnected: Bool { componentCount == 1 }

  public var componentCount: Int {
    var parent = Array(0..<nodeCount)
    func root(_ node: Int) -> Int {
      var node = node
      while parent[node] != node {
        parent[node] = parent[parent[node]]
        node = parent[node]
      }
      return node
    }
    for edge in edges { parent[root(edge.lower)] = root(edge.upper) }
    return (0..<nodeCount).count { parent[$0] == $0 }
  }

  /// The share of edges whose ends have the same label, among those whose ends both have one (not negative); nil where there are none.
  public func homophily(labels: [Int]) -> Double? {
    precondition(labels.count == nodeCount, "homophily: \(labels.count) labels for \(nodeCount) nodes")
    let labelled = edges.filter { labels[$0.lower] >= 0 && labels[$0.upper] >= 0 }
    return labelled.isEmpty ? nil : Double(labelled.count { labels[$0.lower] == labels[$0.upper] }) / Double(labelled.count)
  }
}

extension Tensor {
  /// Refuses numbers that are not finite, and says in which row (slice of the first axis) the first is.
  func requireFiniteRows(_ argument: String) throws(GraphError) {
    let isFinite = isFinite().reshaped(to: [shape[0], -1]).all(axes: [1])
    guard !isFinite.all().scalar(as: Bool.self) else { return }
    throw .notFinite(argument: argument, row: isFinite.cast(to: .uint8).array(of: UInt8.self).firstIndex(of: 0)!)
  }
}
