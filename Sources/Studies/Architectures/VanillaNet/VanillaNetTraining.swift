import Architectures
import Datasets
import Layers
import Tensors
import Training

/// One trained variant with one seed.
struct VanillaNetResult {
  let variant: VanillaNetVariant
  let network: Network
  /// Test accuracy in percent after every epoch.
  let curve: [Double]
  /// Test accuracy in percent of the trained graph, lambda as training left it.
  let trainedAccuracy: Double
  /// The same with lambda = 1; other than `trainedAccuracy` only where lambda had to be snapped.
  let linearAccuracy: Double
  /// The same of the merged network.
  let deployedAccuracy: Double
  /// Test images whose class the merged network calls otherwise than the trained one with lambda = 1.
  let changedPredictions: Int
  /// Of the trained network with lambda = 1 against the merged one, over all test images.
  let largestDifference: Double
  let largestLogit: Double
  /// lambda when training ended.
  let finalSlope: Double

  enum Network {
    case vanilla(VanillaNet, DeployedVanillaNet)
    case residual(ResidualClassifier, FoldedResidualClassifier)

    var trained: any Layer {
      switch self {
      case .vanilla(let network, _): network
      case .residual(let network, _): network
      }
    }

    var deployed: any Layer {
      switch self {
      case .vanilla(_, let network): network
      case .residual(_, let network): network
      }
    }
  }
}

/// Trains the variants of one seed.
struct VanillaNetTraining {
  let options: VanillaNetOptions
  let data: VanillaNetData
  let run: StudyRun
  let seed: Int

  private static let accuracyName = "test accuracy"

  /// A fresh network of a variant.
  /// - Throws: `StudyError` where images and network do not fit.
  func network(_ variant: VanillaNetVariant, random: inout RandomStream) throws -> any Layer {
    if variant.residualScale != nil { return ResidualClassifier(try residualConfiguration(variant), random: &random) }
    let configuration = try options.configuration(
      variant, side: data.imageShape[0], channels: data.imageShape[2], classes: data.classCount)
    try data.check(fits: configuration)
    return try VanillaNet(configuration, random: &random)
  }

  /// A residual network with the multiply-adds of the merged network, or a multiple of them.
  func residualConfiguration(_ variant: VanillaNetVariant) throws -> ResidualClassifier.Configuration {
    let own = try options.configuration(
      .vanillanet, side: data.imageShape[0], channels: data.imageShape[2], classes: data.classCount)
    try data.check(fits: own)
    let target = Double(try own.deployedMultiplyAdds(height: data.imageShape[0], width: data.imageShape[1])) * variant.residualScale!
    return ResidualClassifier.Configuration(channels: data.imageShape[2], classes: data.classCount, stemStride: own.stemStride > 2 ? 2 : 1)
      .matching(multiplyAdds: Int(target), height: data.imageShape[0], width: data.imageShape[1])
  }

  func train(_ variant: VanillaNetVariant) throws -> VanillaNetResult {
    var random = RandomStream(seed: seed, step: VanillaNetVariant.allCases.firstIndex(of: variant)!)
    let model = try network(variant, random: &random)
    let optimizer = optimizer(for: model)
    let average = options.averageDecay > 0 ? MovingAverage(of: averaged(model), decay: options.averageDecay) : nil
    let loop = try loop(variant, model, optimizer, average)
    let slopes = SlopeSchedule(decayEpochs: options.decayEpochs(variant), form: options.decayForm)
    try loop.run(over: loader) { batch, step in
      if let network = model as? VanillaNet, variant.isDeep { try network.setSlope(slopes.slope(epoch: step.epoch)) }
      let loss = optimizer.minimize(self.loss(model, batch, step))
      average?.update()
      return ["loss": loss]
    } evaluate: { _ in
      func accuracy() -> Double { 100 * logits(model).accuracy(data.test.labels!) }
      return [Self.accuracyName: average?.withAverages(accuracy) ?? accuracy()]
    }
    if let average {
      for (parameter, value) in zip(average.parameters, average.values) { parameter.assign(value) }
    }
    return try judged(variant, model)
  }

  // MARK: Loss

  private func loss(_ model: any Layer, _ batch: Datasets.Batch, _ step: TrainingStep) -> Tensor {
    var (images, targets) = (batch.features, Tensor?.none)
    if options.mixupAlpha > 0 || options.cutMixAlpha > 0 {
      var random = SplitMix64(seed: seed, 0x6d69_78, step.index)
      let usesCutMix = options.mixupAlpha == 0 || (options.cutMixAlpha > 0 && random.bernoulli(0.5))
      let mixing: BatchMixing = usesCutMix ? .cutMix(alpha: Float(options.cutMixAlpha)) : .mixup(alpha: Float(options.mixupAlpha))
      let mixed = mixing.mixed(
        images, labels: batch.labels!.array(of: Int.self), classCount: data.classCount, random: &random)
      (images, targets) = (mixed.features, mixed.targets)
    }
    let logits = model(images)
    switch options.loss {
    case .crossEntropy:
      guard let targets else { return crossEntropy(logits, labels: batch.labels!, smoothing: options.smoothing) }
      return crossEntropy(logits, targets: smoothed(targets))
    case .binaryCrossEntropy:
      return binaryCrossEntropy(logits: logits, targets: smoothed(targets ?? batch.labels!.oneHot(data.classCount)))
    }
  }

  private func smoothed(_ targets: Tensor) -> Tensor {
    options.smoothing == 0 ? targets : targets * (1 - options.smoothing) + options.smoothing / Double(data.classCount)
  }

  // MARK: Loop

  private func optimizer(for model: any Layer) -> any Optimizer {
    let groups =
      (model as? VanillaNet)?.parameterGroups(layerDecay: options.layerDecay, groups: options.layerGroups)
      ?? model.groupsDecayingMatricesOnly()
    return switch options.optimizer {
    case .adamw: AdamW(groups, learningRate: options.learningRate, weightDecay: options.weightDecay)
    case .lamb: LAMB(groups, learningRate: options.learningRate, epsilon: 1e-8, weightDecay: options.weightDecay)
    }
  }

  /// Everything but lambda, which has the same value in every copy.
  private func averaged(_ model: any Layer) -> [Parameter] {
    let slope = (model as? VanillaNet)?.slope
    return model.namedParameters.map(\.parameter).filter { $0 !== slope }
  }

  private var loader: BatchLoader {
    BatchLoader(
      data.training, batchSize: options.batchSize, seed: seed, dropsLast: data.training.count > options.batchSize,
      augmentations: augmentations, normalization: data.normalization)
  }

  private var augmentations: [any Augmentation] {
    switch options.augmentation {
    case .none: []
    case .crop: [RandomCrop(padding: max(1, data.imageShape[0] / 8)), HorizontalFlip()]
    case .paper:
      [
        RandomResizedCrop(height: data.imageShape[0], width: data.imageShape[1]), HorizontalFlip(),
        RandAugment(operations: 2, magnitude: 7, magnitudeDeviation: 0.5), RandomErasing(probability: 0.25),
      ]
    }
  }

  private func loop(
    _ variant: VanillaNetVariant, _ model: any Layer, _ optimizer: any Optimizer, _ average: MovingAverage?
  ) throws -> TrainingLoop {
    let loop = TrainingLoop(model: model, optimizer: optimizer, epochs: options.epochs, seed: seed)
    let steps = options.epochs * loader.batchesPerEpoch
    let warmup = min(options.warmupSteps, steps / 2)
    loop.schedule = CosineSchedule(
      base: options.learningRate, steps: max(1, steps - warmup), minimum: min(options.minimumRate, options.learningRate)
    ).warmedUp(steps: warmup)
    loop.recorder = run.recorder.scoped(scope(variant))
    loop.progress = run.progress
    loop.checkpoints = try run.checkpoints(scope(variant), options: options)
    loop.isResuming = run.isResuming
    if let average { loop.track("average", get: { average.state }, set: { average.state = $0 }) }
    return loop
  }

  private func scope(_ variant: VanillaNetVariant) -> String { "\(variant.rawValue)-seed-\(seed)" }

  // MARK: Judging

  private func judged(_ variant: VanillaNetVariant, _ model: any Layer) throws -> VanillaNetResult {
    let labels = data.test.labels!
    let trained = logits(model)
    let finalSlope = (model as? VanillaNet)?.currentSlope ?? 1
    let network: VanillaNetResult.Network
    var linear = trained
    switch model {
    case let vanilla as VanillaNet:
      if finalSlope < 1 {
        try vanilla.setSlope(1)
        linear = logits(vanilla)
      }
      network = .vanilla(vanilla, try vanilla.deployed())
    case let residual as ResidualClassifier: network = .residual(residual, FoldedResidualClassifier(residual))
    default: preconditionFailure("VanillaNetTraining: nothing deploys \(type(of: model))")
    }
    let deployed = logits(network.deployed)
    let changed = (deployed.argMax() .!= linear.argMax()).cast(to: .int64).sum()
    let (difference, largest) = ((deployed - linear).abs().max(), linear.abs().max())
    evaluate(changed, difference, largest)
    return VanillaNetResult(
      variant: variant, network: network, curve: run.recorder.history["\(scope(variant))/\(Self.accuracyName)"]?.values ?? [],
      trainedAccuracy: 100 * trained.accuracy(labels), linearAccuracy: 100 * linear.accuracy(labels),
      deployedAccuracy: 100 * deployed.accuracy(labels), changedPredictions: changed.scalar(as: Int.self),
      largestDifference: difference.scalar(as: Double.self), largestLogit: largest.scalar(as: Double.self), finalSlope: finalSlope)
  }

  /// Scores of the test images, some at a time.
  func logits(_ model: any Layer) -> Tensor {
    let parts = stride(from: 0, to: data.test.count, by: 500).map { start in
      let part = withContext(.inference) { model(data.testImages(start..<min(start + 500, data.test.count))) }
      evaluate(part)
      return part
    }
    return Tensor.concatenate(parts)
  }
}
