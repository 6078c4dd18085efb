import Datasets
import Foundation
import Layers
import Search
import Tensors
import Training

/// What a training of a supernet came to.
package struct SupernetOutcome {
  package let cost: TrainingCost
  /// How often it had to go back to an earlier state.
  package let rollbacks: Int
  /// Of the networks it is judged by, after the last epoch, in percent; nil where there was no epoch.
  package let validationAccuracy: Double?
}

/// Trains supernets by step plans over batches of pictures, with checkpoints, progress, records, and a guard against divergence.
package struct SupernetTraining<Options: SupernetOptions> {
  let setup: SupernetSetup<Options>
  let seed: Int
  /// Steps between the states that the guard against divergence keeps; nil trains without it.
  package var guardInterval: Int? = 50

  package init(setup: SupernetSetup<Options>, seed: Int) {
    (self.setup, self.seed) = (setup, seed)
  }

  private var options: Options { setup.options }
  private var run: StudyRun { setup.run }
  private var loader: BatchLoader { options.augmentation.loader(of: setup.data, batchSize: options.batchSize, seed: seed) }
  package var stepsPerEpoch: Int { loader.batchesPerEpoch }

  /// A fresh supernet; the same seed and number give the same one.
  package func supernet(zeroesLastScale: Bool = false, number: Int = 0) -> Supernet {
    var random = RandomStream(seed: seed, step: -1 - number)
    return Supernet(setup.design, zeroesLastScale: zeroesLastScale, random: &random)
  }

  /// SGD with Nesterov's momentum of 0.9; decay on matrices and kernels alone.
  package func optimizer(_ module: some Module) -> any Optimizer {
    SGD(module.groupsDecayingMatricesOnly(), learningRate: 0, momentum: 0.9, isNesterov: true, weightDecay: options.weightDecay)
  }

  /// Besides training, keeps the weights of the last epoch and of the best one in `trainings`, by the mean accuracy of a few networks on the pictures set
  /// apart.
  ///
  /// - Parameters:
  ///   - part: unique name of this training in the run.
  ///   - judges: the networks that an epoch is judged by.
  ///   - judgements: about how many epochs are judged; the last one always is.
  ///   - sortingStep: the number of a step before which channels are sorted, once; state of the optimiser with them.
  ///   - plan: the step of a number, drawn from randomness of its own.
  package func train(
    _ part: String, _ supernet: Supernet, optimizer: any Optimizer, epochs: Int, schedule: any LearningRateSchedule,
    judges: [Architecture], judgements: Int, sortingBefore sortingStep: Int? = nil,
    plan: @escaping (_ random: inout SplitMix64, _ step: Int) -> StepPlan
  ) throws -> SupernetOutcome {
    let scope = "\(part)-seed-\(seed)"
    let trainer = SupernetTrainer(supernet, optimizer: optimizer)
    let guardian = guardInterval.map {
      DivergenceGuard(supernet, optimizer: optimizer, classCount: setup.data.classCount, interval: $0)
    }
    let checkpoints = try run.checkpoints(scope, options: options)
    let loop = TrainingLoop(model: supernet, optimizer: optimizer, epochs: epochs, seed: seed)
    loop.schedule = schedule
    loop.recorder = run.recorder.scoped(scope)
    loop.progress = run.progress
    loop.checkpoints = checkpoints
    loop.isResuming = run.isResuming
    loop.goal = .greatest(Self.goal)
    loop.evaluationEpochs = max(1, epochs / max(1, judgements))
    if let guardian { loop.track("guard", get: { guardian.state }, set: { guardian.state = $0 }) }
    func step(_ index: Int) -> StepPlan {
      var random = SplitMix64(seed: seed, 7, index)
      return plan(&random, index)
    }
    let loader = loader
    let validator = setup.validator
    let outcome = try loop.run(over: loader) { batch, current in
      if current.index == sortingStep { supernet.sortChannels(optimizer: optimizer) }
      var random = SplitMix64(seed: seed, 8, current.index)
      let images = options.augmentation.varied(batch.features, using: &random)
      evaluate(images)
      trainer.random = current.random
      let outcomes = try trainer.step(step(current.index), images: images, labels: batch.labels!)
      // While the cause of a divergence is looked for, nothing may be put right.
      if !current.isReplay, let guardian, guardian.check(Self.watchedLosses(outcomes)) == .restored {
        return ["rollbacks": Tensor(1.0)]
      }
      return Self.metrics(outcomes)
    } evaluate: { _ in
      let accuracy = judges.reduce(0) { $0 + validator.accuracy(of: $1, in: supernet) } / Double(max(1, judges.count))
      return [Self.goal: 100 * accuracy]
    }
    try keepWeights(supernet, checkpoints, as: scope)
    var cost = TrainingCost()
    for index in 0..<epochs * loader.batchesPerEpoch { cost.add(step(index), supernet.design, images: loader.batchSize) }
    return SupernetOutcome(cost: cost, rollbacks: guardian?.rollbacks ?? 0, validationAccuracy: outcome.evaluation[Self.goal])
  }

  /// One network by itself, by labels.
  func trainAlone(
    _ part: String, _ architecture: Architecture, in supernet: Supernet, optimizer: any Optimizer, epochs: Int,
    schedule: any LearningRateSchedule, regularization: Regularization
  ) throws -> (accuracy: Double, outcome: SupernetOutcome) {
    let entry = StepEntry(architecture, loss: .init(smoothing: options.smoothing), regularization: regularization)
    let outcome = try train(
      "alone-\(part)", supernet, optimizer: optimizer, epochs: epochs, schedule: schedule, judges: [architecture], judgements: 1
    ) { _, _ in StepPlan([entry]) }
    return (100 * setup.evaluator.accuracy(of: architecture, in: supernet), outcome)
  }

  private static var goal: String { "validation accuracy" }

  /// Checkpoints go when the run is done; the weights of the best epoch and of the last one stay.
  private func keepWeights(_ supernet: Supernet, _ checkpoints: CheckpointStore, as scope: String) throws {
    let folder = run.file("trainings")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw FileAccessError(path: folder.path, action: "make a directory", reason: error.localizedDescription)
    }
    try supernet.save(to: folder.appendingPathComponent("\(scope)-last.safetensors"))
    guard let best = try checkpoints.best(AnyPosition.self)?.checkpoint.tensors else { return }
    let prefix = "model/"
    let weights = Dictionary(
      uniqueKeysWithValues: best.filter { $0.key.hasPrefix(prefix) }.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
    try SafetensorsFile.write(weights, to: folder.appendingPathComponent("\(scope)-best.safetensors"))
  }

  /// The first network's cross entropy with the labels, since that is what has a known value at chance; then all losses.
  private static func watchedLosses(_ outcomes: [EntryOutcome]) -> [Double] {
    ([outcomes[0].labelLoss ?? outcomes[0].loss] + outcomes.map(\.loss)).map { $0.scalar(as: Double.self) }
  }

  /// Cross entropies and, where a network is taught, the KL divergence: the soft cross entropy without the teacher's entropy.
  private static func metrics(_ outcomes: [EntryOutcome]) -> [String: Tensor] {
    var metrics = ["loss, first network": outcomes[0].loss]
    guard outcomes.count > 1, let last = outcomes.last else {
      if let soft = outcomes[0].distillationLoss, let entropy = outcomes[0].teacherEntropy { metrics["KL from teacher"] = soft - entropy }
      return metrics
    }
    metrics["loss, last network"] = last.loss
    if let soft = last.distillationLoss, let entropy = last.teacherEntropy {
      metrics["soft cross entropy"] = soft
      metrics["KL from teacher"] = soft - entropy
    }
    return metrics
  }
}

/// What is not a tensor in a checkpoint, when only the tensors are wanted.
private struct AnyPosition: Codable, Sendable {}
