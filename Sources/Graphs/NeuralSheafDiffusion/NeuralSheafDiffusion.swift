import Layers
import Tensors

/// Classifies the nodes of a graph by diffusion along a sheaf that is learned (Bodnar et al., 2022).
///
/// Every node has a stalk of d' numbers in h channels, and every edge maps that carry the stalks of its ends into a common space. Layer t:
/// X <- (1 + tanh eps_t) X - ELU(Delta_t (I x W1_t) X W2_t).
///
///     let model = try NeuralSheafDiffusion(.init(inputs: 1703, classes: 5, family: .diagonal, stalkWidth: 3), random: &random)
///     let pattern = model.pattern(for: graph)                // once for a graph; another graph has another one
///     let logits = try model(features, pattern)              // (nodes, classes)
public struct NeuralSheafDiffusion: ConfiguredModule {
  public struct Configuration: Sendable, Hashable, Codable {
    public var inputs: Int
    public var classes: Int
    public var family: SheafFamily
    /// d, coordinates of a stalk with learned maps.
    public var stalkWidth: Int
    /// h.
    public var channels: Int
    public var layers: Int
    public var orthogonalMap: OrthogonalMap
    /// Adds a coordinate whose off-diagonal entries are +1.
    public var addsLowPass: Bool
    /// Adds one whose off-diagonal entries are -1.
    public var addsHighPass: Bool
    /// Whether edges of an orthogonal sheaf have learned weights.
    public var weighsEdges: Bool
    public var hasSparseLearner: Bool
    public var squashing: SheafLearner.Squashing
    public var normalization: SheafNormalization
    /// Whether all layers use the sheaf of the first.
    public var sharesSheaf: Bool
    /// W1, which mixes coordinates of a stalk, and W2, which mixes channels.
    public var mixesStalks: Bool
    public var mixesChannels: Bool
    /// sigma of a layer.
    public var activation: Activation.Function
    public var hasSecondLinear: Bool
    public var inputDropout: Double
    public var dropout: Double
    /// Features that edges have themselves, as a further input of the learners.
    public var edgeFeatures: Int

    public init(
      inputs: Int, classes: Int, family: SheafFamily, stalkWidth: Int = 2, channels: Int = 20, layers: Int = 2,
      orthogonalMap: OrthogonalMap = .householder, addsLowPass: Bool = false, addsHighPass: Bool = false, weighsEdges: Bool = true,
      hasSparseLearner: Bool = false, squashing: SheafLearner.Squashing = .tanh, normalization: SheafNormalization = SheafNormalization(),
      sharesSheaf: Bool = false, mixesStalks: Bool = true, mixesChannels: Bool = true,
      activation: Activation.Function = .elu(), hasSecondLinear: Bool = false, inputDropout: Double = 0, dropout: Double = 0,
      edgeFeatures: Int = 0
    ) {
      self.inputs = inputs
      self.classes = classes
      self.family = family
      self.stalkWidth = stalkWidth
      self.channels = channels
      self.layers = layers
      self.orthogonalMap = orthogonalMap
      self.addsLowPass = addsLowPass
      self.addsHighPass = addsHighPass
      self.weighsEdges = weighsEdges
      self.hasSparseLearner = hasSparseLearner
      self.squashing = squashing
      self.normalization = normalization
      self.sharesSheaf = sharesSheaf
      self.mixesStalks = mixesStalks
      self.mixesChannels = mixesChannels
      self.activation = activation
      self.hasSecondLinear = hasSecondLinear
      self.inputDropout = inputDropout
      self.dropout = dropout
      self.edgeFeatures = edgeFeatures
    }

    /// d' = d and the fixed coordinates.
    public var stateWidth: Int { stalkWidth + fixedSigns.count }
    var fixedSigns: [Double] { (addsLowPass ? [1] : []) + (addsHighPass ? [-1] : []) }

    /// m, parameters of a map.
    var mapParameters: Int {
      switch family {
      case .diagonal: stalkWidth
      case .orthogonal: orthogonalMap.parameterCount(stalkWidth)
      case .general: stalkWidth * stalkWidth
      case .identity: 0
      }
    }

    /// Refuses settings outside their ranges.
    public func check() throws(GraphError) {
      for (name, value) in [
        ("inputs", inputs), ("classes", classes), ("stalkWidth", stalkWidth), ("channels", channels), ("layers", layers),
      ] where value < 1 { throw .setting(name: name, value: "\(value)", allowed: "at least 1") }
      if family == .orthogonal {
        guard stalkWidth >= 2 else { throw .setting(name: "stalkWidth", value: "\(stalkWidth)", allowed: "at least 2 for orthogonal maps") }
        guard orthogonalMap.allows(stalkWidth) else {
          throw .setting(name: "stalkWidth", value: "\(stalkWidth)", allowed: "2 or 3 for maps by Euler angles")
        }
      }
      for (name, value) in [("inputDropout", inputDropout), ("dropout", dropout)] where !(0...1).contains(value) {
        throw .setting(name: name, value: "\(value)", allowed: "0 to 1")
      }
      guard edgeFeatures >= 0 else { throw .setting(name: "edgeFeatures", value: "\(edgeFeatures)", allowed: "at least 0") }
    }
  }

  public let configuration: Configuration
  public let input: Dense
  public let second: Dense?
  /// One a layer, or one in all where the sheaf is shared; none for an identity sheaf.
  public let learners: [SheafLearner]
  /// a of the edges' weights.
  public let weightLearners: [SheafLearner]
  /// W1 transposed of each layer, (d', d').
  public let stalkMixers: [Parameter]
  /// W2 of each layer, (h, h).
  public let channelMixers: [Parameter]
  /// eps of each layer, (d', 1).
  public let epsilons: [Parameter]
  public let output: Dense

  /// W1 starts as the identity, W2 orthogonal, eps at 0; linear layers and learners uniform in +-1 / sqrt(inputs).
  public init(_ configuration: Configuration, random: inout RandomStream) throws(GraphError) {
    try configuration.check()
    self.configuration = configuration
    let (width, channels, layers) = (configuration.stateWidth, configuration.channels, configuration.layers)
    input = Dense(inputs: configuration.inputs, outputs: width * channels, random: &random)
    second = configuration.hasSecondLinear ? Dense(inputs: width * channels, outputs: width * channels, random: &random) : nil
    var (learners, weightLearners, stalkMixers, channelMixers): ([SheafLearner], [SheafLearner], [Parameter], [Parameter]) = (
      [], [], [], []
    )
    let sheaves = configuration.family == .identity ? 0 : configuration.sharesSheaf ? 1 : layers
    for layer in 0..<layers {
      if layer < sheaves {
        learners.append(
          SheafLearner(
            stalk: width, channels: channels, outputs: configuration.mapParameters, edgeFeatures: configuration.edgeFeatures,
            isSparse: configuration.hasSparseLearner, squashing: configuration.squashing, random: &random))
        if configuration.family == .orthogonal, configuration.weighsEdges {
          weightLearners.append(
            SheafLearner(
              stalk: width, channels: channels, outputs: 1, edgeFeatures: configuration.edgeFeatures, squashing: .identity, random: &random)
          )
        }
      }
      if configuration.mixesStalks { stalkMixers.append(Parameter(Tensor.identity(width))) }
      if configuration.mixesChannels {
        channelMixers.append(Parameter(Tensor.normal([channels, channels], key: random.next(), dtype: .float64).qr().q.cast(to: .float32)))
      }
    }
    self.learners = learners
    self.weightLearners = weightLearners
    self.stalkMixers = stalkMixers
    self.channelMixers = channelMixers
    epsilons = (0..<layers).map { _ in Parameter(Tensor.zeros([width, 1])) }
    output = Dense(inputs: width * channels, outputs: configuration.classes, random: &random)
  }

  /// Parameters of the learners of maps, which have a weight decay of their own, and all others.
  public func parameterGroups(weightDecay: Double, sheafDecay: Double) -> [ParameterGroup] {
    let ofSheaf = learners.flatMap(\.parameters)
    let identities = Set(ofSheaf.map { ObjectIdentifier($0) })
    return [
      ParameterGroup(parameters.filter { !identities.contains(ObjectIdentifier($0)) }, weightDecay: weightDecay),
      ParameterGroup(ofSheaf, weightDecay: sheafDecay),
    ].filter { !$0.parameters.isEmpty }
  }

  /// What the model needs to know of a graph. Weights do not depend on it: a trained model takes any graph.
  public func pattern(for graph: UndirectedGraph) -> SheafPattern {
    let isDiagonal = configuration.family == .diagonal || configuration.family == .identity
    return SheafPattern(graph, learnedWidth: configuration.stalkWidth, fixedSigns: configuration.fixedSigns, isDiagonal: isDiagonal)
  }

  /// One layer as it happened.
  public struct LayerTrace: Sendable {
    public let maps: RestrictionMaps
    public let laplacian: SheafLaplacian
    /// (nodes, d', h), after the layer.
    public let state: Tensor
  }

  /// - Parameters:
  ///   - features: (nodes, inputs).
  ///   - pattern: of the graph, from `pattern(for:)`.
  ///   - edgeFeatures: (edges, edge features), where the configuration has such.
  ///   - visit: is given each layer.
  /// - Returns: logits (nodes, classes); their log-softmax is what the paper trains.
  /// - Throws: `GraphError` for shapes that do not fit and features that hold NaN or infinity; the last is looked for in values alone, not in what is still to
  ///   be computed.
  public func callAsFunction(
    _ features: Tensor, _ pattern: SheafPattern, edgeFeatures: Tensor? = nil, visit: ((LayerTrace) -> Void)? = nil
  ) throws(GraphError) -> Tensor {
    let graph = pattern.graph
    guard features.rank == 2, features.shape[0] == graph.nodeCount, features.shape[1] == configuration.inputs else {
      throw .shape(argument: "features", found: features.shape, expected: "(\(graph.nodeCount), \(configuration.inputs))")
    }
    if features.isEvaluated { try features.requireFiniteRows("features") }
    let edgeShape = [graph.edgeCount, configuration.edgeFeatures]
    guard configuration.edgeFeatures == 0 ? edgeFeatures == nil : edgeFeatures.map({ Array($0.shape) == edgeShape }) ?? false else {
      throw .shape(argument: "edgeFeatures", found: edgeFeatures?.shape ?? [0], expected: "(\(edgeShape[0]), \(edgeShape[1]))")
    }
    if let edgeFeatures, edgeFeatures.isEvaluated { try edgeFeatures.requireFiniteRows("edgeFeatures") }

    let dropout = Dropout(configuration.dropout)
    let shape: Shape = [graph.nodeCount, configuration.stateWidth, configuration.channels]
    var x = dropout(input(Dropout(configuration.inputDropout)(features)).elu())
    if let second { x = second(x) }
    x = x.reshaped(to: shape)
    var sheaf: (maps: RestrictionMaps, laplacian: SheafLaplacian)?
    for layer in 0..<configuration.layers {
      if layer == 0 || !configuration.sharesSheaf && configuration.family != .identity {
        sheaf = self.sheaf(layer, (layer > 0 ? dropout(x) : x).flattened(from: 1), pattern, edgeFeatures)
      }
      var y = dropout(x)
      if configuration.mixesStalks { y = y.swappingAxes(1, 2).matmul(stalkMixers[layer].value).swappingAxes(1, 2) }
      if configuration.mixesChannels { y = y.matmul(channelMixers[layer].value) }
      let flow = configuration.activation(sheaf!.laplacian(y))
      x = x * (epsilons[layer].value.tanh() + 1) - flow
      visit?(LayerTrace(maps: sheaf!.maps, laplacian: sheaf!.laplacian, state: x))
    }
    return output(x.flattened(from: 1))
  }

  /// - Parameter x: (nodes, d' h).
  private func sheaf(
    _ layer: Int, _ x: Tensor, _ pattern: SheafPattern, _ edgeFeatures: Tensor?
  ) -> (maps: RestrictionMaps, laplacian: SheafLaplacian) {
    let graph = pattern.graph
    let d = configuration.stalkWidth
    func made(_ maps: RestrictionMaps, orthogonal: Bool = false, weights: Tensor? = nil) -> (RestrictionMaps, SheafLaplacian) {
      (
        maps,
        SheafLaplacian(pattern, maps: maps, areOrthogonal: orthogonal, edgeWeights: weights, normalization: configuration.normalization)
      )
    }
    if configuration.family == .identity { return made(.identity(edges: graph.edgeCount, stalkWidth: d, dtype: x.dtype)) }
    let (lower, upper) = learners[layer](x, graph: graph, edgeFeatures: edgeFeatures)
    switch configuration.family {
    case .diagonal, .identity: return made(RestrictionMaps(lower: lower, upper: upper))
    case .general:
      return made(
        RestrictionMaps(lower: lower.reshaped(to: [graph.edgeCount, d, d]), upper: upper.reshaped(to: [graph.edgeCount, d, d])))
    case .orthogonal:
      let maps = RestrictionMaps(
        lower: configuration.orthogonalMap.matrices(lower, size: d), upper: configuration.orthogonalMap.matrices(upper, size: d))
      var weights: Tensor?
      if configuration.weighsEdges {
        let (there, back) = weightLearners[layer](x, graph: graph, edgeFeatures: edgeFeatures)
        weights = (there.sigmoid() * back.sigmoid()).squeezed(1)
      }
      return made(maps, orthogonal: true, weights: weights)
    }
  }
}
