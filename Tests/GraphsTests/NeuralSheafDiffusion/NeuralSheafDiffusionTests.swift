import Graphs
import Layers
import Tensors
import Testing

@Suite struct NeuralSheafDiffusionTests {
  private func graph() throws -> UndirectedGraph {
    try UndirectedGraph(nodeCount: 7, edges: [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0), (0, 3), (1, 4)])
  }

  private func features(_ nodes: Int = 7) -> Tensor {
    var random = RandomStream(seed: 1)
    let value = Tensor.normal([nodes, 5], key: random.next())
    evaluate(value)
    return value
  }

  private func model(_ change: (inout NeuralSheafDiffusion.Configuration) -> Void) throws -> NeuralSheafDiffusion {
    var configuration = NeuralSheafDiffusion.Configuration(inputs: 5, classes: 3, family: .diagonal, stalkWidth: 2, channels: 4)
    change(&configuration)
    var random = RandomStream(seed: 2)
    let model = try NeuralSheafDiffusion(configuration, random: &random)
    model.materialize()
    return model
  }

  @Test(arguments: SheafFamily.allCases, [false, true]) func `every variant gives finite logits and gradients`(
    family: SheafFamily, isRich: Bool
  ) throws {
    let graph = try graph()
    let model = try model {
      $0.family = family
      $0.stalkWidth = 3
      guard isRich else { return }
      $0.addsLowPass = true
      $0.addsHighPass = true
      $0.hasSparseLearner = true
      $0.hasSecondLinear = true
      $0.orthogonalMap = .cayley
      $0.sharesSheaf = true
      $0.squashing = .elu
      $0.dropout = 0.3
      $0.inputDropout = 0.2
      $0.normalization = SheafNormalization(usesDegrees: true)
      $0.edgeFeatures = family == .identity ? 0 : 2
    }
    let edgeFeatures = model.configuration.edgeFeatures > 0 ? Tensor.ones([graph.edgeCount, 2]) : nil
    let logits = try withContext(.training, random: RandomStream(seed: 3)) {
      try model(features(), model.pattern(for: graph), edgeFeatures: edgeFeatures)
    }
    #expect(logits.shape == [7, 3])
    let loss = logits.softmaxCrossEntropy(labels: Tensor([0, 1, 2, 0, 1, 2, 0] as [Int64])).mean()
    let gradients = loss.gradients(withRespectTo: model.parameters.map(\.value))
    for (named, gradient) in zip(model.namedParameters, gradients) {
      #expect(gradient.isFinite().all().scalar(as: Bool.self), "\(named.name)")
      #expect(gradient.abs().max().scalar(as: Double.self) > 0, "\(named.name)")
    }
    #expect(model.learners.count == (family == .identity ? 0 : isRich ? 1 : 2))
    #expect(model.weightLearners.count == (family == .orthogonal ? (isRich ? 1 : 2) : 0))
    let groups = model.parameterGroups(weightDecay: 1, sheafDecay: 2)
    #expect(groups.reduce(0) { $0 + $1.parameters.count } == model.parameters.count)
    #expect(groups.count == (family == .identity ? 1 : 2))
  }

  @Test func `the residual stays on the state before the layer`() throws {
    // With W2 = 0 nothing flows: X' = (1 + tanh eps) X.
    let model = try model { $0.layers = 1 }
    model.channelMixers[0].assign(Tensor.zeros([4, 4]))
    model.epsilons[0].assign(Tensor([0.5, -0.5] as [Float], shape: [2, 1]))
    let graph = try graph()
    var state: Tensor?
    _ = try model(features(), model.pattern(for: graph)) { state = $0.state }
    let start = model.input(features()).elu().reshaped(to: [7, 2, 4])
    let factor = Tensor([1 + 0.46211716, 1 - 0.46211716] as [Float], shape: [2, 1])
    #expect((state! - start * factor).abs().max().scalar() < 1e-6)
  }

  @Test func `W1 acts on coordinates of the stalk, W2 on channels`() throws {
    let model = try model {
      $0.layers = 1
      $0.activation = .identity
    }
    let graph = try graph()
    // Exchanging the coordinates before the Laplacian of identities is exchanging them after it.
    let swap = Tensor([0, 1, 1, 0] as [Float], shape: [2, 2])
    model.stalkMixers[0].assign(swap)
    var trace: NeuralSheafDiffusion.LayerTrace?
    _ = try model(features(), model.pattern(for: graph)) { trace = $0 }
    let start = model.input(features()).elu().reshaped(to: [7, 2, 4])
    let mixed = Tensor.stack([start[.all, 1], start[.all, 0]], axis: 1).matmul(model.channelMixers[0].value)
    #expect((trace!.state - (start - trace!.laplacian(mixed))).abs().max().scalar() < 1e-5)
  }

  @Test func `nodes may be numbered otherwise`() throws {
    let model = try model { $0.family = .general }
    let graph = try graph()
    let order = [3, 0, 6, 2, 5, 1, 4]
    var place = [Int](repeating: 0, count: 7)
    for (new, old) in order.enumerated() { place[old] = new }
    let other = try UndirectedGraph(nodeCount: 7, edges: graph.edges.map { (place[$0.lower], place[$0.upper]) })
    let y = try model(features(), model.pattern(for: graph))
    let permuted = try model(features().gathered(Tensor(order.map(Int64.init))), model.pattern(for: other))
    #expect((y.gathered(Tensor(order.map(Int64.init))) - permuted).abs().max().scalar() < 1e-5)
  }

  @Test func `several graphs as one are as each alone`() throws {
    let model = try model { $0.family = .orthogonal }
    let (first, second) = (try graph(), try UndirectedGraph(nodeCount: 4, edges: [(0, 1), (1, 2), (2, 3)]))
    let both = try UndirectedGraph(joining: [first, second])
    let x = features(11)
    let y = try model(x, model.pattern(for: both))
    #expect((y[0..<7] - (try model(x[0..<7], model.pattern(for: first)))).abs().max().scalar() < 1e-5)
    #expect((y[7...] - (try model(x[7...], model.pattern(for: second)))).abs().max().scalar() < 1e-5)
    #expect(both.componentCount == 2 + 1)
  }

  @Test func `graphs are made simple, and what was left out is counted`() throws {
    let graph = try UndirectedGraph(nodeCount: 4, edges: [(2, 1), (1, 2), (0, 1), (0, 1), (3, 3)])
    #expect(graph.edges == [.init(lower: 0, upper: 1), .init(lower: 1, upper: 2)])
    #expect(graph.reduction == .init(loops: 1, repetitions: 2) && graph.degrees == [1, 2, 1, 0])
    #expect(throws: GraphError.node(4, edge: 1, nodeCount: 4)) { try UndirectedGraph(nodeCount: 4, edges: [(0, 1), (4, 1)]) }
    #expect(throws: GraphError.noNodes) { try UndirectedGraph(nodeCount: 0, edges: []) }
  }

  @Test func `wrong inputs and settings are refused by name`() throws {
    let graph = try graph()
    let model = try model { _ in }
    func refused(_ words: String, _ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) {
      do {
        try body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
      } catch { #expect("\(error)".contains(words), "\(error)", sourceLocation: sourceLocation) }
    }
    refused("row 2 of features holds NaN") {
      var values = [Float](repeating: 1, count: 35)
      values[12] = .nan
      _ = try model(Tensor(values, shape: [7, 5]), model.pattern(for: graph))
    }
    refused("features has the shape [7, 4]") { _ = try model(.ones([7, 4]), model.pattern(for: graph)) }
    refused("edgeFeatures has the shape") { _ = try model(features(), model.pattern(for: graph), edgeFeatures: .ones([8, 1])) }
    refused("stalkWidth is 1; allowed: at least 2") { _ = try self.model { ($0.family, $0.stalkWidth) = (.orthogonal, 1) } }
    refused("stalkWidth is 4; allowed: 2 or 3") {
      _ = try self.model { ($0.family, $0.stalkWidth, $0.orthogonalMap) = (.orthogonal, 4, .euler) }
    }
    refused("dropout is 2.0") { _ = try self.model { $0.dropout = 2 } }
  }

  @Test func `the baselines agree with dense algebra`() throws {
    let graph = try graph()
    var random = RandomStream(seed: 5)
    let network = GraphConvolutionNetwork(inputs: 5, hidden: 6, classes: 3, random: &random)
    let adjacency = NormalizedAdjacency(graph)
    let dense = adjacency.matrix.dense()
    let x = features()
    let hidden = (dense.matmul(x.matmul(network.layers[0].weight.value)) + network.layers[0].bias!.value).relu()
    let expected = dense.matmul(hidden.matmul(network.layers[1].weight.value)) + network.layers[1].bias!.value
    #expect((network(x, adjacency) - expected).abs().max().scalar() < 1e-5)
    #expect((dense.eigh().values.max().scalar(as: Float.self) - 1).magnitude < 1e-5)

    let attention = GraphAttentionNetwork(inputs: 5, hidden: 4, classes: 3, heads: 2, random: &random)
    let y = attention(x, graph)
    #expect(y.shape == [7, 3] && y.isFinite().all().scalar(as: Bool.self))
    // A node sees its neighbours' neighbours and no further.
    var moved = x
    moved[0] = x[0] + 1
    let difference = (attention(moved, graph) - y).abs().max(axes: [1]).array(of: Float.self)
    #expect(difference[6] == 0 && difference[1] > 0)
  }
}
