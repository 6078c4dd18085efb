/// What can be set about the study of Hopfield networks.
public struct HopfieldOptions: StudyOptions {
  /// A part of the study.
  public enum Experiment: String, OptionValue, Codable, CaseIterable {
    /// Energy, bounds, capacity; retrieval of images from halves.
    case memory
    /// One bit pattern of eight hides in a bag of random ones.
    case bits
    /// The first symbol of a sequence counts.
    case latch
    /// Is there a nine among some ten digits?
    case bags
    /// Elephant, fox, tiger, musk: bags of feature vectors, by cross-validation.
    case instances
    /// Small tables against nearest neighbours, logistic regression, perceptron, forest.
    case tables
    /// A motif in one sequence of a hundred of a repertoire (DeepRC).
    case repertoires
  }

  public var experiments: [Experiment]
  public var seeds = 2
  public var configurations = 1000
  public var storedImages = 1000
  public var inverseTemperatures: [Double] = [1, 2, 4, 8, 16, 32, 64, 128]
  public var retrievalTemperature = 64.0
  public var updates = 3
  public var patternWidth = 64
  public var patternCounts = [4, 8, 16, 32, 64, 128, 256, 512]
  public var bitBags = 2048
  public var bitEpochs = 60
  public var latchSequences = 4096
  public var latchEpochs = 8
  public var trainingBags = 100
  public var testBags = 200
  public var bagChannels = [8, 16]
  public var bagWidth = 64
  public var bagPoolingWidth = 32
  public var bagEpochs = 20
  public var instanceRepetitions = 1
  public var instanceFolds = 10
  public var instanceEpochs = 40
  public var instanceWidth = 32
  public var instanceHeads = 8
  public var instanceHeadWidth = 32
  public var instanceScaling = 0.1
  public var instanceDropout = 0.0
  public var tables = ["iris", "wine", "breast_w"]
  public var tableRepetitions = 1
  public var tableFolds = 4
  public var tableEpochs = 100
  public var tableRows = 1000
  public var repertoires = 300
  public var repertoireSequences = 2000
  public var repertoireUpdates = 600
  public var repertoireRate = 1e-3
  public var repertoireSample = 1000

  public static let fields: [Field] = [
    Field("experiments", \.experiments, "parts of the study"),
    Field("seeds", \.seeds, "repetitions of the trainings with other weights and draws", in: 1...100),
    Field("configurations", \.configurations, "random memories on which energy and bounds are tried", in: 10...100_000),
    Field("storedImages", \.storedImages, "images to be stored and retrieved", in: 10...60_000),
    Field("inverseTemperatures", \.inverseTemperatures, "beta, scanned", eachIn: 1e-3...1e6),
    Field("retrievalTemperature", \.retrievalTemperature, "beta of the retrieval that is judged", in: 1e-3...1e6),
    Field("updates", \.updates, "of a retrieval", in: 1...1000),
    Field("patternWidth", \.patternWidth, "bits of the random patterns of which capacity is counted", in: 8...4096),
    Field("patternCounts", \.patternCounts, "how many random patterns are stored", eachIn: 2...100_000),
    Field("bitBags", \.bitBags, "bags of the bit patterns, three quarters for training", in: 32...1_000_000),
    Field("bitEpochs", \.bitEpochs, "epochs on bit patterns", in: 1...100_000),
    Field("latchSequences", \.latchSequences, "sequences, three quarters for training", in: 32...1_000_000),
    Field("latchEpochs", \.latchEpochs, "epochs on sequences", in: 1...100_000),
    Field("trainingBags", \.trainingBags, "bags of digits to learn from", in: 2...100_000),
    Field("testBags", \.testBags, "bags of digits to judge by", in: 4...100_000),
    Field("bagChannels", \.bagChannels, "channels of the two convolutions over digits", eachIn: 1...1024),
    Field("bagWidth", \.bagWidth, "features of a digit", in: 1...4096),
    Field("bagPoolingWidth", \.bagPoolingWidth, "width of the space in which digits are associated", in: 1...4096),
    Field("bagEpochs", \.bagEpochs, "epochs on bags of digits", in: 1...100_000),
    Field("instanceRepetitions", \.instanceRepetitions, "repetitions of the cross-validation of bags of instances", in: 1...100),
    Field("instanceFolds", \.instanceFolds, "parts of a cross-validation of bags of instances", in: 2...100),
    Field("instanceEpochs", \.instanceEpochs, "epochs on bags of instances", in: 1...100_000),
    Field("instanceWidth", \.instanceWidth, "units of the two dense layers before the pooling of instances", in: 1...4096),
    Field("instanceHeads", \.instanceHeads, "heads of the pooling of instances", in: 1...256),
    Field("instanceHeadWidth", \.instanceHeadWidth, "width of a head of that pooling", in: 1...4096),
    Field("instanceScaling", \.instanceScaling, "beta of that pooling", in: 1e-3...1e3),
    Field("instanceDropout", \.instanceDropout, "share of a bag's associations that are dropped in training", in: 0...0.99),
    Field("tables", \.tables, "which of the given tables, by name; all", allowed: "names between commas, or all"),
    Field("tableRepetitions", \.tableRepetitions, "repetitions of the cross-validation of tables", in: 1...100),
    Field("tableFolds", \.tableFolds, "parts of a cross-validation of tables", in: 2...100),
    Field("tableEpochs", \.tableEpochs, "epochs on tables", in: 1...100_000),
    Field("tableRows", \.tableRows, "tables of more rows are left out, as in the paper's list of small ones", in: 20...1_000_000),
    Field("repertoires", \.repertoires, "simulated repertoires, where no folder of repertoires is given", in: 10...100_000),
    Field("repertoireSequences", \.repertoireSequences, "sequences of a simulated repertoire", in: 10...1_000_000),
    Field("repertoireUpdates", \.repertoireUpdates, "steps of the training on repertoires", in: 1...10_000_000),
    Field("repertoireRate", \.repertoireRate, "learning rate of that training", in: 1e-8...1),
    Field("repertoireSample", \.repertoireSample, "sequences drawn of a repertoire for a step", in: 10...1_000_000),
  ]

  public func validate() throws(OptionError) {
    guard Set(experiments).count == experiments.count else {
      throw OptionError(field: "experiments", value: experiments.optionText, expected: "each at most once")
    }
    guard bagChannels.count == 2 else {
      throw OptionError(field: "bagChannels", value: bagChannels.optionText, expected: "two numbers")
    }
  }

  /// Memories, bits, sequences and a few bags of drawn digits.
  static let quick: HopfieldOptions = {
    var options = HopfieldOptions(experiments: [.memory, .bits, .latch, .bags])
    options.seeds = 1
    options.storedImages = 500
    options.patternCounts = [4, 8, 16, 32, 64, 128, 256]
    options.bitEpochs = 20
    options.latchEpochs = 3
    options.latchSequences = 2048
    options.trainingBags = 60
    options.testBags = 60
    options.bagEpochs = 8
    return options
  }()

  static let reduced = HopfieldOptions(experiments: Experiment.allCases)

  /// The sizes of the paper and of its published demonstrations.
  static let paper: HopfieldOptions = {
    var options = HopfieldOptions(experiments: Experiment.allCases)
    options.seeds = 5
    options.bitEpochs = 250
    options.latchEpochs = 20
    options.trainingBags = 200
    options.testBags = 50
    options.bagChannels = [20, 50]
    options.bagWidth = 500
    options.instanceRepetitions = 10
    options.instanceEpochs = 160
    options.tables = ["all"]
    options.tableRepetitions = 4
    options.repertoireUpdates = 100_000
    options.repertoireRate = 1e-4
    options.repertoireSample = 10_000
    return options
  }()
}
