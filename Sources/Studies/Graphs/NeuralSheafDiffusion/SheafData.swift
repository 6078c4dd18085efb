import Datasets
import Foundation
import Graphs
import Tensors
import Training

/// A graph as the networks see it: simple and undirected, rows of features summing to 1.
struct SheafGraph {
  let data: GraphData
  let graph: UndirectedGraph
  let features: Tensor
  let labels: Tensor
  let splits: [GraphData.Split]

  var name: String { data.name }
  var classes: Int { data.classCount }

  /// - Parameter scalesRows: whether rows of features are divided by their sum, as counts of words are.
  /// - Throws: `StudyError` for a graph without two classes, or whose divisions hold nodes without class.
  init(_ data: GraphData, splits count: Int, seed: Int, scalesRows: Bool) throws {
    self.data = data
    graph = try UndirectedGraph(nodeCount: data.nodeCount, edges: data.edges)
    features = scalesRows ? data.rowNormalizedFeatures : data.features
    labels = Tensor(data.labels.map { Int64(max($0, 0)) })
    guard data.classCount >= 2 else {
      throw StudyError("the graph \(data.name) has \(data.classCount) classes", because: .data, advice: "give a graph with at least two")
    }
    let given = data.splits.isEmpty ? data.randomSplits(count, seed: seed) : data.splits
    splits = Array(given.prefix(count))
    for split in splits {
      for (part, nodes) in [("training", split.training), ("validation", split.validation), ("test", split.test)] {
        guard !nodes.isEmpty else { throw StudyError("a division of \(data.name) has no \(part) nodes", because: .data) }
        if let node = nodes.first(where: { data.labels[$0] < 0 }) {
          throw StudyError("the \(part) node \(node) of \(data.name) has no class", because: .data, advice: "leave it out of the division")
        }
      }
    }
  }
}

/// The graphs that `--data` names: one folder, or a folder of such; a generated one without.
struct SheafData {
  let graphs: [SheafGraph]
  let isGenerated: Bool

  init(_ nameOrPath: String?, _ options: SheafOptions, seed: Int) throws {
    guard let nameOrPath else {
      graphs = [
        try SheafGraph(
          .communities(nodes: 200, classes: 3, homophily: 0.1, splits: options.splits, seed: seed), splits: options.splits, seed: seed,
          scalesRows: false)
      ]
      isGenerated = true
      return
    }
    let url = URL(fileURLWithPath: nameOrPath)
    var folders = [url]
    if !GraphData.isRecognised(url), let inner = try? FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil) {
      let graphs = inner.filter(GraphData.isRecognised).sorted { $0.lastPathComponent < $1.lastPathComponent }
      folders = graphs.isEmpty ? folders : graphs
    }
    var graphs: [SheafGraph] = []
    for folder in folders {
      let isWanted = folders.count == 1 || options.sets == ["all"] || options.sets.contains { folder.lastPathComponent.hasSuffix($0) }
      guard isWanted else { continue }
      graphs.append(try SheafGraph(GraphData(reading: folder), splits: options.splits, seed: seed, scalesRows: true))
    }
    guard !graphs.isEmpty else {
      throw StudyError(
        "\(nameOrPath) holds none of the graphs \(options.sets.joined(separator: ", "))", because: .data,
        advice: "it holds \(folders.map(\.lastPathComponent).joined(separator: ", ")); change --set sets=")
    }
    // In the order in which they were asked for.
    self.graphs = graphs.sorted { a, b in
      func place(_ graph: SheafGraph) -> Int { options.sets.firstIndex { graph.name.hasSuffix($0) } ?? options.sets.count }
      return place(a) < place(b)
    }
    isGenerated = false
  }

  var summary: DataSummary {
    DataSummary(
      isGenerated ? "generated communities" : graphs.map(\.name).joined(separator: ", "), isGenerated: isGenerated,
      trainingExamples: graphs.count == 1 ? graphs[0].splits[0].training.count : nil,
      testExamples: graphs.count == 1 ? graphs[0].splits[0].test.count : nil, classes: graphs.count == 1 ? graphs[0].classes : nil,
      shape: graphs.count == 1 ? "\(graphs[0].data.featureCount) features a node" : nil)
  }
}
