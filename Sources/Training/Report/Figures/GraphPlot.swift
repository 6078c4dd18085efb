/// Nodes and the edges between them, laid out so that neighbours stand near each other.
public struct GraphPlot: Sendable, Hashable {
  public struct Edge: Sendable, Hashable {
    public let from: Int
    public let to: Int

    public init(_ from: Int, _ to: Int) {
      self.from = from
      self.to = to
    }
  }

  /// One a node: what it is coloured by, such as its class. The order of first appearance is that of the key.
  public let groups: [String]
  /// One a node, shown where the graph is small; empty for none.
  public let names: [String]
  public let edges: [Edge]

  /// - Parameters:
  ///   - groups: one a node.
  ///   - names: one a node, or none at all.
  ///   - edges: between positions in `groups`.
  public init(groups: [String], names: [String] = [], edges: [Edge]) {
    precondition(names.isEmpty || names.count == groups.count, "GraphPlot: \(names.count) names for \(groups.count) nodes")
    for edge in edges {
      precondition(
        groups.indices.contains(edge.from) && groups.indices.contains(edge.to),
        "GraphPlot: an edge between \(edge.from) and \(edge.to), expected nodes from 0 to \(groups.count - 1)")
    }
    self.groups = groups
    self.names = names
    self.edges = edges
  }
}
