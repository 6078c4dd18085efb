import Architectures
import Layers
import Tensors
import Training

/// Rows to learn from and rows to judge by, of other functions.
struct DeepONetData {
  let training: OperatorTriples
  let test: OperatorTriples
  /// Test rows of one function, one after the other.
  let testPlaces: Int

  init(training: OperatorTriples, test: OperatorTriples, testPlaces: Int) {
    self.training = training
    self.test = test
    self.testPlaces = testPlaces
  }

  /// Drawn and solved.
  init(_ family: any OperatorFamily, _ settings: DeepONetProblem.Settings, seed: Int) throws {
    // Streams of their own: how many training functions there are does not change the test ones.
    var random = RandomStream(seed: seed, step: 1)
    training = try family.triples(settings.functions, places: settings.places, random: &random)
    random = RandomStream(seed: seed, step: 2)
    test = try family.triples(settings.testFunctions, places: settings.testPlaces, random: &random)
    testPlaces = settings.testPlaces
  }
}

/// One trained network.
struct DeepONetResult {
  let network: any OperatorNetwork
  let training: OperatorError
  let test: OperatorError
  /// Test mean squared error at each check.
  let curve: [Double]
}

/// How far predictions are off.
struct OperatorError {
  let meanSquared: Double
  /// Without the worst thousandth of the rows.
  let trimmed: Double
  /// ||prediction - s|| / ||s|| of each function, averaged; nil where functions have fewer than five places.
  let relative: Double?

  init(_ predictions: [Double], _ values: [Double], places: Int) {
    let squares = zip(predictions, values).map { ($0 - $1) * ($0 - $1) }
    meanSquared = squares.reduce(0, +) / Double(squares.count)
    let kept = squares.sorted().dropLast(squares.count / 1000)
    trimmed = kept.reduce(0, +) / Double(max(kept.count, 1))
    guard places >= 5 else {
      relative = nil
      return
    }
    let ratios = stride(from: 0, to: squares.count, by: places).map { start -> Double in
      let own = start..<min(start + places, squares.count)
      let size = own.reduce(0) { $0 + values[$1] * values[$1] }
      return (own.reduce(0) { $0 + squares[$1] } / max(size, 1e-300)).squareRoot()
    }
    relative = ratios.reduce(0, +) / Double(ratios.count)
  }
}

/// Trains networks on rows.
struct DeepONetTraining {
  let options: DeepONetOptions
  let settings: DeepONetProblem.Settings
  let run: StudyRun
  let seed: Int

  /// A fresh network.
  func network(_ variant: DeepONetVariant, queryDimension: Int) throws -> any OperatorNetwork {
    var random = RandomStream(seed: seed, step: 100 + DeepONetVariant.allCases.firstIndex(of: variant)!)
    switch variant {
    case .plain:
      return ConcatenatingNetwork(
        sensors: settings.sensors, queryDimension: queryDimension, widths: options.plainWidths, activation: settings.activation,
        random: &random)
    case .residual: return ConcatenatingNetwork.residual(sensors: settings.sensors, queryDimension: queryDimension, random: &random)
    case .unstacked, .unstackedWithoutBias, .stacked, .stackedWithoutBias:
      return try DeepONet(
        .init(
          sensors: settings.sensors, queryDimension: queryDimension, branchWidths: settings.branch, trunkWidths: settings.trunk,
          form: variant.isStacked ? .stacked : .unstacked, activation: settings.activation,
          hasBias: variant == .unstacked || variant == .stacked), random: &random)
    }
  }

  /// The fully connected baseline with two hidden layers of another width.
  func plainNetwork(width: Int, queryDimension: Int) -> ConcatenatingNetwork {
    var random = RandomStream(seed: seed, step: 200 + width)
    return ConcatenatingNetwork(
      sensors: settings.sensors, queryDimension: queryDimension, widths: [width, width], activation: settings.activation, random: &random)
  }

  /// Trains by Adam with a constant rate; the weights with the least training loss at a check are kept.
  /// - Parameter part: names the run's checkpoints and metrics; lower case words and hyphens.
  func train(_ network: any OperatorNetwork, on data: DeepONetData, part: String) throws -> DeepONetResult {
    try data.training.check(sensors: settings.sensors, queryDimension: data.test.queries.shape[1])
    let optimizer = Adam(network.parameters, learningRate: options.learningRate)
    let interval = min(options.checkInterval, settings.steps)
    let best = BestWeights(network.parameters)
    let loop = TrainingLoop(model: network, optimizer: optimizer, epochs: (settings.steps + interval - 1) / interval, seed: seed)
    loop.recorder = run.recorder.scoped(part)
    loop.progress = run.progress
    loop.checkpoints = try run.checkpoints(part, options: options)
    loop.isResuming = run.isResuming
    loop.track("best", get: { best.state }, set: { best.state = $0 })
    try loop.run(over: CountedSteps(perEpoch: interval)) { _, step in
      ["loss": optimizer.minimize(self.loss(network, data.training, step))]
    } evaluate: { _ in
      let loss = self.error(network, data.training, places: 1).meanSquared
      best.offer(loss)
      return ["training error": loss, "test error": self.error(network, data.test, places: 1).meanSquared]
    }
    best.restore()
    return DeepONetResult(
      network: network, training: error(network, data.training, places: 1), test: error(network, data.test, places: data.testPlaces),
      curve: run.recorder.history["\(part)/test error"]?.values ?? [])
  }

  private func loss(_ network: any OperatorNetwork, _ rows: OperatorTriples, _ step: TrainingStep) -> Tensor {
    var (functions, queries, values) = (rows.functions, rows.queries, rows.values)
    if settings.batch > 0 {
      var random = step.random
      let chosen = Tensor.integers([settings.batch], in: 0..<rows.count, key: random.next())
      (functions, queries, values) = (functions.gathered(chosen), queries.gathered(chosen), values.gathered(chosen))
    }
    let predictions = network(functions, at: queries)
    return settings.isRelative ? relativeSquaredError(predictions, targets: values) : meanSquaredError(predictions, targets: values)
  }

  func error(_ network: any OperatorNetwork, _ rows: OperatorTriples, places: Int) -> OperatorError {
    OperatorError(predictions(network, rows), rows.values.array(of: Double.self), places: places)
  }

  func predictions(_ network: any OperatorNetwork, _ rows: OperatorTriples) -> [Double] {
    stride(from: 0, to: rows.count, by: 20_000).flatMap { start -> [Double] in
      let part = rows.rows(start..<min(start + 20_000, rows.count))
      return network(part.functions, at: part.queries).array(of: Double.self)
    }
  }
}

/// The weights at the check with the least training loss.
private final class BestWeights {
  private let parameters: [Parameter]
  private var least = Double.infinity
  private var values: [Tensor]

  init(_ parameters: [Parameter]) {
    self.parameters = parameters
    values = parameters.map { $0.value * 1 }
    evaluate(values)
  }

  func offer(_ loss: Double) {
    guard loss < least else { return }
    least = loss
    values = parameters.map { $0.value * 1 }
    evaluate(values)
  }

  func restore() {
    guard least.isFinite else { return }
    for (parameter, value) in zip(parameters, values) { parameter.assign(value) }
  }

  var state: [String: Tensor] {
    get {
      var state = ["least": Tensor([least])]
      for (index, value) in values.enumerated() { state["\(index)"] = value }
      return state
    }
    set {
      least = newValue["least"]?.array(of: Double.self).first ?? .infinity
      values = values.indices.map { newValue["\($0)"] ?? values[$0] }
    }
  }
}
