import LocalLearning

/// What can be set about the study of NoProp.
public struct NoPropOptions: StudyOptions {
  public enum BlockSize: String, OptionValue, Codable, CaseIterable {
    /// One convolution of 8 channels, branches of 64 units.
    case reduced
    /// Three convolutions of 32, 64 and 128 channels with dropout, branches of 256 units (Fig. 6).
    case paper
  }

  public var variants: [NoPropVariant]
  public var seeds = 3
  public var trainingExamples = 8000
  public var testExamples = 2000
  public var pooling = 2
  public var blocks = BlockSize.reduced
  public var steps = 10
  public var embeddingWidth = 20
  public var epochs = 5
  public var flowEpochs = 30
  public var adjointEpochs = 2
  public var adjointSteps = 10
  public var batchSize = 128
  public var learningRate = 1e-3
  public var weightDecay = 1e-3
  public var denoisingWeight = 0.1
  public var continuousWeight = 1.0
  public var gammaEnd = 4.0
  public var fixesTarget = true
  public var inferenceSteps = 100
  public var inferenceRuns = 5

  public static let fields: [Field] = [
    Field("variants", \.variants, "what is trained, each on the same data"),
    Field("seeds", \.seeds, "repetitions with other initial weights, orders and noise", in: 1...100),
    Field(
      "trainingExamples", \.trainingExamples, "images to learn from, at most; drawn by the seed where there are more", in: 10...10_000_000),
    Field("testExamples", \.testExamples, "images to judge by, at most", in: 10...10_000_000),
    Field("pooling", \.pooling, "pixels a side whose mean becomes one pixel", in: 1...16),
    Field("blocks", \.blocks, "size of the blocks"),
    Field("steps", \.steps, "T, blocks of the discrete chain", in: 1...1000),
    Field("embeddingWidth", \.embeddingWidth, "d, width of a learned W", in: 1...10_000),
    Field("epochs", \.epochs, "epochs of NoProp-DT (each of T passes), of back-propagation and of the CNN", in: 1...100_000),
    Field("flowEpochs", \.flowEpochs, "epochs of NoProp-CT and NoProp-FM", in: 1...100_000),
    Field("adjointEpochs", \.adjointEpochs, "epochs of the adjoint neural ODE", in: 1...100_000),
    Field("adjointSteps", \.adjointSteps, "steps of the neural ODE's solver, forth and back", in: 1...1000),
    Field("batchSize", \.batchSize, "images a step", in: 2...100_000),
    Field("learningRate", \.learningRate, "of Adam and AdamW", in: 1e-8...10),
    Field("weightDecay", \.weightDecay, "decoupled, of AdamW", in: 0...10),
    Field("denoisingWeight", \.denoisingWeight, "eta of NoProp-DT", in: 0...1e6),
    Field("continuousWeight", \.continuousWeight, "eta of NoProp-CT", in: 0...1e6),
    Field("gammaEnd", \.gammaEnd, "gamma starts between -gammaEnd and gammaEnd (NoProp-CT)", in: 1...10),
    Field("fixesTarget", \.fixesTarget, "keeps the denoising error from moving a learned W (NoProp-DT and CT)"),
    Field("inferenceSteps", \.inferenceSteps, "N, steps of an inference of NoProp-CT and NoProp-FM", in: 1...100_000),
    Field("inferenceRuns", \.inferenceRuns, "inferences from different noise over which accuracy is averaged", in: 1...1000),
  ]

  func epochs(of variant: NoPropVariant) -> Int {
    switch variant.method {
    case .discrete, .backpropagation, .convolutional: epochs
    case .continuous, .flow: flowEpochs
    case .adjoint: adjointEpochs
    }
  }

  public func validate() throws(OptionError) {
    guard Set(variants).count == variants.count else {
      throw OptionError(field: "variants", value: variants.optionText, expected: "each at most once")
    }
  }

  /// A few epochs of one seed on drawn digits: a minute.
  static let quick: NoPropOptions = {
    var options = NoPropOptions(variants: [.discrete, .flow, .backpropagation, .convolutional])
    options.seeds = 1
    options.trainingExamples = 3000
    options.batchSize = 32
    options.testExamples = 1000
    options.epochs = 4
    options.flowEpochs = 15
    options.inferenceSteps = 50
    options.inferenceRuns = 3
    return options
  }()

  /// 8,000 digits of 14 x 14 pixels, three seeds.
  static let reduced = NoPropOptions(variants: [
    .discrete, .discreteLearned, .discretePrototype, .continuous, .flow, .flowLearned, .flowLearnedUnanchored, .backpropagation, .adjoint,
    .convolutional,
  ])

  /// Table 1 on MNIST.
  static let paper: NoPropOptions = {
    var options = NoPropOptions(variants: NoPropVariant.allCases.filter { $0 != .flowLearnedUnanchored })
    options.trainingExamples = 60_000
    options.testExamples = 10_000
    options.pooling = 1
    options.blocks = .paper
    options.epochs = 100
    options.flowEpochs = 100
    options.gammaEnd = 7
    options.fixesTarget = false
    options.inferenceSteps = 1000
    return options
  }()
}
