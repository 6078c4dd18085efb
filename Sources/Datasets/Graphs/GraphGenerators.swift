import Tensors

extension GraphData {
  /// A graph in two parts, whose classes are the parts: every edge joins different classes, and features alone tell little.
  ///
  /// - Parameters:
  ///   - partSize: nodes of each part.
  ///   - degree: neighbours that each node of the first part draws among the second.
  ///   - shift: the features of the classes are N(+-shift, 1).
  public static func bipartite(
    partSize: Int = 60, degree: Int = 4, features width: Int = 2, shift: Float = 0.3, splits count: Int = 10, seed: Int
  ) -> GraphData {
    precondition(partSize >= degree && degree >= 1, "bipartite: \(degree) neighbours of \(partSize) nodes")
    var random = SplitMix64(seed: seed, 32)
    var edges: [(Int, Int)] = []
    for node in 0..<partSize {
      for neighbour in random.permutation(partSize).prefix(degree) { edges.append((node, partSize + neighbour)) }
    }
    let labels = (0..<2 * partSize).map { $0 / partSize }
    let features = labels.flatMap { label in (0..<width).map { _ in random.normal(label == 0 ? shift : -shift, 1) } }
    let data = GraphData(name: "bipartite", edges: edges, features: Tensor(features, shape: [labels.count, width]), labels: labels)
    return data.with(splits: data.randomSplits(count, seed: seed))
  }

  /// A graph of communities in which each edge joins nodes of one class with the probability `homophily`, and of two classes otherwise.
  ///
  /// - Parameters:
  ///   - meanDegree: edges are drawn until the mean number of neighbours is this.
  ///   - separation: norm of the classes' mean features; the noise is N(0, 1).
  public static func communities(
    nodes: Int = 400, classes: Int = 3, meanDegree: Int = 8, homophily: Float, features width: Int = 16, separation: Float = 0.8,
    splits count: Int = 10, seed: Int
  ) -> GraphData {
    precondition(classes >= 2 && nodes >= classes * 2, "communities: \(classes) classes in \(nodes) nodes")
    var random = SplitMix64(seed: seed, 33)
    let labels = (0..<nodes).map { $0 % classes }
    let members = (0..<classes).map { label in labels.indices.filter { labels[$0] == label } }
    var seen: Set<Int> = []
    var edges: [(Int, Int)] = []
    while edges.count < nodes * meanDegree / 2 {
      let a = random.integer(below: nodes)
      var label = labels[a]
      if !random.bernoulli(homophily) { label = (label + 1 + random.integer(below: classes - 1)) % classes }
      let b = members[label][random.integer(below: members[label].count)]
      guard a != b, seen.insert(min(a, b) * nodes + max(a, b)).inserted else { continue }
      edges.append((a, b))
    }
    let means = (0..<classes).map { _ -> [Float] in
      let direction = (0..<width).map { _ in random.normal() }
      let norm = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return direction.map { $0 / norm * separation }
    }
    let features = labels.flatMap { label in means[label].map { $0 + random.normal() } }
    let data = GraphData(name: "communities", edges: edges, features: Tensor(features, shape: [nodes, width]), labels: labels)
    return data.with(splits: data.randomSplits(count, seed: seed))
  }

  private func with(splits: [Split]) -> GraphData {
    GraphData(name: name, edges: edges, features: features, labels: labels, splits: splits)
  }
}
