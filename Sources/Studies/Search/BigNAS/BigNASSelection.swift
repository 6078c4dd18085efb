import Datasets
import Layers
import Search
import Tensors
import Training

/// A network chosen for a bound.
struct SelectedNetwork {
  let limit: Int
  let architecture: Architecture
  let multiplyAdds: Int
  /// Of the best skeleton within the bound and of what the changes found, on the pictures set apart, in percent.
  let skeleton: Double
  let found: Double
  /// Of test pictures, in percent.
  let accuracy: Double
}

/// How long a network takes for one picture, in milliseconds.
struct NetworkLatency {
  let name: String
  let multiplyAdds: Int
  /// As a plain network with folded normalisations, as a plain network, and as slices of the supernet.
  let folded: Double
  let plain: Double
  let sliced: Double
}

struct SelectionResult {
  /// Cost and accuracy in percent of every skeleton.
  let skeletons: [(multiplyAdds: Double, accuracy: Double)]
  let selected: [SelectedNetwork]
  let latencies: [NetworkLatency]
  /// Test accuracy before and after an epoch by itself, in percent, for smallest, middle and largest.
  let fineTuned: [(name: String, before: Double, after: Double)]
  /// The smallest network by its own statistics and by the largest one's, in percent.
  let calibrated: Double
  let borrowed: Double
}

/// Coarse-to-fine selection, materialisation, timing.
struct BigNASSelection {
  let setup: SupernetSetup<BigNASOptions>
  private let bounds: [CostConstraint]

  private var options: BigNASOptions { setup.options }
  private var data: SupernetData { setup.data }
  private var design: SupernetDesign { setup.design }
  private var run: StudyRun { setup.run }

  /// - Throws: `OptionError` for a bound that nothing keeps.
  init(setup: SupernetSetup<BigNASOptions>) throws {
    self.setup = setup
    let (options, design) = (setup.options, setup.design)
    do {
      bounds = try options.budgets.map { try CostConstraint(MultiplyAdds(design), atMost: Double($0)) }
    } catch let error as InfeasibleConstraint {
      throw OptionError(
        field: "budgets", value: options.budgets.optionText, expected: "each at least \(Int(error.minimum)), the least of the space")
    }
  }

  func result(_ trained: BigNASResult, _ references: ReferenceNetworks) throws -> SelectionResult {
    let supernet = trained.supernet
    let test = setup.evaluator
    let validation = setup.validator
    var random = SplitMix64(seed: run.seed, 12)
    let search = CoarseToFineSearch(mutations: options.mutations)
    let phase = run.progress.phase("network measured")
    defer { phase.finish() }
    let (coarse, fine) = try search.run(design.space, under: bounds, using: &random) { architectures in
      try architectures.map { architecture in
        phase.advance()
        try run.stopIfAsked()
        return 100 * validation.accuracy(of: architecture, in: supernet)
      }
    }
    let selected = zip(bounds, fine).map { bound, outcome in
      SelectedNetwork(
        limit: Int(bound.limit), architecture: outcome.best.architecture, multiplyAdds: Int(outcome.best.cost),
        skeleton: outcome.history[0], found: outcome.best.score, accuracy: 100 * test.accuracy(of: outcome.best.architecture, in: supernet))
    }
    try SpecializedNetworkFile.save(
      selected.last!.architecture, of: supernet, evaluator: test, data: data, to: run.file("model.safetensors"))
    try AtomicFile.write(try design.space.encoded(selected.last!.architecture), to: run.file("architecture.json"))
    try supernet.save(to: run.file("supernet.safetensors"))

    let (smallest, largest) = (ReferenceNetworks.smallest, ReferenceNetworks.largest)
    let table = supernet.calibration(references.all[largest].architecture, batches: test.calibrationBatches)
    let borrowed = supernet.borrowedStatistics(table, of: references.all[largest].architecture, for: references.all[smallest].architecture)
    return SelectionResult(
      skeletons: coarse.map { ($0.cost, $0.score) }, selected: selected, latencies: latencies(supernet, references, test),
      fineTuned: options.fineTuning ? fineTuned(trained, references, test) : [], calibrated: trained.accuracies[smallest],
      borrowed: 100 * test.accuracy(of: references.all[smallest].architecture, in: supernet, using: borrowed))
  }

  private func latencies(_ supernet: Supernet, _ references: ReferenceNetworks, _ evaluator: SubnetEvaluator) -> [NetworkLatency] {
    let measurement = LatencyMeasurement(runs: options.latencyRuns)
    return ReferenceNetworks.extremes.map { index in
      let architecture = references.all[index].architecture
      let table = supernet.calibration(architecture, batches: evaluator.calibrationBatches)
      let network = supernet.materialized(architecture, table)
      let image = evaluator.images[0..<1].resized(to: [network.resolution, network.resolution])
      evaluate(image)
      return NetworkLatency(
        name: references.all[index].name, multiplyAdds: references.all[index].multiplyAdds,
        folded: measurement.milliseconds(of: network.folded(), channels: data.channels),
        plain: measurement.milliseconds(of: network, channels: data.channels),
        sliced: measurement.milliseconds { [supernet(image, architecture, ForwardPass(.calibrated(table)))] })
    }
  }

  private func fineTuned(
    _ trained: BigNASResult, _ references: ReferenceNetworks, _ evaluator: SubnetEvaluator
  ) -> [(name: String, before: Double, after: Double)] {
    let loader = BatchLoader(data.training, batchSize: min(options.batchSize, data.training.count), seed: run.seed, dropsLast: true)
    return ReferenceNetworks.extremes.map { index in
      let architecture = references.all[index].architecture
      let table = trained.supernet.calibration(architecture, batches: evaluator.calibrationBatches)
      let network = trained.supernet.materialized(architecture, table)
      FineTuning.check.run(
        network, peakRate: options.learningRate, stepsPerEpoch: loader.batchesPerEpoch, smoothing: options.smoothing,
        weightDecay: options.weightDecay, seed: run.seed
      ) { epoch in loader.batches(ofEpoch: epoch).map { (images: $0.features, labels: $0.labels!) } }
      let after = 100 * evaluator.accuracy { images in withContext(.inference) { network(images) } }
      return (references.all[index].name, trained.accuracies[index], after)
    }
  }
}
