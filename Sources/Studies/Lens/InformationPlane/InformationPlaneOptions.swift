import Lens

/// What can be set about the study of the information plane.
public struct InformationPlaneOptions: StudyOptions {
  public var variants: [InformationPlaneVariant] = InformationPlaneVariant.all
  public var networks = 3
  public var hiddenUnits = [10, 7, 5, 4, 3]
  public var epochs = 1000
  public var batchSize = 256
  public var learningRate = 2e-3
  public var trainingShare = 0.8
  public var smallShare = 0.05
  public var recordPoints = 40
  public var bins = 30
  public var binCounts = [5, 12, 18, 25, 30, 35, 50]
  public var gradientBatches = 12
  public var kernelVariance = 0.1
  public var kernelPoints = 8
  public var kernelSamples = 1024
  public var decoderEpochs = 10
  public var depths = [1, 3, 5]
  public var shares = [0.03, 0.2, 0.45]
  public var depthNetworks = 10
  public var sweepEpochs = 400
  public var steepness = 1.5
  public var betaCount = 40
  public var examples = 2000
  public var pictureNetworks: [PictureNetwork] = [.perceptron, .convolutional]
  public var pictures = 4000
  public var pictureEpochs = 10
  public var pictureBatchSize = 64
  public var pictureLearningRate = 1e-3

  public static let fields: [Field] = [
    Field("variants", \.variants, "what is trained, each on the same task"),
    Field("networks", \.networks, "networks of each variant, trained at once; network k starts from seed + k", in: 1...1000),
    Field("hiddenUnits", \.hiddenUnits, "units of the hidden layers", eachIn: 1...1000),
    Field("epochs", \.epochs, "passes over the training patterns", in: 2...1_000_000),
    Field("batchSize", \.batchSize, "patterns a step", in: 2...100_000),
    Field("learningRate", \.learningRate, "of Adam", in: 1e-7...1),
    Field(
      "trainingShare", \.trainingShare, "the part of the patterns that a network learns from; information is measured on all", in: 0.01...1),
    Field("smallShare", \.smallShare, "the part of the variant small-sample", in: 0.005...1),
    Field("recordPoints", \.recordPoints, "epochs at which networks are looked at, by logarithm", in: 3...10_000),
    Field("bins", \.bins, "bin edges", in: 2...1000),
    Field("binCounts", \.binCounts, "bin edges that are compared at the end", eachIn: 2...1000),
    Field("gradientBatches", \.gradientBatches, "batches whose gradients are compared, at fixed weights", in: 2...1000),
    Field("kernelVariance", \.kernelVariance, "sigma^2 of the kernel density estimate", in: 1e-6...1e6),
    Field("kernelPoints", \.kernelPoints, "epochs at which kernel densities are estimated; 0 leaves them out", in: 0...1000),
    Field("kernelSamples", \.kernelSamples, "patterns for estimates by distances", in: 16...100_000),
    Field("decoderEpochs", \.decoderEpochs, "training of the decoder of the variational bound; 0 leaves it out", in: 0...1000),
    Field("depths", \.depths, "numbers of hidden layers that are compared", eachIn: 1...20),
    Field("shares", \.shares, "parts of the patterns that are compared", eachIn: 0.005...1),
    Field("depthNetworks", \.depthNetworks, "networks of each depth", in: 1...1000),
    Field("sweepEpochs", \.sweepEpochs, "epochs of these comparisons; 0 leaves them out", in: 0...1_000_000),
    Field("steepness", \.steepness, "gamma of the noisy rule behind the bottleneck's curve", in: 1e-3...1e3),
    Field("betaCount", \.betaCount, "points of the bottleneck's curve", in: 2...1000),
    Field("examples", \.examples, "rows of a given table, at most", in: 16...100_000),
    Field("pictureNetworks", \.pictureNetworks, "what is trained where --data holds pictures, instead of the variants"),
    Field("pictures", \.pictures, "pictures to learn from, at most", in: 16...10_000_000),
    Field("pictureEpochs", \.pictureEpochs, "passes over the pictures", in: 1...100_000),
    Field("pictureBatchSize", \.pictureBatchSize, "pictures a step", in: 1...100_000),
    Field("pictureLearningRate", \.pictureLearningRate, "of Adam, on pictures", in: 1e-7...1),
  ]

  public func validate() throws(OptionError) {
    guard Set(variants).count == variants.count, variants.contains(.tanh) else {
      throw OptionError(field: "variants", value: variants.optionText, expected: "tanh, and others each at most once")
    }
    guard Set(pictureNetworks).count == pictureNetworks.count else {
      throw OptionError(field: "pictureNetworks", value: pictureNetworks.optionText, expected: "each at most once")
    }
  }

  static let quick: InformationPlaneOptions = {
    var options = InformationPlaneOptions()
    options.variants = [.tanh, .relu, .smallSample]
    options.networks = 2
    options.epochs = 250
    options.recordPoints = 24
    options.kernelPoints = 3
    options.kernelSamples = 512
    options.decoderEpochs = 0
    options.depthNetworks = 2
    options.sweepEpochs = 0
    options.betaCount = 12
    options.pictures = 1000
    options.pictureEpochs = 2
    return options
  }()

  static let reduced = InformationPlaneOptions()

  /// Figures 2 to 7: 50 networks, 8000 epochs in batches of 512.
  static let paper: InformationPlaneOptions = {
    var options = InformationPlaneOptions()
    options.networks = 50
    options.epochs = 8000
    options.batchSize = 512
    options.learningRate = 4e-4
    options.trainingShare = 0.85
    options.recordPoints = 400
    options.kernelPoints = 20
    options.kernelSamples = 4096
    options.depths = [1, 2, 3, 4, 5, 6]
    options.shares = [0.03, 0.05, 0.15, 0.25, 0.45, 0.65, 0.85]
    options.depthNetworks = 50
    options.sweepEpochs = 8000
    options.pictures = 60_000
    options.pictureEpochs = 100
    return options
  }()
}

/// What can be trained side by side.
public enum InformationPlaneVariant: String, OptionValue, Codable, CaseIterable {
  case tanh, relu, linear
  case randomLabels = "random-labels"
  case permutedInputs = "permuted-inputs"
  case smallSample = "small-sample"
  case bottleneck

  static let all: [InformationPlaneVariant] = [.tanh, .relu, .linear, .randomLabels, .smallSample, .bottleneck]

  var activation: NetworkEnsemble.HiddenActivation {
    switch self {
    case .relu: .relu
    case .linear: .linear
    default: .tanh
    }
  }

  /// As tables and figures call it.
  var title: String {
    switch self {
    case .tanh: "tanh"
    case .relu: "ReLU"
    case .linear: "linear"
    case .randomLabels: "tanh, random labels"
    case .permutedInputs: "tanh, permuted inputs"
    case .smallSample: "tanh, small sample"
    case .bottleneck: "tanh, one unit a layer"
    }
  }
}
