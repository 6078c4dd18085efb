import Architectures
import Foundation
import Layers
import Tensors
import Training

/// Runs the library on the inputs and parameters of a parity case, in double precision, and compares what comes out.
///
/// Projections of a case are (outputs, inputs), ours (inputs, outputs).
package struct HopfieldParity {
  private var parity: Parity

  private static let forward = 1e-5
  private static let backward = 1e-4

  package static func tensors(of file: SafetensorsFile) throws -> [ParityTensor] {
    var run = HopfieldParity(parity: Parity(file))
    let cases = ["self", "assoc", "connected", "pool", "lookup", "static"].filter { file.metadata[$0] != nil }
    guard !cases.isEmpty else {
      throw FileFormatError(
        path: file.url.path, at: .field("__metadata__"), found: "none of the cases",
        expected: "self, assoc, connected, pool, lookup or static"
      )
    }
    for name in cases { try run.compare(name) }
    return run.parity.tensors
  }

  /// The settings of a case, as the reference names them; absent ones have the reference's defaults.
  private struct Settings: Decodable {
    var scaling: Double?
    var updates: Int?
    var tolerance: Double?
    var headWidth: Int?
    var patternWidth: Int?
    var outputWidth: Int?
    var heads: Int?
    var normalizesHopfieldSpace: Bool?
    var isHopfieldSpaceAffine: Bool?
    var isConnected: Bool?
    var quantity: Int?
    var separatesTargets: Bool?

    enum CodingKeys: String, CodingKey {
      case scaling, quantity
      case updates = "update_steps_max"
      case tolerance = "update_steps_eps"
      case headWidth = "hidden_size"
      case patternWidth = "pattern_size"
      case outputWidth = "output_size"
      case heads = "num_heads"
      case normalizesHopfieldSpace = "normalize_hopfield_space"
      case isHopfieldSpaceAffine = "normalize_hopfield_space_affine"
      case isConnected = "pattern_projection_as_connected"
      case separatesTargets = "lookup_weights_as_separated"
    }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      // "1/sqrt(head_dim)" and other words mean the default.
      scaling = try? values.decode(Double.self, forKey: .scaling)
      // Null means without limit; the reference's default is no update.
      updates = values.contains(.updates) ? try values.decodeIfPresent(Int.self, forKey: .updates) : 0
      tolerance = try values.decodeIfPresent(Double.self, forKey: .tolerance)
      headWidth = try values.decodeIfPresent(Int.self, forKey: .headWidth)
      patternWidth = try values.decodeIfPresent(Int.self, forKey: .patternWidth)
      outputWidth = try values.decodeIfPresent(Int.self, forKey: .outputWidth)
      heads = try values.decodeIfPresent(Int.self, forKey: .heads)
      normalizesHopfieldSpace = try values.decodeIfPresent(Bool.self, forKey: .normalizesHopfieldSpace)
      isHopfieldSpaceAffine = try values.decodeIfPresent(Bool.self, forKey: .isHopfieldSpaceAffine)
      isConnected = try values.decodeIfPresent(Bool.self, forKey: .isConnected)
      quantity = try values.decodeIfPresent(Int.self, forKey: .quantity)
      separatesTargets = try values.decodeIfPresent(Bool.self, forKey: .separatesTargets)
    }
  }

  private func settings(_ name: String) throws -> Settings {
    do {
      return try JSONDecoder().decode(Settings.self, from: Data(parity.file.metadata[name]!.utf8))
    } catch {
      throw FileFormatError(
        path: parity.file.url.path, at: .field("__metadata__.\(name)"), found: "\(parity.file.metadata[name]!)",
        expected: "the settings of a layer as JSON")
    }
  }

  private mutating func compare(_ name: String) throws {
    let settings = try settings(name)
    switch name {
    case "static": try compareMemory(settings)
    case "pool": try comparePooling(settings)
    case "lookup": try compareLookup(settings)
    default: try compareAssociation(name, settings)
    }
  }

  // MARK: Cases

  private mutating func compareAssociation(_ name: String, _ settings: Settings) throws {
    var inputs: [(name: String, value: Tensor)] = []
    func input(_ role: String) throws -> Tensor? {
      guard parity.contains("\(name).in.\(role)") else { return nil }
      let value = try double("\(name).in.\(role)")
      inputs.append((role, value))
      return value
    }
    let alone = try input("x")
    let state = try alone ?? input("state")
    let stored = try alone ?? input("stored")
    let projection = try alone ?? (input("proj") ?? stored)
    guard let state, let stored, let projection else {
      throw FileFormatError(path: parity.file.url.path, at: .field("\(name).in"), found: "no inputs", expected: "x, or state and stored")
    }
    for tensor in [state, stored, projection] { try requireRank(tensor, 3, name) }
    let layer = try Hopfield(
      configuration(settings, state: state.shape[2], stored: stored.shape[2], projection: projection.shape[2]), random: &unused)
    let names = try load(layer.association, "\(name).param.", prefix: "")
    var mask = AssociationMask()
    if parity.contains("\(name).in.padding_mask") { mask.padding = try parity.tensor("\(name).in.padding_mask") .!= 0 }
    if parity.contains("\(name).in.association_mask") { mask.association = try parity.tensor("\(name).in.association_mask") .!= 0 }
    let result = try layer.associate(stored: stored, state: state, projection: projection, mask: mask)
    try compareGradients(name, result.output, inputs: inputs, parameters: names)
    try compareResults(name, result.output, result.weights)
  }

  private mutating func comparePooling(_ settings: Settings) throws {
    let x = try double("pool.in.x")
    try requireRank(x, 3, "pool.in.x")
    let weights = try double("pool.param.pooling_weights")
    try requireRank(weights, 3, "pool.param.pooling_weights")
    let layer = try HopfieldPooling(
      configuration(settings, state: weights.shape[2], stored: x.shape[2], projection: x.shape[2]), quantity: weights.shape[1],
      random: &unused)
    layer.pooling.assign(weights)
    let names = try load(layer.association, "pool.param.", prefix: "hopfield.")
    let (output, association) = try layer.pool(x)
    try compareGradients("pool", output, inputs: [("x", x)], parameters: names + [.init("pooling_weights", layer.pooling)])
    try compareResults("pool", output, association.weights)
  }

  private mutating func compareLookup(_ settings: Settings) throws {
    let x = try double("lookup.in.x")
    try requireRank(x, 3, "lookup.in.x")
    let stored = try double("lookup.param.lookup_weights")
    try requireRank(stored, 3, "lookup.param.lookup_weights")
    let separates = settings.separatesTargets ?? false
    let targets = separates ? try double("lookup.param.target_weights") : nil
    if let targets { try requireRank(targets, 3, "lookup.param.target_weights") }
    let layer = try HopfieldLayer(
      configuration(settings, state: x.shape[2], stored: stored.shape[2], projection: (targets ?? stored).shape[2]),
      quantity: stored.shape[1], separatesTargets: separates, random: &unused)
    try layer.store(stored.squeezed(0), targets: targets?.squeezed(0))
    layer.lookup.assign(stored)
    if let targets { layer.targets!.assign(targets) }
    let names = try load(layer.association, "lookup.param.", prefix: "hopfield.")
    let own = [Named("lookup_weights", layer.lookup)] + (layer.targets.map { [Named("target_weights", $0)] } ?? [])
    let result = try layer.associate(x)
    try compareGradients("lookup", result.output, inputs: [("x", x)], parameters: names + own)
    try compareResults("lookup", result.output, result.weights)
  }

  private mutating func compareMemory(_ settings: Settings) throws {
    let stored = try double("static.in.stored")
    let state = try double("static.in.state")
    for tensor in [stored, state] { try requireRank(tensor, 3, "static.in") }
    let layer = try Hopfield.memory(
      width: stored.shape[2], scaling: settings.scaling.map { .uniform($0) } ?? .standard, updates: settings.updates,
      tolerance: settings.tolerance ?? 1e-4)
    let result = try layer.associate(stored: stored, state: state)
    try compareResults("static", result.output, result.weights)
  }

  // MARK: Building

  private var unused = RandomStream(seed: 0)

  private init(parity: Parity) { self.parity = parity }

  private func configuration(
    _ settings: Settings, state: Int, stored: Int, projection: Int
  ) throws -> AssociationConfiguration {
    try AssociationConfiguration(
      width: state, storedWidth: stored, projectionWidth: projection, heads: settings.heads ?? 1, headWidth: settings.headWidth,
      patternWidth: settings.patternWidth, outputWidth: settings.outputWidth, scaling: settings.scaling.map { .uniform($0) } ?? .standard,
      updates: settings.updates, tolerance: settings.tolerance ?? 1e-4,
      normalizesHopfieldSpace: settings.normalizesHopfieldSpace ?? false, isHopfieldSpaceAffine: settings.isHopfieldSpaceAffine ?? false,
      connectsPatternProjection: settings.isConnected ?? false)
  }

  /// A gradient of the case, and the parameters of ours that it belongs to: one that it stacks, in their order.
  private struct Named {
    let name: String
    let parts: [(parameter: Parameter, isMatrix: Bool)]

    init(_ name: String, _ parameter: Parameter, isMatrix: Bool = false) {
      self.name = name
      parts = [(parameter, isMatrix)]
    }

    init(_ name: String, stacked: [Parameter], areMatrices: Bool) {
      self.name = name
      parts = stacked.map { ($0, areMatrices) }
    }
  }

  /// Gives the core the parameters of the case.
  private func load(_ core: AssociationCore, _ place: String, prefix: String) throws -> [Named] {
    let inside = "\(prefix)association_core."
    var names: [Named] = []
    func assign(_ name: String, _ parameter: Parameter?, _ value: Tensor) throws {
      guard let parameter else { return }
      guard value.shape == parameter.shape else {
        throw FileFormatError(
          path: parity.file.url.path, at: .field("\(place)\(name)"), found: "shape \(value.shape)", expected: "shape \(parameter.shape)")
      }
      parameter.assign(value)
    }
    func take(_ name: String, _ parameter: Parameter?, isMatrix: Bool = false) throws {
      guard let parameter else { return }
      let value = try double("\(place)\(name)")
      if isMatrix { try requireRank(value, 2, "\(place)\(name)") }
      try assign(name, parameter, isMatrix ? value.transposed() : value)
      names.append(Named(name, parameter, isMatrix: isMatrix))
    }
    let projections = [core.stateProjection, core.storedProjection, core.patternProjection].compactMap { $0 }
    let widths = projections.map { $0.configuration.outputs }
    if parity.contains("\(place)\(inside)in_proj_weight") {
      let name = "\(inside)in_proj_weight"
      let stacked = try parity.tensor("\(place)\(name)", shape: [widths.reduce(0, +), -1]).cast(to: .float64)
      for (part, layer) in zip(stacked.split(sizes: widths), projections) { try assign(name, layer.weight, part.transposed()) }
      names.append(Named(name, stacked: projections.map(\.weight), areMatrices: true))
    } else {
      try take("\(inside)q_proj_weight", core.stateProjection?.weight, isMatrix: true)
      try take("\(inside)k_proj_weight", core.storedProjection?.weight, isMatrix: true)
      try take("\(inside)v_proj_weight", core.patternProjection?.weight, isMatrix: true)
    }
    let biases = projections.compactMap(\.bias)
    if !biases.isEmpty {
      let name = "\(inside)in_proj_bias"
      let stacked = try parity.tensor("\(place)\(name)", shape: [widths.reduce(0, +)]).cast(to: .float64)
      for (part, bias) in zip(stacked.split(sizes: widths), biases) { try assign(name, bias, part) }
      names.append(Named(name, stacked: biases, areMatrices: false))
    }
    try take("\(inside)out_proj.weight", core.outputProjection?.weight, isMatrix: true)
    try take("\(inside)out_proj.bias", core.outputProjection?.bias)
    try take("\(inside)p_norm_weight", core.hopfieldSpaceNorm?.weight)
    try take("\(inside)p_norm_bias", core.hopfieldSpaceNorm?.bias)
    for (name, norm) in [
      ("norm_stored_pattern", core.storedNorm), ("norm_state_pattern", core.stateNorm), ("norm_pattern_projection", core.projectionNorm),
    ] {
      try take("\(prefix)\(name).weight", norm?.weight)
      try take("\(prefix)\(name).bias", norm?.bias)
    }
    return names
  }

  // MARK: Comparing

  private func double(_ name: String) throws -> Tensor { try parity.tensor(name).cast(to: .float64) }

  private func requireRank(_ tensor: Tensor, _ rank: Int, _ name: String) throws {
    guard tensor.rank == rank else {
      throw FileFormatError(path: parity.file.url.path, at: .field(name), found: "shape \(tensor.shape)", expected: "\(rank) axes")
    }
  }

  private mutating func compareResults(_ name: String, _ output: Tensor, _ weights: Tensor) throws {
    try parity.compare("\(name).out.y", output, tolerance: Self.forward)
    if parity.contains("\(name).out.assoc") { try parity.compare("\(name).out.assoc", weights, tolerance: Self.forward) }
  }

  private mutating func compareGradients(
    _ name: String, _ output: Tensor, inputs: [(name: String, value: Tensor)], parameters: [Named]
  ) throws {
    let cotangent = try double("\(name).in.cotangent")
    guard cotangent.shape == output.shape else {
      throw FileFormatError(
        path: parity.file.url.path, at: .field("\(name).in.cotangent"), found: "shape \(cotangent.shape)", expected: "shape \(output.shape)"
      )
    }
    let variables = inputs.map(\.value) + parameters.flatMap { $0.parts.map(\.parameter.value) }
    var gradients = output.gradients(withRespectTo: variables, cotangent: cotangent)[...]
    for input in inputs { try parity.compare("\(name).grad.in.\(input.name)", gradients.removeFirst(), tolerance: Self.backward) }
    for named in parameters {
      let parts = named.parts.map { part in
        let gradient = gradients.removeFirst()
        return part.isMatrix ? gradient.transposed() : gradient
      }
      try parity.compare("\(name).grad.\(named.name)", Tensor.concatenate(parts), tolerance: Self.backward)
    }
  }
}
