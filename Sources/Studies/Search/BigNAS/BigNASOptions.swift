import Search

/// Which space of networks is searched.
public enum BigNASSpace: String, SupernetSpace, Codable, CaseIterable {
  /// FMB-5N: the largest network costs 3.2 times the smallest.
  case fiveBlocksNarrow = "five-blocks-narrow"
  /// FMB-5: 15 times.
  case fiveBlocks = "five-blocks"
  /// FMB-5W: elastic widths, every block with a residual path.
  case fiveBlocksWide = "five-blocks-wide"
  case bigNAS = "bignas"
  case attentiveNAS = "attentive-nas"

  package func configuration(channels: Int, classes: Int) -> SupernetConfiguration {
    switch self {
    case .fiveBlocksNarrow: .fiveBlocksNarrow(inputChannels: channels, classCount: classes)
    case .fiveBlocks: .fiveBlocks(inputChannels: channels, classCount: classes, hasKernelTransforms: false)
    case .fiveBlocksWide: .fiveBlocksWide(inputChannels: channels, classCount: classes)
    case .bigNAS: .bigNAS(classCount: classes)
    case .attentiveNAS: .attentiveNAS(classCount: classes)
    }
  }

  package var channels: Int? { self == .bigNAS || self == .attentiveNAS ? 3 : nil }

  /// The middle network that others have measured, where there is one: kernels 5, 3, 5, 3, 5 and expansions 4, 3, 3, 4, 3 at depths 2 and 2 and 20 pixels.
  func middle(of design: SupernetDesign) throws(SearchSpaceError) -> Architecture? {
    guard self == .fiveBlocksNarrow else { return nil }
    return try design.space.architecture([
      "resolution": 20, "A.depth": 2, "B.depth": 2, "A.1.kernel": 5, "A.2.kernel": 3, "B.1.kernel": 5, "B.2.kernel": 3, "A.1.expand": 4,
      "A.2.expand": 3, "B.1.expand": 3, "B.2.expand": 4,
    ])
  }
}

public enum BigNASOptimizer: String, OptionValue, Codable, CaseIterable {
  /// With Nesterov's momentum of 0.9.
  case sgd
  /// With momentum 0.9 and epsilon 1e-3.
  case rmsprop
}

/// What can be set about the study of BigNAS.
public struct BigNASOptions: SupernetOptions {
  public var space = BigNASSpace.fiveBlocksNarrow
  public var variants: [BigNASVariant] = [.uniform, .sandwichLabels, .sandwich, .warm]
  public var ablations: [BigNASVariant] = []
  public var seeds = 3
  public var lengths: [Int] = []
  public var trainingExamples = 6000
  public var validationExamples = 2000
  public var testExamples = 10_000
  public var batchSize = 64
  public var augmentation = PictureVariation.shift
  public var epochs = 8
  public var warmUpEpochs = 0.5
  public var networks = 4
  public var gradientWeight = 0.5
  public var optimizer = BigNASOptimizer.sgd
  public var rmspropDecay = 0.9
  public var learningRate = 0.1
  public var rateFloor = 0.05
  public var rateFactor = 0.0
  public var distillation = 1.0
  public var warmShare = 0.5
  public var rampShare = 0.125
  public var smoothing = 0.1
  public var dropout = 0.2
  public var dropPath = 0.2
  public var weightDecay = 1e-5
  public var valueClip = 0.0
  public var calibrationImages = 1000
  public var references = 8
  public var standsAlone = true
  public var budgets: [Int] = [130_000, 200_000, 280_000]
  public var mutations = 40
  public var fineTuning = true
  public var latencyRuns = 30

  public static let fields: [Field] =
    spaceFields + variantFields + pictureFields + trainingFields + lossFields + judgementFields + selectionFields

  private static let variantFields: [Field] = [
    Field("variants", \.variants, "ways of training, each with every seed"),
    Field(
      "ablations", \.ablations, "further ways of training, left out of the figure", allowed: "\([BigNASVariant].optionMeaning), or none"
    ) { _ in true },
    Field(
      "lengths", \.lengths, "numbers of epochs for which distillation in place is set beside labels; none leaves it out",
      allowed: "whole numbers from 1 to 10000, or none"
    ) {
      $0.allSatisfy((1...10_000).contains)
    },
  ]

  private static let trainingFields: [Field] = [
    Field("epochs", \.epochs, "of every way of training", in: 1...100_000),
    Field("warmUpEpochs", \.warmUpEpochs, "in which the rate rises from 0", in: 0...1000),
    Field("networks", \.networks, "networks a step: the biggest, the smallest and random ones", in: 2...64),
    Field("gradientWeight", \.gradientWeight, "of every network's loss", in: 1e-6...100),
    Field("optimizer", \.optimizer, "of the weights"),
    Field("rmspropDecay", \.rmspropDecay, "of the mean square of RMSProp", in: 0...0.99999),
    Field("learningRate", \.learningRate, "peak", in: 1e-6...100),
    Field("rateFloor", \.rateFloor, "share of the peak at which a decaying rate stays", in: 0...1),
    Field("rateFactor", \.rateFactor, "factor of the rate every 2.4 epochs; 0 fits the decay to the epochs", in: 0...1),
    Field("distillation", \.distillation, "weight of the biggest network's prediction beside labels (sandwich-mixed)", in: 0...100),
    Field("warmShare", \.warmShare, "share of the steps in which the biggest network learns alone (warm)", in: 0...1),
    Field("rampShare", \.rampShare, "share of the steps after these in which the others' weight grows to 1 (warm)", in: 0...1),
    Field("dropPath", \.dropPath, "share of samples without the biggest network's last branch", in: 0...0.9),
    Field("valueClip", \.valueClip, "limit of every element of the gradient; 0 leaves them", in: 0...1e6),
    Field("standsAlone", \.standsAlone, "trains these networks alone as well, with the first seed"),
  ]

  private static let selectionFields: [Field] = [
    Field("budgets", \.budgets, "bounds of the selection, in multiply-adds", eachIn: 1...100_000_000_000),
    Field("mutations", \.mutations, "changes tried around the best skeleton within each bound", in: 0...100_000),
    Field("fineTuning", \.fineTuning, "lets three networks learn by themselves for an epoch, at a hundredth of the rate"),
  ]

  public func validate() throws(OptionError) {
    for (field, list) in [("variants", variants), ("ablations", ablations)] where Set(list).count != list.count {
      throw OptionError(field: field, value: list.optionText, expected: "each at most once")
    }
    guard !variants.isEmpty else { throw OptionError(field: "variants", value: "", expected: "at least one") }
    if let both = ablations.first(where: variants.contains) {
      throw OptionError(field: "ablations", value: both.rawValue, expected: "none that is among the variants")
    }
  }

  /// Drawn gratings, one seed: seconds.
  static let quick: BigNASOptions = {
    var options = BigNASOptions()
    options.takeFewPictures()
    options.epochs = 6
    options.standsAlone = false
    options.variants = [.uniform, .sandwichLabels, .sandwich]
    options.mutations = 10
    return options
  }()

  /// FMB-5N on small pictures, three seeds.
  static let reduced = BigNASOptions()

  /// The paper's space on ImageNet: rates are for 4096 pictures a step.
  static let paper: BigNASOptions = {
    var options = BigNASOptions()
    options.takeImageNet()
    options.space = .bigNAS
    options.variants = [.constantEnding]
    options.batchSize = 4096
    options.epochs = 365
    options.warmUpEpochs = 5
    options.gradientWeight = 1
    options.optimizer = .rmsprop
    options.learningRate = 0.256
    options.rateFactor = 0.97
    options.calibrationImages = 32_000
    options.standsAlone = false
    options.budgets = [242_000_000, 418_000_000, 586_000_000, 1_040_000_000]
    options.mutations = 200
    return options
  }()
}
