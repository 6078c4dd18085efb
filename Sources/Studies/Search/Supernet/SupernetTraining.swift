import Datasets
import Layers
import Search
import Tensors
import Training

/// Trains supernets by step plans over batches of pictures, with checkpoints, progress and records.
struct SupernetTraining<Options: StudyOptions> {
  /// How pictures are varied.
  enum Variation: String, OptionValue, Codable, CaseIterable {
    /// Cropped by up to two pixels, one place for a batch, and flipped.
    case shift
    /// Random parts resized to the whole, flipped, brightness and saturation changed: ImageNet's.
    case resizedCrop = "resized-crop"
  }

  let data: SupernetData
  let options: Options
  let run: StudyRun
  let seed: Int
  let batchSize: Int
  var stepsPerEpoch: Int { max(1, data.training.count / batchSize) }

  /// A fresh supernet; the same seed and number give the same one.
  func supernet(_ design: SupernetDesign, zeroesLastScale: Bool = false, number: Int = 0) -> Supernet {
    var random = RandomStream(seed: seed, step: -1 - number)
    return Supernet(design, zeroesLastScale: zeroesLastScale, random: &random)
  }

  /// SGD with Nesterov's momentum of 0.9; decay on matrices and kernels alone.
  func optimizer(_ module: some Module, weightDecay: Double) -> any Optimizer {
    SGD(module.groupsDecayingMatricesOnly(), learningRate: 0, momentum: 0.9, isNesterov: true, weightDecay: weightDecay)
  }

  /// - Parameters:
  ///   - part: unique name of this training in the run.
  ///   - sortingBefore: the number of a step before which channels are sorted, once; state of the optimiser with them.
  ///   - plan: the step of a number, drawn from randomness of its own.
  /// - Returns: what the training costs.
  @discardableResult
  func train(
    _ part: String, _ supernet: Supernet, optimizer: any Optimizer, epochs: Int, schedule: any LearningRateSchedule,
    sortingBefore sortingStep: Int? = nil, plan: @escaping (_ random: inout SplitMix64, _ step: Int) -> StepPlan
  ) throws -> TrainingCost {
    let scope = "\(part)-seed-\(seed)"
    let trainer = SupernetTrainer(supernet, optimizer: optimizer)
    let loop = TrainingLoop(model: supernet, optimizer: optimizer, epochs: epochs, seed: seed)
    loop.schedule = schedule
    loop.recorder = run.recorder.scoped(scope)
    loop.progress = run.progress
    loop.checkpoints = try run.checkpoints(scope, options: options)
    loop.isResuming = run.isResuming
    func step(_ index: Int) -> StepPlan {
      var random = SplitMix64(seed: seed, 7, index)
      return plan(&random, index)
    }
    let loader = BatchLoader(data.training, batchSize: min(batchSize, data.training.count), seed: seed, dropsLast: true)
    try loop.run(over: loader) { batch, current in
      if current.index == sortingStep && !current.isReplay { supernet.sortChannels(optimizer: optimizer) }
      var random = SplitMix64(seed: seed, 8, current.index)
      let images = batch.features.augmented(using: &random)
      evaluate(images)
      trainer.random = current.random
      let outcomes = try trainer.step(step(current.index), images: images, labels: batch.labels!)
      return Self.metrics(outcomes)
    }
    var cost = TrainingCost()
    for index in 0..<epochs * loader.batchesPerEpoch { cost.add(step(index), supernet.design, images: loader.batchSize) }
    return cost
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
