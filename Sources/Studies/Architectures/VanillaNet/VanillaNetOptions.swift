import Architectures

/// What can be set about the study of VanillaNet.
public struct VanillaNetOptions: StudyOptions {
  public enum OptimizerChoice: String, OptionValue, Codable, CaseIterable { case adamw, lamb }

  public enum LossChoice: String, OptionValue, Codable, CaseIterable {
    case crossEntropy = "cross-entropy"
    /// A sigmoid a class, against soft targets.
    case binaryCrossEntropy = "binary-cross-entropy"
  }

  public enum AugmentationChoice: String, OptionValue, Codable, CaseIterable {
    case none
    /// Crops of images padded by an eighth, and flips.
    case crop
    /// Random resized crops, flips, RandAugment (two operations of magnitude 7), random erasing.
    case paper
  }

  public var variants: [VanillaNetVariant]
  public var seeds = 3
  public var trainingExamples = 2000
  public var testExamples = 1000
  public var side = 20
  public var depth = 0
  public var widths = [48, 48, 96, 192]
  public var strides = [1, 2, 2]
  public var stemKernel = 0
  public var seriesTerms = 1
  public var epochs = 24
  public var decayShare = 0.5
  public var decayForm = SlopeSchedule.Form.linear
  public var batchSize = 64
  public var optimizer = OptimizerChoice.adamw
  public var learningRate = 5e-3
  public var minimumRate = 0.0
  public var warmupSteps = 20
  public var weightDecay = 0.05
  public var layerDecay = 1.0
  public var layerGroups = 1
  public var loss = LossChoice.crossEntropy
  public var smoothing = 0.0
  public var mixupAlpha = 0.0
  public var cutMixAlpha = 0.0
  public var augmentation = AugmentationChoice.none
  public var dropout = 0.0
  public var averageDecay = 0.0
  public var latencyRuns = 30

  public static let fields: [Field] = [
    Field("variants", \.variants, "what is trained, each on the same images"),
    Field("seeds", \.seeds, "repetitions with other initial weights and orders", in: 1...100),
    Field(
      "trainingExamples", \.trainingExamples, "images to learn from, at most; drawn by the seed where there are more", in: 10...10_000_000),
    Field("testExamples", \.testExamples, "images to judge by, at most", in: 10...10_000_000),
    Field("side", \.side, "pixels a side of drawn images, and of images from folders", in: 8...1024),
    Field(
      "depth", \.depth, "0 takes widths, strides and stemKernel; 5 to 13 a published network", allowed: "0, or a whole number from 5 to 13"
    ) {
      $0 == 0 || VanillaNetConfiguration.publishedDepths.contains($0)
    },
    Field("widths", \.widths, "channels after the stem and after each layer", eachIn: 1...8192),
    Field("strides", \.strides, "of each layer, by max pooling", eachIn: 1...8),
    Field(
      "stemKernel", \.stemKernel,
      "extent and stride of the stem's kernel; 0 takes 4 for images of more than 24 pixels a side, 2 for others", in: 0...16),
    Field("seriesTerms", \.seriesTerms, "n of the series activation", in: 0...8),
    Field("epochs", \.epochs, "passes over the training images", in: 1...100_000),
    Field("decayShare", \.decayShare, "D: the share of the epochs after which lambda is 1; 0 begins there", in: 0...1),
    Field("decayForm", \.decayForm, "how lambda grows"),
    Field("batchSize", \.batchSize, "images a step", in: 2...100_000),
    Field("optimizer", \.optimizer, "what changes the weights"),
    Field("learningRate", \.learningRate, "the highest, after the warm-up", in: 1e-8...10),
    Field("minimumRate", \.minimumRate, "the rate at the end of the cosine", in: 0...10),
    Field("warmupSteps", \.warmupSteps, "steps of the rise", in: 0...1_000_000),
    Field("weightDecay", \.weightDecay, "decoupled; kernels only", in: 0...10),
    Field("layerDecay", \.layerDecay, "factor of the rate from one group of layers to the one before it", in: 0.01...1),
    Field("layerGroups", \.layerGroups, "groups of layers for layerDecay", in: 1...100),
    Field("loss", \.loss, "what is made small"),
    Field("smoothing", \.smoothing, "of the labels", in: 0...0.9),
    Field("mixupAlpha", \.mixupAlpha, "of mixup; 0 mixes nothing", in: 0...100),
    Field("cutMixAlpha", \.cutMixAlpha, "of CutMix; 0 mixes nothing; with mixup each is chosen half of the time", in: 0...100),
    Field("augmentation", \.augmentation, "what is done to training images"),
    Field("dropout", \.dropout, "probability, before the head", in: 0...0.99),
    Field(
      "averageDecay", \.averageDecay, "of the moving average of the weights, which is what is judged; 0 averages nothing", in: 0...0.999999),
    Field("latencyRuns", \.latencyRuns, "timed inferences of which the median is taken; 0 times nothing", in: 0...100_000),
  ]

  public func validate() throws(OptionError) {
    guard Set(variants).count == variants.count else {
      throw OptionError(field: "variants", value: variants.optionText, expected: "each at most once")
    }
    guard depth > 0 || widths.count == strides.count + 1 else {
      throw OptionError(
        field: "widths", value: widths.optionText,
        expected: "\(strides.count + 1) numbers, one for the stem and one for each of the strides")
    }
  }

  /// D of a variant.
  func decayEpochs(_ variant: VanillaNetVariant) -> Int { Int(((variant.decayShare ?? decayShare) * Double(epochs)).rounded()) }

  /// The network of a variant that is no residual one.
  func configuration(_ variant: VanillaNetVariant, side: Int, channels: Int, classes: Int) throws(VanillaNetError)
    -> VanillaNetConfiguration
  {
    let terms = variant.seriesTerms ?? seriesTerms
    let layout: VanillaNetConfiguration.Layout = variant.isDeep ? .deep : .shallow
    var configuration: VanillaNetConfiguration
    if depth > 0 {
      configuration = try .published(depth: depth, classes: classes, seriesTerms: terms, layout: layout, dropout: dropout)
      configuration.channels = channels
    } else {
      configuration = VanillaNetConfiguration(
        channels: channels, classes: classes, widths: widths, strides: strides, stemKernel: stemKernel > 0 ? stemKernel : side > 24 ? 4 : 2,
        seriesTerms: terms,
        layout: layout, dropout: dropout)
    }
    if variant == .shifted { configuration.seriesForm = .shifted }
    try configuration.check()
    return configuration
  }

  /// The four corners of the ablation and a residual network, on a few drawn images: half a minute.
  static let quick: VanillaNetOptions = {
    var options = VanillaNetOptions(variants: [.plain, .series, .vanillanet, .residual])
    options.seeds = 1
    options.trainingExamples = 1000
    options.testExamples = 500
    options.widths = [24, 24, 48, 96]
    options.epochs = 10
    return options
  }()

  /// The small network of the specification, three seeds.
  static let reduced = VanillaNetOptions(variants: [
    .plain, .deep, .series, .vanillanet, .seriesThree, .deepSeriesThree, .decayNone, .decayAll, .residual, .residualQuarter, .residualFour,
  ])

  /// VanillaNet-5 on ImageNet.
  static let paper: VanillaNetOptions = {
    let recipe = VanillaNetRecipe.published(depth: 5)!
    var options = VanillaNetOptions(variants: VanillaNetVariant.allCases)
    options.seeds = 1
    options.trainingExamples = 10_000_000
    options.testExamples = 10_000_000
    options.side = 224
    options.depth = 5
    options.seriesTerms = 3
    options.epochs = 300
    options.decayShare = 1.0 / 3
    options.batchSize = 1024
    options.optimizer = .lamb
    options.learningRate = recipe.learningRate
    options.minimumRate = 1e-6
    options.warmupSteps = 5 * 1251
    options.weightDecay = recipe.weightDecay
    options.layerDecay = recipe.layerDecay
    options.layerGroups = recipe.layerGroups
    options.loss = .binaryCrossEntropy
    options.smoothing = 0.1
    options.mixupAlpha = recipe.mixupAlpha
    options.cutMixAlpha = 1
    options.augmentation = .paper
    options.dropout = 0.05
    options.averageDecay = 0.99996
    return options
  }()
}

extension SlopeSchedule.Form: OptionValue {}
