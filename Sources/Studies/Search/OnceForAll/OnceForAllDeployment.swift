import Datasets
import Foundation
import Layers
import Search
import Tensors
import Training

/// What a search under a bound found, and what it is worth when it is measured.
struct DeployedNetwork {
  let name: String
  let architecture: Architecture
  let limit: Double
  let predicted: Double
  /// Of test pictures, in percent.
  let accuracy: Double
  let multiplyAdds: Int
  /// Milliseconds by the table, and of the whole network timed directly.
  let tableLatency: Double
  let measuredLatency: Double
}

/// Everything about choosing a network for a bound.
struct DeploymentResult {
  let quality: AccuracyPredictor.Quality
  let found: [DeployedNetwork]
  /// Test accuracies in percent of random networks whose multiply-adds lie within 2 % below the bound.
  let random: [Double]
  /// The best predicted accuracy after each iteration of the first search, in percent.
  let history: [Double]
  /// Milliseconds of reference networks by the table and timed directly.
  let latencies: [(table: Double, measured: Double)]
  let tableRows: Int
  let machine: String
  /// Of the found network after learning by itself, in percent; nil where it did not.
  let fineTuned: Double?
}

/// Predictor, latency table, evolution, materialisation.
struct OnceForAllDeployment {
  let setup: SupernetSetup<OnceForAllOptions>
  private let multiplyAdds: CostConstraint
  private let givenTable: LatencyTable?

  private var options: OnceForAllOptions { setup.options }
  private var data: SupernetData { setup.data }
  private var design: SupernetDesign { setup.design }
  private var run: StudyRun { setup.run }

  /// - Throws: `InfeasibleConstraint` as `OptionError` for a bound below the space's least; `FileAccessError`, `FileFormatError` for a latency table that
  ///   cannot be read or lacks a key.
  init(setup: SupernetSetup<OnceForAllOptions>) throws {
    self.setup = setup
    let (options, design) = (setup.options, setup.design)
    do {
      multiplyAdds = try CostConstraint(MultiplyAdds(design), atMost: Double(options.multiplyAddLimit))
    } catch let error as InfeasibleConstraint {
      throw OptionError(
        field: "multiplyAddLimit", value: String(options.multiplyAddLimit),
        expected: "at least \(Int(error.minimum)), the least of the space")
    }
    givenTable = options.latencyTable.isEmpty ? nil : try Self.table(at: URL(fileURLWithPath: options.latencyTable), design)
  }

  private static func table(at url: URL, _ design: SupernetDesign) throws -> LatencyTable {
    let table: LatencyTable
    do {
      table = try RunFiles.decode(LatencyTable.self, from: url)
      let model = try MeasuredLatency(design, table)
      for architecture in [design.space.minimum, design.space.middle, design.space.maximum] { _ = try model.cost(of: architecture) }
    } catch let error as MissingLatency {
      throw FileFormatError(path: url.path, found: "no row for \(error.key)", expected: "a table measured for this space")
    } catch let error as SearchSpaceError {
      throw FileFormatError(path: url.path, at: .field("space"), found: error.found, expected: error.expected, advice: error.advice)
    }
    return table
  }

  func result(_ supernet: Supernet, _ networks: ReferenceNetworks) throws -> DeploymentResult? {
    let test = setup.evaluator
    guard options.predictorNetworks > 0 else {
      try SpecializedNetworkFile.save(design.space.maximum, of: supernet, evaluator: test, data: data, to: run.file("model.safetensors"))
      return nil
    }
    var random = SplitMix64(seed: run.seed, 11)
    let examples = try measuredExamples(supernet, &random)
    var stream = RandomStream(seed: run.seed, step: -100)
    let (predictor, quality) = try AccuracyPredictor.trained(
      on: examples, in: design.space, epochs: options.predictorEpochs, random: &stream)
    try predictor.save(
      to: run.file("predictor.safetensors"), metadata: ["space": design.space.fingerprint, "base": String(predictor.base)])

    let latency = try MeasuredLatency(design, givenTable ?? measuredTable(supernet))
    let specialization = Specialization(
      supernet, predictor, search: EvolutionarySearch(population: options.population, iterations: options.iterations))
    var found: [DeployedNetwork] = []
    var history: [Double] = []
    // Of networks of microseconds the smallest may measure slower than the middle one.
    let middle = max(try latency.cost(of: design.space.middle), try latency.cost(of: design.space.minimum))
    let bounds = [
      ("multiply-adds", multiplyAdds),
      ("latency", try latencyConstraint(latency, options.latencyLimit > 0 ? options.latencyLimit : middle)),
    ]
    // Each draws from randomness of its own: how many numbers the search by latency takes depends on times.
    for ((name, constraint), stream) in zip(bounds, [random, SplitMix64(seed: run.seed, 13)]) {
      var stream = stream
      let outcome = try specialization.best(under: constraint, using: &stream)
      if history.isEmpty { history = outcome.history.map { 100 * $0 } }
      found.append(try deployed(name, outcome.best, constraint.limit, supernet, latency, test))
    }
    try SpecializedNetworkFile.save(found[0].architecture, of: supernet, evaluator: test, data: data, to: run.file("model.safetensors"))
    try AtomicFile.write(try design.space.encoded(found[0].architecture), to: run.file("architecture.json"))
    try supernet.save(to: run.file("supernet.safetensors"))

    return DeploymentResult(
      quality: quality, found: found, random: try randomAccuracies(supernet, test), history: history,
      latencies: try networks.all.map { network in
        (try latency.cost(of: network.architecture), try measuredMilliseconds(network.architecture, supernet))
      }, tableRows: latency.table.rows.count, machine: latency.table.machine,
      fineTuned: try fineTuned(found[0].architecture, supernet, test))
  }

  private func measuredExamples(_ supernet: Supernet, _ random: inout SplitMix64) throws -> [MeasuredArchitecture] {
    let validation = setup.validator
    let phase = run.progress.phase("measured network", of: options.predictorNetworks)
    defer { phase.finish() }
    return try Specialization.examples(options.predictorNetworks, of: supernet, evaluator: validation, using: &random) { _ in
      phase.advance()
      try run.stopIfAsked()
    }
  }

  private func measuredTable(_ supernet: Supernet) throws -> LatencyTable {
    let environment = EnvironmentFacts.current
    let phase = run.progress.phase("timed block")
    defer { phase.finish() }
    let table = try LatencyMeasurement(runs: options.latencyRuns).table(
      for: supernet, machine: "\(environment.processor ?? "unknown processor"), \(environment.coreCount) cores",
      date: ISO8601DateFormatter().string(from: Date())
    ) { _, _ in phase.advance() }
    try AtomicFile.write(ReportJSON.encode(table), to: run.file("latency.json"))
    return table
  }

  private func latencyConstraint(_ model: MeasuredLatency, _ limit: Double) throws -> CostConstraint {
    do { return try CostConstraint(model, atMost: limit) } catch let error as InfeasibleConstraint {
      throw OptionError(field: "latencyLimit", value: String(limit), expected: "at least \(error.minimum) ms, the least of the space here")
    }
  }

  private func measuredMilliseconds(_ architecture: Architecture, _ supernet: Supernet) throws -> Double {
    LatencyMeasurement(runs: options.latencyRuns).milliseconds(
      of: supernet.materialized(architecture).folded(), channels: data.channels)
  }

  private func deployed(
    _ name: String, _ best: SearchOutcome.Found, _ limit: Double, _ supernet: Supernet, _ latency: MeasuredLatency,
    _ evaluator: SubnetEvaluator
  ) throws -> DeployedNetwork {
    DeployedNetwork(
      name: name, architecture: best.architecture, limit: limit, predicted: 100 * best.score,
      accuracy: 100 * evaluator.accuracy(of: best.architecture, in: supernet),
      multiplyAdds: design.subnet(best.architecture).multiplyAdds, tableLatency: try latency.cost(of: best.architecture),
      measuredLatency: try measuredMilliseconds(best.architecture, supernet))
  }

  private func randomAccuracies(_ supernet: Supernet, _ evaluator: SubnetEvaluator) throws -> [Double] {
    var random = SplitMix64(seed: run.seed, 14)
    var chosen: Set<Architecture> = []
    var accuracies: [Double] = []
    for _ in 0..<(20_000) where accuracies.count < options.randomNetworks {
      let candidate = design.space.sample(using: &random)
      let cost = design.subnet(candidate).multiplyAdds
      guard cost <= options.multiplyAddLimit, Double(cost) >= 0.98 * Double(options.multiplyAddLimit), chosen.insert(candidate).inserted
      else { continue }
      accuracies.append(100 * evaluator.accuracy(of: candidate, in: supernet))
    }
    return accuracies
  }

  private func fineTuned(_ architecture: Architecture, _ supernet: Supernet, _ evaluator: SubnetEvaluator) throws -> Double? {
    guard options.fineTuningEpochs > 0 else { return nil }
    let table = supernet.calibration(architecture, batches: evaluator.calibrationBatches)
    let network = supernet.materialized(architecture, table)
    let loader = BatchLoader(data.training, batchSize: options.batchSize, seed: run.seed, dropsLast: true)
    let rate = 0.01 * Double(options.batchSize) / 256
    FineTuning(rateShare: 1, epochs: options.fineTuningEpochs).run(
      network, peakRate: rate, stepsPerEpoch: loader.batchesPerEpoch, smoothing: options.smoothing, weightDecay: options.weightDecay,
      seed: run.seed
    ) { epoch in loader.batches(ofEpoch: epoch).map { (images: $0.features, labels: $0.labels!) } }
    return 100 * evaluator.accuracy { images in withContext(.inference) { network(images) } }
  }
}
