import Foundation
import Graphs
import Layers
import Tensors
import Training

/// Runs the library on the inputs and parameters of a parity case, in double precision, and compares what comes out.
package struct SheafParity {
  private var parity: Parity

  package static func tensors(of file: SafetensorsFile) throws -> [ParityTensor] {
    var run = SheafParity(parity: Parity(file))
    let models = ["diag", "bundle", "general"].filter { file.metadata[$0] != nil }
    let maps = file.names.filter { $0.hasPrefix("in.orth.") }.sorted()
    guard !models.isEmpty || !maps.isEmpty else {
      throw FileFormatError(
        path: file.url.path, at: .field("__metadata__"), found: "none of the cases", expected: "diag, bundle or general, or in.orth.*")
    }
    for name in models { try run.compareModel(name) }
    for name in maps { try run.compareMap(String(name.dropFirst("in.orth.".count))) }
    return run.parity.tensors
  }

  /// The settings of a model, as the reference names them.
  private struct Settings: Decodable {
    let d: Int
    let add_lp: Bool
    let add_hp: Bool
    let layers: Int
    let hidden_channels: Int
    let orth: String
    let normalised: Bool
    let augmented: Bool
    let use_act: String?
    let sheaf_act: String
    let edge_weights: Bool
    let sparse_learner: Bool?
    let linear: Bool?
    let second_linear: Bool?
    let deg_normalised: Bool?
    let left_weights: Bool?
    let right_weights: Bool?
  }

  private static let orthogonalMaps: [String: OrthogonalMap] = [
    "householder": .householder, "cayley": .cayley, "matrix_exp": .matrixExponential, "euler": .euler,
  ]

  private func failure(_ field: String, _ found: String, _ expected: String) -> FileFormatError {
    FileFormatError(path: parity.file.url.path, at: .field(field), found: found, expected: expected)
  }

  private func settings(_ name: String) throws -> Settings {
    do {
      return try JSONDecoder().decode(Settings.self, from: Data(parity.file.metadata[name]!.utf8))
    } catch {
      throw failure("__metadata__.\(name)", parity.file.metadata[name]!, "the settings of a model as JSON")
    }
  }

  private func double(_ name: String, _ shape: [Int]? = nil) throws -> Tensor { try parity.tensor(name, shape: shape).cast(to: .float64) }

  // MARK: Models

  private mutating func compareModel(_ name: String) throws {
    let settings = try settings(name)
    let x = try double("in.x", [-1, -1])
    let (nodes, inputs) = (x.shape[0], x.shape[1])
    let rows = try parity.tensor("in.edge_index", shape: [2, -1]).cast(to: .int64).array(of: Int64.self).map(Int.init)
    let count = rows.count / 2
    let graph = try UndirectedGraph(nodeCount: nodes, edges: (0..<count).map { (rows[$0], rows[count + $0]) })
    let labels = try parity.tensor("in.y", shape: [nodes]).cast(to: .int64)
    let classes = try double("param.\(name).lin2.bias").elementCount
    if let label = labels.array(of: Int64.self).first(where: { $0 < 0 || $0 >= classes }) {
      throw failure("in.y", "label \(label)", "labels from 0 to \(classes - 1)")
    }
    guard let orthogonalMap = Self.orthogonalMaps[settings.orth] else {
      throw failure("__metadata__.\(name)", "orth \(settings.orth)", Self.orthogonalMaps.keys.sorted().joined(separator: ", "))
    }
    guard let squashing = ["tanh": SheafLearner.Squashing.tanh, "elu": .elu, "id": .identity][settings.sheaf_act] else {
      throw failure("__metadata__.\(name)", "sheaf_act \(settings.sheaf_act)", "tanh, elu or id")
    }
    let configuration = NeuralSheafDiffusion.Configuration(
      inputs: inputs, classes: classes, family: name == "diag" ? .diagonal : name == "bundle" ? .orthogonal : .general,
      stalkWidth: settings.d, channels: settings.hidden_channels, layers: settings.layers, orthogonalMap: orthogonalMap,
      addsLowPass: settings.add_lp, addsHighPass: settings.add_hp, weighsEdges: settings.edge_weights,
      hasSparseLearner: settings.sparse_learner ?? false, squashing: squashing,
      normalization: SheafNormalization(
        isNormalized: settings.normalised || settings.deg_normalised ?? false, isAugmented: settings.augmented,
        usesDegrees: settings.deg_normalised ?? false),
      sharesSheaf: settings.linear ?? false, mixesStalks: settings.left_weights ?? true, mixesChannels: settings.right_weights ?? true,
      activation: settings.use_act == "id" ? .identity : .elu(), hasSecondLinear: settings.second_linear ?? false)
    var unused = RandomStream(seed: 0)
    let model = try NeuralSheafDiffusion(configuration, random: &unused)
    let named = try load(model, "param.\(name).")

    var laplacians: [Tensor] = []
    let logits = try model(x, model.pattern(for: graph)) { laplacians.append($0.laplacian.dense()) }
    let logProbabilities = logits.logSoftmax()
    let loss = negativeLogLikelihood(logProbabilities, labels: labels)
    // Derivatives first: computing a value lets go of how it was computed.
    let gradients = loss.gradients(withRespectTo: named.map(\.parameter.value) + [x])
    for (entry, gradient) in zip(named, gradients) {
      try parity.compare("grad.\(name).\(entry.name)", entry.isTransposed ? gradient.transposed() : gradient)
    }
    try parity.compare("grad.\(name).x", gradients.last!)
    try parity.compare("out.\(name).logp", logProbabilities)
    try parity.compare("out.\(name).loss", loss.reshaped(to: [1] as Shape))
    for (layer, laplacian) in laplacians.enumerated() where parity.contains("out.\(name).L\(layer)") {
      try parity.compare("out.\(name).L\(layer)", laplacian)
    }
  }

  /// Gives a model the parameters of the case; the case's linear weights are (outputs, inputs).
  private func load(
    _ model: NeuralSheafDiffusion, _ place: String
  ) throws -> [(name: String, parameter: Parameter, isTransposed: Bool)] {
    var named: [(name: String, parameter: Parameter, isTransposed: Bool)] = []
    func take(_ name: String, _ parameter: Parameter, isTransposed: Bool = true) throws {
      let shape = Array(parameter.shape)
      let value = try double(place + name, isTransposed ? shape.reversed() : shape)
      parameter.assign(isTransposed ? value.transposed() : value)
      named.append((name, parameter, isTransposed))
    }
    func take(_ name: String, _ layer: Dense) throws {
      try take("\(name).weight", layer.weight)
      try take("\(name).bias", layer.bias!, isTransposed: false)
    }
    try take("lin1", model.input)
    if let second = model.second { try take("lin12", second) }
    try take("lin2", model.output)
    for (layer, mixer) in model.stalkMixers.enumerated() { try take("lin_left_weights.\(layer).weight", mixer) }
    for (layer, mixer) in model.channelMixers.enumerated() { try take("lin_right_weights.\(layer).weight", mixer) }
    for (layer, learner) in model.learners.enumerated() { try take("sheaf_learners.\(layer).linear1.weight", learner.weight) }
    for (layer, learner) in model.weightLearners.enumerated() { try take("weight_learners.\(layer).linear1.weight", learner.weight) }
    for (layer, epsilon) in model.epsilons.enumerated() { try take("epsilons.\(layer)", epsilon, isTransposed: false) }
    return named
  }

  // MARK: Orthogonal maps

  /// - Parameter name: a kind of map and its rows, as "cayley4".
  private mutating func compareMap(_ name: String) throws {
    let field = "in.orth.\(name)"
    let kind = String(name.prefix { !$0.isNumber })
    guard let map = Self.orthogonalMaps[kind], let d = Int(name.dropFirst(kind.count)), (1...64).contains(d), map.allows(d) else {
      throw failure(field, name, "a kind and a number of rows, as householder3")
    }
    let parameters = try double(field, [-1, map.parameterCount(d)])
    try parity.compare("out.orth.\(name)", map.matrices(parameters, size: d))
  }
}
