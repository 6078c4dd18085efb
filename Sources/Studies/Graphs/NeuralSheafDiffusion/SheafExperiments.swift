import Datasets
import Graphs
import Layers
import Tensors
import Training

/// Methods by name, as tables and figures show them.
extension SheafOptions.Method {
  var title: String {
    switch self {
    case .diagonal: "Diag-NSD"
    case .orthogonal: "O(d)-NSD"
    case .general: "Gen-NSD"
    case .identity: "identity sheaf"
    case .gcn: "GCN"
    case .gat: "GAT"
    case .mlp: "MLP"
    }
  }

  var role: SeriesRole {
    switch self {
    case .diagonal, .orthogonal, .general: .method
    case .identity, .gcn, .gat, .mlp: .baseline
    }
  }
}

/// Trainings on given and generated graphs.
struct SheafExperiments {
  let options: SheafOptions
  let data: SheafData
  let run: StudyRun

  private var training: SheafTraining { SheafTraining(run: run, options: options) }

  // MARK: Given graphs

  func addBenchmark(to findings: inout Findings) throws {
    var table = Table(
      "benchmark", title: "Test accuracy at the best validation epoch, mean over \(options.splits) divisions",
      columns: ["graph", "nodes", "edges", "homophily"] + options.methods.map { Table.Column($0.title, .percent) })
    var bars: [BarPlot.Bar] = []
    var accuracies: [SheafOptions.Method: [Double]] = [:]
    let phase = run.progress.phase("fit", of: data.graphs.reduce(0) { $0 + $1.splits.count } * options.methods.count)
    defer { phase.finish() }
    for graph in data.graphs {
      let settings = settings(of: graph)
      let isJudged = data.isGenerated || ["texas", "wisconsin"].contains(graph.name)
      var results: [Measurement] = []
      for method in options.methods {
        var values: [Double] = []
        for (number, split) in graph.splits.enumerated() {
          let result = try training.train(
            method, settings, on: graph, split: split, as: "\(graph.name)-\(method.rawValue)-split-\(number)", seed: run.seed + number)
          values.append(result.accuracy)
          if number == 0, graph.name == data.graphs[0].name {
            if method == predicted { try SheafPredictor.save(result, method, settings, of: graph, to: run) }
            if method.role == .method { try addDiagnostics(result, method, graph, to: &findings) }
          }
          phase.advance()
        }
        let value = Measurement(values)
        results.append(value)
        if isJudged { accuracies[method, default: []] += values }
        bars.append(BarPlot.Bar(data.graphs.count > 1 ? "\(graph.name), \(method.title)" : method.title, value, role: method.role))
        findings.add(Metric("benchmark.\(graph.name).\(method.rawValue)", value, .percent))
      }
      table.append(
        [
          .text(graph.name), .init(graph.graph.nodeCount), .init(graph.graph.edgeCount),
          .init(graph.graph.homophily(labels: graph.data.labels) ?? .nan),
        ]
          + results.map(Table.Cell.number))
    }
    findings.add(table)
    findings.add(
      Figure(
        "benchmark", title: "Classes of nodes whose neighbours differ",
        caption: "Test accuracy on the same divisions; networks without a learned sheaf in grey.",
        .bars(BarPlot(Axis("test accuracy", .percent), bars))))
    try addCost(to: &findings)
    guard !accuracies.isEmpty else { return }
    let name = data.isGenerated ? "the generated graph" : "Texas and Wisconsin"
    for method in [SheafOptions.Method.diagonal, .orthogonal] {
      guard let values = accuracies[method] else { continue }
      if let baseline = accuracies[.gcn] {
        findings.add(
          Claim(
            "\(method.rawValue)-beats-gcn", "On graphs whose neighbours differ \(method.title) is far more accurate than a GCN.",
            measured: Measurement(values), .atLeast, baseline: Measurement(baseline), margin: 15, unit: .percent,
            measuredName: "\(method.title) on \(name)", baselineName: "GCN"))
      }
      if let baseline = accuracies[.mlp] {
        findings.add(
          Claim(
            "\(method.rawValue)-level-with-mlp", "\(method.title) loses nothing against a network that does not look at neighbours.",
            measured: Measurement(values), .atLeast, baseline: Measurement(baseline), margin: -3, unit: .percent,
            measuredName: "\(method.title) on \(name)", baselineName: "MLP"))
      }
    }
  }

  /// What one training step of each method holds, exactly as planned.
  private func addCost(to findings: inout Findings) throws {
    let graph = data.graphs[0]
    var table = Table(
      "cost", title: "What one training step on \(graph.name) holds and computes, exactly as planned",
      columns: ["method", "parameters", Table.Column("saved and temporary values", .bytes), "million operations"])
    for method in options.methods {
      var random = RandomStream(seed: run.seed)
      let classifier = try SheafTraining.classifier(
        method, settings(of: graph), on: graph.graph, inputs: graph.data.featureCount, classes: graph.classes, random: &random)
      classifier.module.materialize()
      let loss = try withContext(.training, random: random) {
        try classifier.logits(graph.features).softmaxCrossEntropy(labels: graph.labels).mean()
      }
      let gradients = loss.gradients(withRespectTo: classifier.module.parameters.map(\.value))
      let plan = PlanSummary(of: [loss] + gradients)
      table.append([
        .text(method.title), .init(classifier.module.parameterCount), .init(plan.temporaryBytes), .init(plan.flops * 1e-6),
      ])
      findings.add(Metric("step-bytes.\(method.rawValue)", Measurement(plan.temporaryBytes), .bytes))
    }
    findings.add(table)
  }

  private var predicted: SheafOptions.Method? { options.methods.first { $0.role == .method } ?? options.methods.first }

  private func settings(of graph: SheafGraph) -> SheafSettings {
    options.usesPublishedSettings ? SheafSettings(published: graph.name, options) ?? SheafSettings(options) : SheafSettings(options)
  }

  /// What the learned maps do along edges within a class and between classes: the mean trace of F_u^T F_v divided by d, layer by layer.
  private func addDiagnostics(
    _ result: NodeResult, _ method: SheafOptions.Method, _ graph: SheafGraph, to findings: inout Findings
  ) throws {
    guard let model = result.classifier.module as? NeuralSheafDiffusion else { return }
    var table = Table(
      "transport-\(method.rawValue)",
      title: "\(method.title) on \(graph.name): how maps transport along edges (trace / d), and how far a layer keeps its state",
      columns: ["layer", "within a class", "between classes", "deviation within", "deviation between", "1 + tanh eps"])
    let isInner = Tensor(graph.graph.edges.map { graph.data.labels[$0.lower] == graph.data.labels[$0.upper] })
    var traces: [Tensor] = []
    _ = try withContext(.inference) {
      try model(graph.features, model.pattern(for: graph.graph)) {
        traces.append($0.maps.transports.trace() * (1 / Double($0.maps.stalkWidth)))
      }
    }
    for (layer, trace) in traces.enumerated() {
      func values(_ inner: Bool) -> [Double] {
        zip(trace.array(of: Float.self), isInner.array(of: Bool.self)).filter { $0.1 == inner }.map { Double($0.0) }
      }
      let (within, between) = (values(true), values(false))
      guard !within.isEmpty, !between.isEmpty else { continue }
      table.append([
        .init(layer), .init(Measurement(within).mean), .init(Measurement(between).mean),
        Table.Cell(Measurement(within).standardDeviation.map { Measurement($0) }),
        Table.Cell(Measurement(between).standardDeviation.map { Measurement($0) }),
        .init(model.epsilons[layer].value.tanh().mean().scalar(as: Double.self) + 1),
      ])
    }
    findings.add(table)
  }

  // MARK: Generated graphs

  /// Graphs in two parts: a deep diffusion of one dimension against convolutions.
  func addBipartite(to findings: inout Findings) throws {
    var accuracies: [SheafOptions.Method: [Double]] = [:]
    let methods: [SheafOptions.Method] = [.diagonal, .gcn, .mlp]
    var settings = SheafSettings(options)
    settings.stalk = 1
    settings.layers = options.bipartiteLayers
    settings.dropout = 0
    settings.weightDecay = 5e-4
    settings.sheafDecay = 5e-4
    for seed in run.seeds(options.seeds) {
      let graph = try SheafGraph(.bipartite(seed: seed), splits: 1, seed: seed, scalesRows: false)
      for method in methods {
        let result = try training.train(
          method, settings, on: graph, split: graph.splits[0], as: "bipartite-\(method.rawValue)-seed-\(seed)", seed: seed)
        accuracies[method, default: []].append(result.accuracy)
      }
    }
    findings.add(
      Table(
        "bipartite", title: "Graphs in two parts, \(options.bipartiteLayers) layers: test accuracy",
        columns: ["method", Table.Column("accuracy", .percent)],
        rows: methods.map { [.text($0 == .diagonal ? "Diag-NSD, d = 1" : $0.title), .number(Measurement(accuracies[$0]!))] }))
    findings.add(
      Claim(
        "bipartite", "With one dimension a learned sheaf tells the parts of a graph that convolutions blur.",
        measured: Measurement(accuracies[.diagonal]!), .atLeast, baseline: Measurement(accuracies[.gcn]!), margin: 20, unit: .percent,
        measuredName: "Diag-NSD with d = 1, \(options.bipartiteLayers) layers", baselineName: "GCN, as many layers"))
  }

  /// From neighbours that differ to neighbours that are alike.
  func addCommunities(to findings: inout Findings) throws {
    let methods = options.methods.filter { $0 != .identity && $0 != .gat }
    var settings = SheafSettings(options)
    settings.dropout = 0.3
    var curves: [SheafOptions.Method: [[Double]]] = [:]
    let phase = run.progress.phase("fit", of: options.homophilies.count * options.seeds * methods.count)
    defer { phase.finish() }
    for method in methods {
      curves[method] = try run.seeds(options.seeds).map { seed in
        try options.homophilies.map { homophily in
          let graph = try SheafGraph(.communities(homophily: Float(homophily), seed: seed), splits: 1, seed: seed, scalesRows: false)
          defer { phase.advance() }
          return try training.train(
            method, settings, on: graph, split: graph.splits[0],
            as: "communities-\(Int((homophily * 1000).rounded()))-\(method.rawValue)-seed-\(seed)", seed: seed
          ).accuracy
        }
      }
    }
    findings.add(
      Figure(
        "homophily", title: "Neighbours of the same class, or of others",
        caption:
          "Test accuracy on graphs of three communities by the share of edges within a class; networks without a learned sheaf in grey.",
        .lines(
          LinePlot(
            x: "edges within a class", y: Axis("test accuracy", .percent),
            methods.map { Curve($0.title, x: options.homophilies, runs: curves[$0]!, role: $0.role) }))))
  }

  // MARK: Depth

  /// Accuracy and energy by the number of layers, on the first graph.
  func addDepth(to findings: inout Findings) throws {
    let graph = data.graphs[0]
    let methods: [SheafOptions.Method] = [.diagonal, .orthogonal, .gcn].filter { options.methods.contains($0) }
    guard !methods.isEmpty else { return }
    var accuracies: [SheafOptions.Method: [[Double]]] = [:]
    var energies: [SheafOptions.Method: [[Double]]] = [:]
    let splits = graph.splits.prefix(min(2, options.splits))
    let phase = run.progress.phase("fit", of: methods.count * splits.count * options.depths.count)
    defer { phase.finish() }
    for method in methods {
      for (number, split) in splits.enumerated() {
        var (accuracy, energy): ([Double], [Double]) = ([], [])
        for depth in options.depths {
          var settings = settings(of: graph)
          settings.layers = depth
          settings.dropout = options.depthDropout
          settings.learningRate = options.depthLearningRate
          let result = try training.train(
            method, settings, on: graph, split: split, as: "depth-\(depth)-\(method.rawValue)-split-\(number)", seed: run.seed + number)
          accuracy.append(result.accuracy)
          energy.append(try lastEnergy(result, graph))
          phase.advance()
        }
        accuracies[method, default: []].append(accuracy)
        energies[method, default: []].append(energy)
      }
    }
    let depths = options.depths.map(Double.init)
    findings.add(
      Figure(
        "depth", title: "Many layers", caption: "Test accuracy on \(graph.name) by the number of layers; GCN in grey.",
        .lines(
          LinePlot(
            x: Axis("layers", scale: .logarithmic), y: Axis("test accuracy", .percent),
            methods.map { Curve($0.title, x: depths, runs: accuracies[$0]!, role: $0.role) }))))
    findings.add(
      Figure(
        "energy", title: "How much neighbours differ after the last layer",
        caption:
          "Dirichlet energy of the last hidden state along the graph (the normalised Laplacian), divided by the squared norm of the state: 0 where all neighbours "
          + "agree. Trained networks on \(graph.name); GCN in grey.",
        .lines(
          LinePlot(
            x: Axis("layers", scale: .logarithmic), y: "energy / squared norm",
            methods.map { Curve($0.title, x: depths, runs: energies[$0]!, role: $0.role) }))))
    guard let shallow = options.depths.firstIndex(of: 2), let deep = options.depths.firstIndex(of: 16) else { return }
    for method in methods where method.role == .method {
      let runs = accuracies[method]!
      findings.add(
        Claim(
          "depth-\(method.rawValue)", "\(method.title) loses little with sixteen layers.", measured: Measurement(runs.map { $0[deep] }),
          .atLeast,
          baseline: Measurement(runs.map { $0[shallow] }), margin: -10, unit: .percent, measuredName: "\(method.title), 16 layers",
          baselineName: "2 layers"))
    }
  }

  /// x^T Delta x / x^T x of the state before the last linear layer, Delta the graph's normalised Laplacian in each feature.
  private func lastEnergy(_ result: NodeResult, _ graph: SheafGraph) throws -> Double {
    var state: Tensor?
    try withContext(.inference) {
      switch result.classifier.module {
      case let model as NeuralSheafDiffusion:
        _ = try model(graph.features, model.pattern(for: graph.graph)) { state = $0.state.flattened(from: 1) }
      case let model as GraphConvolutionNetwork:
        var states: [Tensor] = []
        _ = model(graph.features, NormalizedAdjacency(graph.graph)) { states.append($0) }
        state = states.count > 1 ? states[states.count - 2] : states[0]
      default: break
      }
    }
    guard let state else { return .nan }
    let pattern = SheafPattern(graph.graph, learnedWidth: 1, isDiagonal: true)
    let laplacian = SheafLaplacian(pattern, maps: .identity(edges: graph.graph.edgeCount, stalkWidth: 1))
    let ratio = laplacian.energy(state.expandingShape(at: 1)) / state.square().sum().maximum(1e-30)
    return ratio.scalar(as: Double.self)
  }
}
