import Datasets
import Foundation
import Graphs
import Layers
import Tensors
import Training

/// Keeps the first trained network with its graph, and tells the classes of nodes: those of that graph by their numbers, those of another as FOLDER:NODE.
struct SheafPredictor {
  private enum Key {
    static let method = "method"
    static let classes = "classes"
    static let settings = "published-settings-of"
    static let features = "graph.features"
    static let edges = "graph.edges"
  }

  static func save(
    _ result: NodeResult, _ method: SheafOptions.Method, _ settings: SheafSettings, of graph: SheafGraph, to run: StudyRun
  ) throws {
    var tensors = result.classifier.module.state()
    tensors[Key.features] = graph.features
    tensors[Key.edges] = Tensor.stack([graph.graph.lower, graph.graph.upper])
    try SafetensorsFile.write(
      tensors,
      metadata: [Key.method: method.rawValue, Key.classes: String(graph.classes), Key.settings: graph.name],
      to: run.file("model.safetensors"))
  }

  private let classifier: (UndirectedGraph) throws -> NodeClassifier
  private let graph: UndirectedGraph
  private let features: Tensor
  private let path: String

  /// - Throws: `FileAccessError`, `FileFormatError`, `ModelStateError`.
  init(_ saved: SavedModel<SheafOptions>) throws {
    let file = try SafetensorsFile(reading: saved.parameters)
    path = file.url.path
    func field(_ key: String) throws -> String {
      guard let text = file.metadata[key] else {
        throw FileFormatError(path: file.url.path, at: .field("__metadata__"), found: "no entry \"\(key)\"", expected: "what a run saves")
      }
      return text
    }
    guard let method = SheafOptions.Method(rawValue: try field(Key.method)), let classes = Int(try field(Key.classes)), classes >= 2 else {
      throw FileFormatError(path: file.url.path, at: .field("__metadata__"), found: "other values", expected: "what a run saves")
    }
    let features = try file.tensor(named: Key.features)
    let edges = try file.tensor(named: Key.edges)
    guard features.rank == 2, edges.rank == 2, edges.shape[0] == 2 else {
      throw FileFormatError(path: file.url.path, at: .field(Key.edges), found: "shape \(edges.shape)", expected: "(2, edges)")
    }
    let ends = edges.cast(to: .int64).array(of: Int64.self).map(Int.init)
    let count = ends.count / 2
    graph = try UndirectedGraph(nodeCount: features.shape[0], edges: (0..<count).map { (ends[$0], ends[count + $0]) })
    self.features = features
    let options = saved.options
    let name = try field(Key.settings)
    let settings =
      options.usesPublishedSettings ? SheafSettings(published: name, options) ?? SheafSettings(options) : SheafSettings(options)
    let state = try file.tensors().filter { $0.key != Key.features && $0.key != Key.edges }
    let inputs = features.shape[1]
    classifier = { graph in
      // Initial values do not matter: all are read from the file.
      var random = RandomStream(seed: 0)
      let classifier = try SheafTraining.classifier(method, settings, on: graph, inputs: inputs, classes: classes, random: &random)
      try classifier.module.load(state)
      return classifier
    }
  }

  /// - Throws: `StudyError` for what is no node; what reading a graph throws.
  func predict(_ inputs: [String]) throws -> [Prediction] {
    var known: [String: Tensor] = [:]
    return try inputs.map { input in
      let parts = input.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
      let folder = parts.dropLast().joined(separator: ":")
      let probabilities: Tensor
      if let there = known[folder] {
        probabilities = there
      } else {
        probabilities = try self.probabilities(folder.isEmpty ? nil : URL(fileURLWithPath: folder))
        known[folder] = probabilities
      }
      guard let node = Int(parts.last!), (0..<probabilities.shape[0]).contains(node) else {
        throw StudyError(
          "\(input) names no node", because: .data,
          advice: "give the number of a node from 0 to \(probabilities.shape[0] - 1), or FOLDER:NUMBER for another graph")
      }
      let row = probabilities[node].array(of: Float.self)
      let best = row.indices.max { row[$0] < row[$1] }!
      return Prediction(input: input, label: String(best), confidence: Double(row[best]))
    }
  }

  private func probabilities(_ folder: URL?) throws -> Tensor {
    var (graph, features) = (graph, features)
    if let folder {
      let data = try GraphData(reading: folder)
      guard data.featureCount == features.shape[1] else {
        throw FileFormatError(
          path: folder.path, found: "\(data.featureCount) features", expected: "\(features.shape[1]), with which the network was trained")
      }
      graph = try UndirectedGraph(nodeCount: data.nodeCount, edges: data.edges)
      features = data.rowNormalizedFeatures
    }
    let result = try withContext(.inference) { try classifier(graph).logits(features).softmax() }
    evaluate(result)
    return result
  }
}
