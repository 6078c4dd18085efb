import Datasets
import Layers
import Search
import Tensors
import Training

/// The networks that every way of training is judged by: smallest, middle, largest, and random ones that are the same in every run.
struct BigNASReferences {
  let names: [String]
  let architectures: [Architecture]
  let multiplyAdds: [Int]

  static let (smallest, middle, largest) = (0, 1, 2)

  /// - Throws: `SearchSpaceError`
  init(_ design: SupernetDesign, space: BigNASSpace, count: Int) throws {
    var middle = design.space.middle
    if space == .fiveBlocksNarrow {
      // Kernels 5, 3, 5, 3, 5 and expansions 4, 3, 3, 4, 3 at depths 2 and 2 and 20 pixels.
      middle = try design.space.architecture([
        "resolution": 20, "A.depth": 2, "B.depth": 2, "A.1.kernel": 5, "A.2.kernel": 3, "B.1.kernel": 5, "B.2.kernel": 3, "A.1.expand": 4,
        "A.2.expand": 3, "B.1.expand": 3, "B.2.expand": 4,
      ])
    }
    var random = SplitMix64(seed: 20)
    var drawn: [Architecture] = []
    for _ in 0..<count { drawn.append(design.space.sample(using: &random)) }
    architectures = [design.space.minimum, middle, design.space.maximum] + drawn
    names = ["smallest", "middle", "largest"] + (0..<count).map { "random \($0 + 1)" }
    multiplyAdds = architectures.map { design.subnet($0).multiplyAdds }
  }
}

/// One way of training with one seed.
struct BigNASResult {
  let variant: BigNASVariant
  let supernet: Supernet
  /// Of test pictures in percent, calibrated, by reference network.
  let accuracies: [Double]
  let cost: TrainingCost
}

/// Trains supernets and single networks.
struct BigNASTraining {
  let options: BigNASOptions
  let data: SupernetData
  let design: SupernetDesign
  let references: BigNASReferences
  let run: StudyRun
  let seed: Int

  private var training: SupernetTraining<BigNASOptions> {
    SupernetTraining(data: data, options: options, run: run, seed: seed, batchSize: options.batchSize)
  }
  var evaluator: SubnetEvaluator { data.evaluator(calibrationImages: options.calibrationImages) }

  /// - Parameter epochs: nil takes the options'.
  func train(_ variant: BigNASVariant, epochs: Int? = nil) throws -> BigNASResult {
    let count = epochs ?? options.epochs
    let supernet = training.supernet(design, zeroesLastScale: variant != .fullScale)
    let steps = count * training.stepsPerEpoch
    let rule = try rule(variant)
    let space = design.space
    let plans: (inout SplitMix64, Int) -> StepPlan
    switch variant {
    case .uniform:
      let uniform = UniformSampling(networks: options.networks, smoothing: options.smoothing, gradientWeight: options.gradientWeight)
      plans = { random, _ in uniform.step(space, using: &random) }
    case .warm:
      let start = WarmStart(rule, warmSteps: steps / 3, rampSteps: max(1, steps / 6))
      plans = { random, step in start.step(step, space, using: &random) }
    default: plans = { random, _ in rule.step(space, using: &random) }
    }
    let part = epochs == nil ? variant.rawValue : "\(variant.rawValue)-\(count)-epochs"
    let switchStep = variant == .warm ? steps / 3 : nil
    let cost = try training.train(
      part, supernet, optimizer: optimizer(supernet), epochs: count, schedule: schedule(variant, epochs: count), sortingBefore: switchStep,
      plan: plans)
    let evaluator = evaluator
    return BigNASResult(
      variant: variant, supernet: supernet,
      accuracies: references.architectures.map { 100 * evaluator.accuracy(of: $0, in: supernet) }, cost: cost)
  }

  /// One reference network by itself, as long as a supernet.
  func trainAlone(_ index: Int) throws -> (accuracy: Double, cost: TrainingCost) {
    let supernet = training.supernet(design, zeroesLastScale: true, number: 1 + index)
    let architecture = references.architectures[index]
    let entry = StepEntry(
      architecture, loss: .init(smoothing: options.smoothing), regularization: .init(dropout: options.dropout, dropPath: options.dropPath))
    let cost = try training.train(
      "alone-\(index)", supernet, optimizer: optimizer(supernet), epochs: options.epochs,
      schedule: schedule(.sandwich, epochs: options.epochs)
    ) { _, _ in StepPlan([entry]) }
    return (100 * evaluator.accuracy(of: architecture, in: supernet), cost)
  }

  private func rule(_ variant: BigNASVariant) throws -> SandwichRule {
    let loss: SandwichRule.ChildLoss =
      switch variant {
      case .sandwichLabels: .labels
      case .sandwichMixed: .mixed(distillation: options.distillation)
      default: .inPlace
      }
    return try SandwichRule(
      networks: options.networks, childLoss: loss, smoothing: options.smoothing,
      regularization: .init(dropout: options.dropout, dropPath: options.dropPath),
      regularized: variant == .regularizesAll ? .all : .biggest, gradientWeight: options.gradientWeight,
      clipping: options.valueClip > 0 ? .value(options.valueClip) : .none)
  }

  private func optimizer(_ supernet: Supernet) -> any Optimizer {
    switch options.optimizer {
    case .sgd: training.optimizer(supernet, weightDecay: options.weightDecay)
    case .rmsprop:
      RMSprop(
        supernet.groupsDecayingMatricesOnly(), learningRate: 0, decay: options.rmspropDecay, epsilon: 1e-3, momentum: 0.9,
        weightDecay: options.weightDecay)
    }
  }

  private func schedule(_ variant: BigNASVariant, epochs: Int) -> any LearningRateSchedule {
    let perEpoch = training.stepsPerEpoch
    if variant == .constantEnding {
      return options.rateFactor > 0
        ? ConstantEndingSchedule(
          peak: options.learningRate, stepsPerEpoch: perEpoch, warmUpEpochs: options.warmUpEpochs, factor: options.rateFactor,
          floor: options.rateFloor)
        : .compressed(
          peak: options.learningRate, stepsPerEpoch: perEpoch, epochs: epochs, warmUpEpochs: options.warmUpEpochs, floor: options.rateFloor)
    }
    let warmUp = Int((options.warmUpEpochs * Double(perEpoch)).rounded())
    return CosineSchedule(base: options.learningRate, steps: max(1, epochs * perEpoch - warmUp)).warmedUp(steps: warmUp)
  }
}
