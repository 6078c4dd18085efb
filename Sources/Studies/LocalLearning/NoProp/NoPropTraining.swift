import Datasets
import Layers
import LocalLearning
import Tensors
import Training

/// One trained variant with one seed, and how well it does.
struct NoPropResult {
  let variant: NoPropVariant
  let classifier: any Classifier
  /// Test accuracy in percent after every epoch, one short inference each.
  let curve: [Double]
  /// Test accuracy in percent, the mean of several inferences.
  let accuracy: Double
  /// Several inferences of the test set.
  let inferences: RepeatedInference
}

/// Trains the variants of one seed.
struct NoPropTraining {
  let options: NoPropOptions
  let data: LabelledImages
  let run: StudyRun
  let seed: Int

  private static let accuracyName = "test accuracy"
  /// Steps of the inferences that watch a training; the last ones take as many as the options say.
  private var watchingSteps: Int { min(20, options.inferenceSteps) }

  var models: NoPropModels { NoPropModels(options: options, imageShape: data.imageShape, classCount: data.classCount) }

  /// Everything random of a variant hangs on the run's seed and its name.
  func stream(_ variant: NoPropVariant) -> RandomStream {
    RandomStream(seed: seed, step: NoPropVariant.allCases.firstIndex(of: variant)!)
  }

  func embedding(_ variant: NoPropVariant, random: inout RandomStream) throws -> LabelEmbedding {
    try models.embedding(variant, images: { (data.training.features, data.training.labels!) }, random: &random)
  }

  func train(_ variant: NoPropVariant) throws -> NoPropResult {
    var random = stream(variant)
    let model = try models.classifier(variant, embedding(variant, random: &random), random: &random)
    switch model {
    case let chain as NoPropModels.Chain: try trainChain(variant, chain, random)
    case let continuous as ContinuousTimeNoProp<NoPropModels.Timed>:
      try trainWhole(variant, continuous, random) {
        continuous.logits(features: continuous.block.features(of: $0), steps: watchingSteps, rule: .sampled, random: &$1)
      }
    case let flow as FlowMatchingNoProp<NoPropModels.Timed>:
      try trainWhole(variant, flow, random) {
        flow.logits(features: flow.block.features(of: $0), steps: watchingSteps, solver: .euler, random: &$1)
      }
    case let whole as any TrainableClassifier: try trainWhole(variant, whole, random) { whole.logits(of: $0, random: &$1) }
    default: preconditionFailure("NoPropTraining: nothing trains \(type(of: model))")
    }
    return judged(variant, model)
  }

  /// As in the paper: AdamW for the chains and the baselines, Adam in continuous time.
  private func optimizer(_ variant: NoPropVariant, _ parameters: [Parameter]) -> any Optimizer {
    switch variant.method {
    case .continuous, .flow: Adam(parameters, learningRate: options.learningRate)
    case .discrete, .backpropagation, .adjoint, .convolutional:
      AdamW(parameters, learningRate: options.learningRate, weightDecay: options.weightDecay)
    }
  }

  // MARK: Loops

  /// NoProp's own loop: for every epoch, for every block, for every batch.
  private func trainChain(_ variant: NoPropVariant, _ model: NoPropModels.Chain, _ random: RandomStream) throws {
    let trainer = try DiscreteTimeTrainer(
      model,
      options: .init(
        weight: options.denoisingWeight, learningRate: options.learningRate, weightDecay: options.weightDecay,
        fixesTarget: options.fixesTarget && model.embedding.weight.isTrainable), random: random)
    var optimizers = ["shared": trainer.sharedOptimizer]
    for block in trainer.blockTrainers { optimizers["block-\(block.block)"] = block.optimizer }
    let loop = try loop(variant, model, optimizers: optimizers)
    try loop.run(over: BlockwiseBatches(loader: loader, blockCount: model.stepCount)) { batch, step in
      var random = step.random
      trainer.sharedRandom = random.split()
      trainer.blockTrainers[batch.block - 1].random = random.split()
      let loss = trainer.step(block: batch.block, images: batch.examples.features, labels: batch.examples.labels!)
      return ["cross entropy": loss.crossEntropy, "denoising": loss.denoising]
    } evaluate: { end in
      [Self.accuracyName: accuracy(epoch: end.epoch) { model.logits(of: $0, random: &$1) }]
    }
  }

  /// - Parameter inference: scores of images, for the accuracy that is watched.
  private func trainWhole(
    _ variant: NoPropVariant, _ model: some TrainableClassifier, _ random: RandomStream,
    inference: (Tensor, inout RandomStream) -> Tensor
  ) throws {
    let trainer = ClassifierTrainer(model, random: random) { optimizer(variant, $0) }
    let loop = try loop(variant, model, optimizers: ["": trainer.optimizer])
    try loop.run(over: loader) { batch, step in
      trainer.random = step.random
      return ["loss": trainer.step(images: batch.features, labels: batch.labels!)]
    } evaluate: { end in
      [Self.accuracyName: accuracy(epoch: end.epoch, inference)]
    }
  }

  private var loader: BatchLoader {
    BatchLoader(data.training, batchSize: options.batchSize, seed: seed, dropsLast: data.training.count > options.batchSize)
  }

  private func loop(
    _ variant: NoPropVariant, _ model: some Module, optimizers: [String: any Optimizer]
  ) throws -> TrainingLoop {
    let loop = TrainingLoop(model: model, optimizers: optimizers, epochs: options.epochs(of: variant), seed: seed)
    loop.recorder = run.recorder.scoped(scope(variant))
    loop.progress = run.progress
    loop.checkpoints = try run.checkpoints(scope(variant), options: options)
    loop.isResuming = run.isResuming
    return loop
  }

  private func scope(_ variant: NoPropVariant) -> String { "\(variant.rawValue)-seed-\(seed)" }

  private func curve(_ variant: NoPropVariant) -> [Double] {
    run.recorder.history["\(scope(variant))/\(Self.accuracyName)"]?.values ?? []
  }

  // MARK: Judging

  /// In percent, one inference an image.
  private func accuracy(epoch: Int, _ inference: (Tensor, inout RandomStream) -> Tensor) -> Double {
    var random = RandomStream(seed: seed, step: -1 - epoch)
    return 100 * batched { inference($0, &random) }.accuracy(data.test.labels!)
  }

  private func judged(_ variant: NoPropVariant, _ model: any Classifier) -> NoPropResult {
    var random = RandomStream(seed: seed, step: -1)
    let logits = withContext(.inference) {
      (0..<(variant.method == .convolutional ? 1 : options.inferenceRuns)).map { _ in batched { model.logits(of: $0, random: &random) } }
    }
    let accuracies = logits.map { 100 * $0.accuracy(data.test.labels!) }
    return NoPropResult(
      variant: variant, classifier: model, curve: curve(variant), accuracy: Measurement(accuracies).mean,
      inferences: RepeatedInference(logits))
  }

  /// Scores of the test images, some at a time.
  func batched(_ logits: (Tensor) -> Tensor) -> Tensor {
    let images = data.test.features
    let parts = stride(from: 0, to: data.test.count, by: 1000).map { start in
      let part = logits(images[start..<min(start + 1000, data.test.count)])
      evaluate(part)
      return part
    }
    return Tensor.concatenate(parts)
  }
}

extension Tensor {
  /// The share of labels that the scores (N, classes) get right.
  func accuracy(_ labels: Tensor) -> Double { Training.accuracy(logits: self, labels: labels).scalar(as: Double.self) }
}

/// Every batch of an epoch for block 1, then for block 2, and so on; each pass in an order of its own.
private struct BlockwiseBatches: BatchSource {
  struct BlockBatch {
    /// 1 ... T.
    let block: Int
    let examples: Datasets.Batch
  }

  let loader: BatchLoader
  let blockCount: Int

  var batchesPerEpoch: Int { loader.batchesPerEpoch * blockCount }
  var itemName: String { "images" }

  func batches(ofEpoch epoch: Int, from first: Int) throws -> () throws -> BlockBatch? {
    let perPass = loader.batchesPerEpoch
    var block = first / perPass
    var pass: (() throws -> Datasets.Batch?)?
    if block < blockCount { pass = try loader.batches(ofEpoch: epoch * blockCount + block, from: first % perPass) }
    return {
      while block < blockCount {
        if let batch = try pass?() { return BlockBatch(block: block + 1, examples: batch) }
        block += 1
        pass = block < blockCount ? try loader.batches(ofEpoch: epoch * blockCount + block, from: 0) : nil
      }
      return nil
    }
  }

  func itemCount(of batch: BlockBatch) -> Int { batch.examples.count }
}
