import Datasets
import Layers
import Search
import Tensors
import Training

/// What one seed gave. Accuracies are of test pictures, in percent, calibrated unless said otherwise.
struct OnceForAllResult {
  let supernet: Supernet
  /// By reference network: cut out of the largest network without further training; after shrinking; after training without phases; trained alone.
  var sliced: [Double] = []
  var shrunk: [Double] = []
  var uniform: [Double] = []
  var alone: [Int: Double] = [:]
  /// Everything at its largest but the expansion at its smallest, before and after sorting, right before the first width phase.
  var unsortedCut: Double?
  var sortedCut: Double?
  /// The smallest network by the largest one's statistics, after shrinking.
  var uncalibrated = 0.0
  /// Mean accuracy of the corner networks after each phase, on the validation pictures; nil for a phase without epochs.
  var corners: [(phase: String, accuracy: Double?)] = []
  var fullCost = TrainingCost()
  var shrinkingCost = TrainingCost()
  var uniformCost = TrainingCost()
  var aloneCost = TrainingCost()
  /// How often trainings went back to an earlier state.
  var rollbacks = 0
}

/// Trains one seed: the largest network, its shrinking, and the baselines.
struct OnceForAllTraining {
  let setup: SupernetSetup<OnceForAllOptions>
  let networks: ReferenceNetworks
  let seed: Int

  private var options: OnceForAllOptions { setup.options }
  private var design: SupernetDesign { setup.design }
  private var training: SupernetTraining<OnceForAllOptions> { SupernetTraining(setup: setup, seed: seed) }
  private var shrinking: ProgressiveShrinking { options.shrinking }

  func result() throws -> OnceForAllResult {
    let supernet = training.supernet()
    var result = OnceForAllResult(supernet: supernet)
    let evaluator = setup.evaluator
    let phase = setup.run.progress.phase("phase", of: shrinking.phases.count)
    defer { phase.finish() }
    func accuracies(_ supernet: Supernet) -> [Double] { networks.accuracies(in: supernet, by: evaluator) }

    var teacher: FrozenTeacher?
    var largest: Supernet?
    for stage in shrinking.phases {
      if let kept = stage.sortingStage { try measureSorting(supernet, keptWidths: kept, evaluator, &result) }
      let outcome = try train(stage, supernet, teacher)
      result.rollbacks += outcome.rollbacks
      if stage.isFull {
        result.fullCost = outcome.cost
        result.sliced = accuracies(supernet)
        largest = supernet.copy()
        teacher = try FrozenTeacher(largest!, for: design)
      } else {
        result.shrinkingCost = result.shrinkingCost + outcome.cost
      }
      result.corners.append((stage.name, outcome.validationAccuracy))
      phase.advance()
    }
    result.shrunk = accuracies(supernet)
    result.uncalibrated = uncalibrated(supernet, evaluator)

    if options.uniformNetworks > 0 {
      let other = largest!.copy()
      let outcome = try trainUniformly(other)
      result.uniformCost = outcome.cost
      result.rollbacks += outcome.rollbacks
      result.uniform = accuracies(other)
    }
    result.alone[ReferenceNetworks.largest] = result.sliced[ReferenceNetworks.largest]
    if options.standsAlone {
      for index in [ReferenceNetworks.smallest, ReferenceNetworks.middle] {
        let (accuracy, outcome) = try trainAlone(index)
        result.alone[index] = accuracy
        result.aloneCost = result.aloneCost + outcome.cost
        result.rollbacks += outcome.rollbacks
      }
    }
    return result
  }

  // MARK: Trainings

  private func train(_ phase: ProgressiveShrinking.Phase, _ supernet: Supernet, _ teacher: FrozenTeacher?) throws -> SupernetOutcome {
    let mask = try shrinking.mask(phase, of: design.space)
    // The largest network does not use the matrices between kernels: they stay identities, without decay.
    for matrix in supernet.kernelTransforms { matrix.isTrainable = !phase.isFull }
    let resolutions = design.configuration.resolutions.count
    return try training.train(
      phase.name, supernet, optimizer: training.optimizer(supernet), epochs: phase.epochs,
      schedule: shrinking.schedule(phase, stepsPerEpoch: training.stepsPerEpoch), judges: shrinking.corners(mask, of: design),
      judgements: phase.epochs
    ) { random, _ in
      let resolution = random.integer(below: resolutions)
      return shrinking.step(
        phase, design, mask: mask, resolution: resolution, teacher: teacher, dropout: options.dropout, using: &random)
    }
  }

  /// From the same weights, without phases and teacher: networks drawn from the whole space, as many steps as shrinking takes.
  private func trainUniformly(_ supernet: Supernet) throws -> SupernetOutcome {
    let epochs = shrinking.phases.filter { !$0.isFull }.reduce(0) { $0 + $1.epochs }
    let policy = UniformSampling(
      networks: options.uniformNetworks, smoothing: options.smoothing, regularization: .init(dropout: options.dropout))
    for matrix in supernet.kernelTransforms { matrix.isTrainable = true }
    return try training.train(
      "uniform", supernet, optimizer: training.optimizer(supernet), epochs: epochs,
      schedule: CosineSchedule(base: options.kernelRate, steps: max(1, epochs * training.stepsPerEpoch)),
      judges: [design.space.minimum, design.space.maximum], judgements: 1
    ) { random, _ in policy.step(design.space, using: &random) }
  }

  /// One network by itself, as long as the largest one's first phase.
  private func trainAlone(_ index: Int) throws -> (accuracy: Double, outcome: SupernetOutcome) {
    let network = networks.all[index]
    let supernet = training.supernet(number: 1 + index)
    return try training.trainAlone(
      network.name, network.architecture, in: supernet, optimizer: training.optimizer(supernet), epochs: options.fullEpochs,
      schedule: CosineSchedule(base: options.fullRate, steps: max(1, options.fullEpochs * training.stepsPerEpoch)),
      regularization: .init(dropout: options.dropout))
  }

  // MARK: Measurements

  private func measureSorting(
    _ supernet: Supernet, keptWidths: Int, _ evaluator: SubnetEvaluator, _ result: inout OnceForAllResult
  ) throws {
    let space = design.space
    let cut = try space.architecture(choices: space.genes.map { $0.kind == .expand ? 0 : $0.candidates.count - 1 })
    if keptWidths == 0 { result.unsortedCut = 100 * evaluator.accuracy(of: cut, in: supernet) }
    supernet.sortChannels(keptWidths: keptWidths)
    if keptWidths == 0 { result.sortedCut = 100 * evaluator.accuracy(of: cut, in: supernet) }
  }

  private func uncalibrated(_ supernet: Supernet, _ evaluator: SubnetEvaluator) -> Double {
    let (smallest, largest) = (design.space.minimum, design.space.maximum)
    let table = supernet.calibration(largest, batches: evaluator.calibrationBatches)
    return 100
      * evaluator.accuracy(of: smallest, in: supernet, using: supernet.borrowedStatistics(table, of: largest, for: smallest))
  }
}
