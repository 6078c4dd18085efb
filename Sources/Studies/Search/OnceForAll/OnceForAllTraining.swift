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
  /// Mean accuracy of the corner networks after each phase, on the validation pictures.
  var corners: [(phase: String, accuracy: Double)] = []
  var fullCost = TrainingCost()
  var shrinkingCost = TrainingCost()
  var uniformCost = TrainingCost()
  var aloneCost = TrainingCost()
}

/// Trains one seed: the largest network, its shrinking, and the baselines.
struct OnceForAllTraining {
  let options: OnceForAllOptions
  let data: SupernetData
  let design: SupernetDesign
  let networks: OnceForAllReferences
  let run: StudyRun
  let seed: Int

  private var training: SupernetTraining<OnceForAllOptions> {
    SupernetTraining(data: data, options: options, run: run, seed: seed, batchSize: options.batchSize)
  }
  private var shrinking: ProgressiveShrinking { options.shrinking }
  private var evaluator: SubnetEvaluator { data.evaluator(calibrationImages: options.calibrationImages) }

  func result() throws -> OnceForAllResult {
    let supernet = training.supernet(design)
    var result = OnceForAllResult(supernet: supernet)
    let evaluator = evaluator
    let phase = run.progress.phase("phase", of: shrinking.phases.count)
    defer { phase.finish() }
    func accuracies(_ supernet: Supernet) -> [Double] {
      networks.all.map { 100 * evaluator.accuracy(of: $0.architecture, in: supernet) }
    }

    var teacher: FrozenTeacher?
    var largest: Supernet?
    for stage in shrinking.phases {
      if let kept = stage.sortingStage { try measureSorting(supernet, keptWidths: kept, evaluator, &result) }
      let cost = try train(stage, supernet, teacher)
      if stage.isFull {
        result.fullCost = cost
        result.sliced = accuracies(supernet)
        largest = supernet.copy()
        teacher = try FrozenTeacher(largest!, for: design)
      } else {
        result.shrinkingCost = result.shrinkingCost + cost
      }
      result.corners.append((stage.name, try cornerAccuracy(stage, supernet)))
      phase.advance()
    }
    result.shrunk = accuracies(supernet)
    result.uncalibrated = uncalibrated(supernet, evaluator)

    if options.uniformNetworks > 0 {
      let other = largest!.copy()
      result.uniformCost = try trainUniformly(other)
      result.uniform = accuracies(other)
    }
    result.alone[OnceForAllReferences.largest] = result.sliced[OnceForAllReferences.largest]
    if options.standsAlone {
      for index in [OnceForAllReferences.smallest, OnceForAllReferences.middle] {
        let (accuracy, cost) = try trainAlone(index, evaluator)
        result.alone[index] = accuracy
        result.aloneCost = result.aloneCost + cost
      }
    }
    return result
  }

  // MARK: Trainings

  private func train(_ phase: ProgressiveShrinking.Phase, _ supernet: Supernet, _ teacher: FrozenTeacher?) throws -> TrainingCost {
    let mask = try shrinking.mask(phase, of: design.space)
    // The largest network does not use the matrices between kernels: they stay identities, without decay.
    for matrix in supernet.kernelTransforms { matrix.isTrainable = !phase.isFull }
    let resolutions = design.configuration.resolutions.count
    return try training.train(
      phase.name, supernet, optimizer: training.optimizer(supernet, weightDecay: options.weightDecay), epochs: phase.epochs,
      schedule: shrinking.schedule(phase, stepsPerEpoch: training.stepsPerEpoch)
    ) { random, _ in
      let resolution = random.integer(below: resolutions)
      return shrinking.step(
        phase, design, mask: mask, resolution: resolution, teacher: teacher, dropout: options.dropout, using: &random)
    }
  }

  /// From the same weights, without phases and teacher: networks drawn from the whole space, as many steps as shrinking takes.
  private func trainUniformly(_ supernet: Supernet) throws -> TrainingCost {
    let epochs = shrinking.phases.filter { !$0.isFull }.reduce(0) { $0 + $1.epochs }
    let policy = UniformSampling(
      networks: options.uniformNetworks, smoothing: options.smoothing, regularization: .init(dropout: options.dropout))
    for matrix in supernet.kernelTransforms { matrix.isTrainable = true }
    return try training.train(
      "uniform", supernet, optimizer: training.optimizer(supernet, weightDecay: options.weightDecay), epochs: epochs,
      schedule: CosineSchedule(base: options.kernelRate, steps: max(1, epochs * training.stepsPerEpoch))
    ) { random, _ in policy.step(design.space, using: &random) }
  }

  /// One network by itself, as long as the largest one's first phase.
  private func trainAlone(_ index: Int, _ evaluator: SubnetEvaluator) throws -> (accuracy: Double, cost: TrainingCost) {
    let network = networks.all[index]
    let supernet = training.supernet(design, number: 1 + index)
    let cost = try training.train(
      "alone-\(network.name)", supernet, optimizer: training.optimizer(supernet, weightDecay: options.weightDecay),
      epochs: options.fullEpochs,
      schedule: CosineSchedule(base: options.fullRate, steps: max(1, options.fullEpochs * training.stepsPerEpoch))
    ) { _, _ in
      StepPlan([
        StepEntry(
          network.architecture, loss: .init(smoothing: options.smoothing), regularization: .init(dropout: options.dropout))
      ])
    }
    return (100 * evaluator.accuracy(of: network.architecture, in: supernet), cost)
  }

  // MARK: Measurements

  private func cornerAccuracy(_ phase: ProgressiveShrinking.Phase, _ supernet: Supernet) throws -> Double {
    let evaluator = data.evaluator(calibrationImages: options.calibrationImages, onValidation: true)
    let corners = shrinking.corners(try shrinking.mask(phase, of: design.space), of: design)
    return 100 * corners.reduce(0) { $0 + evaluator.accuracy(of: $1, in: supernet) } / Double(corners.count)
  }

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
