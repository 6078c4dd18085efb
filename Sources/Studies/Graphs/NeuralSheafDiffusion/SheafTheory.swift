import Datasets
import Graphs
import Tensors
import Training

/// Diffusion along sheaves made from the labels, and along trivial and random positive ones: what a linear read-out tells in the limit.
struct SheafTheory {
  let options: SheafOptions
  let run: StudyRun

  func add(to findings: inout Findings) throws {
    var table = Table(
      "separation", title: "Nodes whose class a linear read-out tells after a long diffusion of noise",
      columns: ["graph", "classes", "sheaf", Table.Column("told", .percent)])
    var bars: [BarPlot.Bar] = []
    func measured(
      _ name: String, _ graphs: [GraphData], _ sheaf: String, classes: Int, _ role: SeriesRole,
      _ make: (UndirectedGraph, GraphData, Int) -> RestrictionMaps
    ) throws -> Measurement {
      let shares = try graphs.enumerated().map { number, data in
        let graph = try UndirectedGraph(nodeCount: data.nodeCount, edges: data.edges)
        let maps = make(graph, data, number)
        let pattern = SheafPattern(graph, learnedWidth: maps.stalkWidth, isDiagonal: maps.isDiagonal)
        let laplacian = SheafLaplacian(pattern, maps: maps)
        var random = RandomStream(seed: run.seed + number, step: -30)
        let start = Tensor.normal([graph.nodeCount, maps.stalkWidth, 4], key: random.next(), dtype: .float64)
        let signal = laplacian.diffused(start, count: options.diffusionSteps)
        // The channel in which most is left.
        let channel = signal.square().sum(axes: [0, 1]).argMax().scalar(as: Int64.self)
        return 100 * OracleSheaves.separability(signal[.all, .all, Int(channel)], labels: data.labels, classes: classes)
      }
      let value = Measurement(shares)
      table.append([.text(name), .init(classes), .text(sheaf), .number(value)])
      bars.append(BarPlot.Bar("\(name), \(classes) classes: \(sheaf)", value, role: role))
      return value
    }
    let seeds = run.seeds(options.seeds)
    let bipartite = try seeds.map { seed in try Self.connected(from: seed) { .bipartite(seed: $0) } }
    let four = try seeds.map { seed in try Self.connected(from: seed) { .communities(nodes: 200, classes: 4, homophily: 0.1, seed: $0) } }
    let three = try seeds.map { seed in try Self.connected(from: seed) { .communities(nodes: 200, classes: 3, homophily: 0.1, seed: $0) } }

    let trivial = try measured("bipartite", bipartite, "identity, d = 1", classes: 2, .baseline) { graph, _, _ in
      let maps = RestrictionMaps.identity(edges: graph.edgeCount, stalkWidth: 1, dtype: .float64)
      return maps
    }
    let positive = try measured("bipartite", bipartite, "positive and symmetric, d = 1", classes: 2, .baseline) { graph, _, number in
      var random = RandomStream(seed: run.seed + number, step: -31)
      return OracleSheaves.positive(graph, key: random.next())
    }
    let signed = try measured("bipartite", bipartite, "signs, d = 1", classes: 2, .method) { graph, data, _ in
      OracleSheaves.signed(graph, labels: data.labels)
    }
    let threeBySigns = try measured("communities", three, "signs, d = 1", classes: 3, .baseline) { graph, data, _ in
      OracleSheaves.signed(graph, labels: data.labels)
    }
    let diagonal = try measured("communities", three, "diagonal, d = 3", classes: 3, .method) { graph, data, _ in
      OracleSheaves.diagonal(graph, labels: data.labels, classes: 3)
    }
    let rotations = try measured("communities", four, "rotations, d = 2", classes: 4, .method) { graph, data, _ in
      OracleSheaves.rotations(graph, labels: data.labels, classes: 4)
    }
    findings.add(table)
    findings.add(
      Figure(
        "separation", title: "What a sheaf can separate",
        caption:
          "Share of nodes whose class a linear read-out tells after diffusing noise along sheaves made from the labels; sheaves that cannot separate these classes, "
          + "whatever the signal, in grey.",
        .bars(BarPlot(Axis("told by a linear read-out", .percent), bars))))
    func claim(_ id: String, _ statement: String, _ value: Measurement, _ relation: Relation, _ threshold: Double, _ name: String) {
      findings.add(
        Claim(
          id, statement, measured: value, relation, baseline: Measurement(threshold), unit: .percent, measuredName: name,
          baselineName: "threshold"))
    }
    claim(
      "signs-separate-two", "Maps of one dimension with signs separate two classes.", signed, .atLeast, 100,
      "told, signs on bipartite graphs")
    claim(
      "trivial-does-not", "The graph alone does not separate its two parts.", trivial, .atMost, 65, "told, identity on bipartite graphs")
    claim(
      "positive-does-not", "Nor do positive symmetric maps of one dimension.", positive, .atMost, 65,
      "told, positive maps on bipartite graphs")
    claim(
      "one-dimension-not-three", "One dimension does not separate three classes.", threeBySigns, .atMost, 99, "told, signs on three classes"
    )
    claim(
      "diagonal-separates-three", "Diagonal maps of three dimensions separate three classes.", diagonal, .atLeast, 100,
      "told, diagonal maps")
    claim("rotations-separate-four", "Rotations of the plane separate four classes.", rotations, .atLeast, 100, "told, rotations")
  }

  /// The first graph in one piece.
  private static func connected(from seed: Int, _ make: (Int) -> GraphData) throws -> GraphData {
    for attempt in 0..<100 {
      let data = make(seed + attempt * 1000)
      if try UndirectedGraph(nodeCount: data.nodeCount, edges: data.edges).isConnected { return data }
    }
    preconditionFailure("SheafTheory: none of 100 graphs is connected")
  }
}
