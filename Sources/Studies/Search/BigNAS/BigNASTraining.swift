import Datasets
import Layers
import Search
import Tensors
import Training

/// One way of training with one seed.
struct BigNASResult {
  let variant: BigNASVariant
  let supernet: Supernet
  /// Of test pictures in percent, calibrated, by reference network.
  let accuracies: [Double]
  let outcome: SupernetOutcome
  var cost: TrainingCost { outcome.cost }
}

/// Trains supernets and single networks.
struct BigNASTraining {
  let setup: SupernetSetup<BigNASOptions>
  let references: ReferenceNetworks
  let seed: Int

  private var options: BigNASOptions { setup.options }
  private var training: SupernetTraining<BigNASOptions> { SupernetTraining(setup: setup, seed: seed) }

  /// - Parameter epochs: nil takes the options'.
  func train(_ variant: BigNASVariant, epochs: Int? = nil) throws -> BigNASResult {
    let count = epochs ?? options.epochs
    let supernet = training.supernet(zeroesLastScale: variant != .fullScale)
    let steps = count * training.stepsPerEpoch
    let warmSteps = Int((options.warmShare * Double(steps)).rounded())
    let rampSteps = max(1, Int((options.rampShare * Double(steps)).rounded()))
    let rule = try rule(variant)
    let space = setup.design.space
    let plans: (inout SplitMix64, Int) -> StepPlan
    switch variant {
    case .uniform:
      let uniform = UniformSampling(networks: options.networks, smoothing: options.smoothing, gradientWeight: options.gradientWeight)
      plans = { random, _ in uniform.step(space, using: &random) }
    case .warm:
      let start = WarmStart(rule, warmSteps: warmSteps, rampSteps: rampSteps)
      plans = { random, step in start.step(step, space, using: &random) }
    default: plans = { random, _ in rule.step(space, using: &random) }
    }
    let part = epochs == nil ? variant.rawValue : "\(variant.rawValue)-\(count)-epochs"
    let outcome = try training.train(
      part, supernet, optimizer: optimizer(supernet), epochs: count, schedule: schedule(variant, epochs: count),
      judges: [space.minimum, space.maximum], judgements: 4, sortingBefore: variant == .warm ? warmSteps : nil, plan: plans)
    return BigNASResult(
      variant: variant, supernet: supernet, accuracies: references.accuracies(in: supernet, by: setup.evaluator), outcome: outcome)
  }

  /// One reference network by itself, as long as a supernet.
  func trainAlone(_ index: Int) throws -> (accuracy: Double, outcome: SupernetOutcome) {
    let supernet = training.supernet(zeroesLastScale: true, number: 1 + index)
    return try training.trainAlone(
      String(index), references.all[index].architecture, in: supernet, optimizer: optimizer(supernet), epochs: options.epochs,
      schedule: schedule(.sandwich, epochs: options.epochs),
      regularization: .init(dropout: options.dropout, dropPath: options.dropPath))
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
    case .sgd: training.optimizer(supernet)
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
