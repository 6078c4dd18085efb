import Datasets
import Foundation
import Graphs
import Layers
import Tensors
import Training

/// How a node classifier is built and trained.
struct SheafSettings {
  var stalk: Int
  var layers: Int
  var channels: Int
  var hidden: Int
  var learningRate: Double
  var weightDecay: Double
  var sheafDecay: Double
  var baselineDecay: Double
  var dropout: Double
  var inputDropout: Double
  var epochs: Int
  var patience: Int
  var orthogonalMap: OrthogonalMap
  var addsLowPass: Bool
  var addsHighPass: Bool
  var weighsEdges: Bool
  var hasSparseLearner: Bool
  var sharesSheaf: Bool
  var usesDegrees: Bool
  var hasSecondLinear = false
  /// Whether the best epoch is that of the greatest validation accuracy instead of the smallest loss.
  var stopsByAccuracy = false

  init(_ options: SheafOptions) {
    stalk = options.stalk
    layers = options.layers
    channels = options.channels
    hidden = options.hidden
    learningRate = options.learningRate
    weightDecay = options.weightDecay
    sheafDecay = options.sheafDecay
    baselineDecay = options.baselineDecay
    dropout = options.dropout
    inputDropout = options.inputDropout
    epochs = options.epochs
    patience = options.patience
    orthogonalMap = options.orthogonalMap
    addsLowPass = options.addsLowPass
    addsHighPass = options.addsHighPass
    weighsEdges = options.weighsEdges
    hasSparseLearner = options.hasSparseLearner
    sharesSheaf = options.sharesSheaf
    usesDegrees = options.normalizesByDegree
  }

  /// The published settings of a graph, where there are such (d, layers, h, lr, dropout, input dropout, decays, lp, hp, second linear, stop, epochs, patience).
  init?(published name: String, _ options: SheafOptions) {
    self.init(options)
    func set(
      _ numbers: (d: Int, layers: Int, h: Int), _ rate: Double, _ drops: (Double, Double), _ decays: (Double, Double), lp: Bool = false,
      hp: Bool = false, sparse: Bool = false, second: Bool = false, byAccuracy: Bool = false, _ length: (Int, Int)
    ) {
      (stalk, layers, channels) = (numbers.d, numbers.layers, numbers.h)
      learningRate = rate
      (dropout, inputDropout) = drops
      (weightDecay, sheafDecay) = decays
      (addsLowPass, addsHighPass, hasSparseLearner, hasSecondLinear, stopsByAccuracy) = (lp, hp, sparse, second, byAccuracy)
      (epochs, patience) = length
    }
    switch name {
    case "texas": set((3, 4, 20), 0.02, (0.7, 0), (5e-3, 5e-3), sparse: true, (1500, 200))
    case "wisconsin": set((3, 2, 32), 0.02, (0.7276, 0), (6.686e-4, 6.686e-4), lp: true, hp: true, (500, 200))
    case "cornell": set((4, 2, 16), 0.02, (0.7, 0.2), (6.915e-4, 3.176e-4), lp: true, (500, 200))
    case "chameleon": set((4, 5, 32), 0.01, (0, 0.7), (2.970e-4, 1.264e-3), lp: true, second: true, byAccuracy: true, (1000, 100))
    case "squirrel": set((3, 5, 32), 0.01, (0, 0.7), (1.122e-4, 1.122e-4), lp: true, second: true, byAccuracy: true, (1000, 100))
    default: return nil
    }
  }
}

/// A classifier of the nodes of one graph.
struct NodeClassifier {
  let module: any Module
  let groups: [ParameterGroup]
  let logits: (Tensor) throws -> Tensor
}

/// What came out of one training.
struct NodeResult {
  /// Test accuracy, in percent, at the epoch that did best on the validation nodes.
  let accuracy: Double
  let validationAccuracy: Double
  let bestEpoch: Int
  let classifier: NodeClassifier
}

/// Trains classifiers on all nodes at once: Adam, early stopping, the best epoch by the validation nodes.
struct SheafTraining {
  let run: StudyRun
  let options: SheafOptions

  static func configuration(
    _ method: SheafOptions.Method, _ settings: SheafSettings, inputs: Int, classes: Int
  ) -> NeuralSheafDiffusion.Configuration? {
    guard let family = SheafFamily(rawValue: method.rawValue) else { return nil }
    return NeuralSheafDiffusion.Configuration(
      inputs: inputs, classes: classes, family: family, stalkWidth: family == .orthogonal ? max(2, settings.stalk) : settings.stalk,
      channels: settings.channels, layers: settings.layers, orthogonalMap: settings.orthogonalMap, addsLowPass: settings.addsLowPass,
      addsHighPass: settings.addsHighPass, weighsEdges: settings.weighsEdges, hasSparseLearner: settings.hasSparseLearner,
      normalization: SheafNormalization(usesDegrees: settings.usesDegrees), sharesSheaf: settings.sharesSheaf,
      hasSecondLinear: settings.hasSecondLinear, inputDropout: settings.inputDropout, dropout: settings.dropout)
  }

  static func classifier(
    _ method: SheafOptions.Method, _ settings: SheafSettings, on graph: UndirectedGraph, inputs: Int, classes: Int,
    random: inout RandomStream
  ) throws -> NodeClassifier {
    if let configuration = configuration(method, settings, inputs: inputs, classes: classes) {
      let model = try NeuralSheafDiffusion(configuration, random: &random)
      let pattern = model.pattern(for: graph)
      return NodeClassifier(
        module: model, groups: model.parameterGroups(weightDecay: settings.weightDecay, sheafDecay: settings.sheafDecay),
        logits: { try model($0, pattern) })
    }
    func classifier(_ model: some Module, _ logits: @escaping (Tensor) -> Tensor) -> NodeClassifier {
      NodeClassifier(module: model, groups: [ParameterGroup(model.parameters, weightDecay: settings.baselineDecay)], logits: logits)
    }
    switch method {
    case .gcn:
      let model = GraphConvolutionNetwork(
        inputs: inputs, hidden: settings.hidden, classes: classes, depth: settings.layers, dropout: settings.dropout,
        inputDropout: settings.inputDropout, random: &random)
      let adjacency = NormalizedAdjacency(graph)
      return classifier(model) { model($0, adjacency) }
    case .gat:
      let model = GraphAttentionNetwork(
        inputs: inputs, hidden: max(1, settings.hidden / 8), classes: classes, dropout: settings.dropout, random: &random)
      return classifier(model) { model($0, graph) }
    case .mlp:
      let model = NodePerceptron(
        inputs: inputs, hidden: settings.hidden, classes: classes, dropout: settings.dropout, inputDropout: settings.inputDropout,
        random: &random)
      return classifier(model) { model($0) }
    case .diagonal, .orthogonal, .general, .identity: preconditionFailure("SheafTraining: no configuration for \(method.rawValue)")
    }
  }

  /// - Parameter name: of the part of the run; the same name gives the same result.
  func train(
    _ method: SheafOptions.Method, _ settings: SheafSettings, on graph: SheafGraph, split: GraphData.Split, as name: String, seed: Int
  ) throws -> NodeResult {
    var random = RandomStream(seed: seed, step: SheafOptions.Method.allCases.firstIndex(of: method)!)
    let classifier = try Self.classifier(
      method, settings, on: graph.graph, inputs: graph.data.featureCount, classes: graph.classes, random: &random)
    let optimizer = Adam(classifier.groups, learningRate: settings.learningRate)
    let loop = TrainingLoop(model: classifier.module, optimizers: ["": optimizer], epochs: settings.epochs, seed: seed)
    loop.recorder = run.recorder.scoped(name)
    loop.checkpoints = try run.checkpoints(name, options: options)
    loop.isResuming = run.isResuming
    // A training of a graph this size takes seconds: its state is kept now and then, and when it is done.
    loop.checkpointEpochs = max(50, settings.epochs / 4)
    loop.findsCauseOfDivergence = false
    loop.goal = settings.stopsByAccuracy ? .greatest("validation accuracy") : .least("validation loss")
    loop.patience = settings.patience

    let parts = [split.training, split.validation, split.test].map { Tensor($0.map(Int64.init)) }
    let labels = parts.map { graph.labels.gathered($0) }
    evaluate(labels)
    // Best epoch: test and validation accuracy, epoch, and what was best.
    var best = (test: 0.0, validation: 0.0, epoch: 0.0, goal: Double.infinity)
    var weights = classifier.module.state()
    evaluate(Array(weights.values))
    loop.track("best") {
      weights.merging(["best numbers": Tensor([best.test, best.validation, best.epoch, best.goal])]) { $1 }
    } set: { state in
      let numbers = state["best numbers"]!.array(of: Double.self)
      best = (numbers[0], numbers[1], numbers[2], numbers[3])
      weights = state.filter { $0.key != "best numbers" }
    }
    try loop.run(over: CountedSteps(perEpoch: 1)) { _, _ in
      let logits = try classifier.logits(graph.features).gathered(parts[0])
      return ["loss": optimizer.minimize(logits.softmaxCrossEntropy(labels: labels[0]).mean())]
    } evaluate: { end in
      let logits = try classifier.logits(graph.features)
      func accuracy(_ part: Int) -> Tensor {
        Training.accuracy(logits: logits.gathered(parts[part]), labels: labels[part]).cast(to: .float32)
      }
      let loss = logits.gathered(parts[1]).softmaxCrossEntropy(labels: labels[1]).mean()
      let numbers = Tensor.stack([loss, accuracy(1), accuracy(2)]).array(of: Float.self).map(Double.init)
      let goal = settings.stopsByAccuracy ? -numbers[1] : numbers[0]
      if goal < best.goal {
        best = (100 * numbers[2], 100 * numbers[1], Double(end.epoch + 1), goal)
        weights = classifier.module.state()
      }
      return ["validation loss": numbers[0], "validation accuracy": 100 * numbers[1], "test accuracy": 100 * numbers[2]]
    }
    try classifier.module.load(weights)
    return NodeResult(
      accuracy: best.test, validationAccuracy: best.validation, bestEpoch: Int(best.epoch), classifier: classifier)
  }
}
