import Shallow

/// What can be set about the study of convex two-layer training.
public struct ConvexReLUOptions: StudyOptions {
  /// How features come to a common scale; always measured on the training examples alone.
  public enum Scaling: String, OptionValue, Codable, CaseIterable {
    /// Pictures as `range`, tables as `standard`.
    case automatic
    /// Each column to mean 0 and deviation 1.
    case standard
    /// All columns divided by the largest value of all.
    case range
  }

  public enum Update: String, OptionValue, Codable, CaseIterable {
    case woodbury, cholesky
    case blockCoordinate = "block-coordinate"
  }

  // The race to the global optimum.
  public var racePoints = 30
  public var raceBeta = 0.05
  public var racePenalty = 0.05
  public var raceIterations = 1000
  public var patternCounts = [5, 20, 80]
  public var neuronCounts = [50, 400, 3000]
  public var adamNeurons = [6, 20, 100]
  public var adamSteps = 6000
  public var adamSeeds = 5
  public var boundTrials = 20

  // Clusters of XOR.
  public var clusterPoints = 40
  public var clusterDirections = 40
  public var clusterEpsilon = 0.5

  // The user's data.
  public var classes: [String] = ["3", "8"]
  public var seeds = 3
  public var trainingExamples = 60
  public var testExamples = 400
  public var side = 8
  public var scaling = Scaling.automatic
  public var directions = 3
  public var corners = 1
  public var epsilon = 0.15
  public var beta = 1e-3
  public var robustIterations = 6000
  public var attackSteps = 40
  public var adversarialSteps = 300
  public var sampledNeurons = 1000

  // The program at scale.
  public var update = Update.woodbury
  public var scaleExamples = 0
  public var scalePatterns = 10
  public var scaleBeta = 1e-3
  public var scaleIterations = 60

  public static let fields: [Field] = [
    Field("racePoints", \.racePoints, "n of the race on y = sin(2 x1) + x2^2 in two dimensions, all patterns enumerated", in: 4...60),
    Field("raceBeta", \.raceBeta, "beta of the race", in: 1e-6...100),
    Field("racePenalty", \.racePenalty, "rho of ADMM in the race, to begin with", in: 1e-4...1e4),
    Field("raceIterations", \.raceIterations, "iterations of ADMM on all patterns, before the used ones are polished", in: 50...1_000_000),
    Field("patternCounts", \.patternCounts, "P of the sampled programs in the race", eachIn: 1...2000),
    Field("neuronCounts", \.neuronCounts, "N of the sampled convex programs in the race", eachIn: 1...20_000),
    Field("adamNeurons", \.adamNeurons, "widths of the networks that Adam trains in the race", eachIn: 1...10_000),
    Field("adamSteps", \.adamSteps, "full-batch steps of Adam", in: 50...1_000_000),
    Field("adamSeeds", \.adamSeeds, "starts of Adam", in: 1...100),
    Field("boundTrials", \.boundTrials, "trials of the bound on the number of patterns; 0 leaves them out", in: 0...1000),
    Field("clusterPoints", \.clusterPoints, "training points of the four XOR clusters", in: 8...1000),
    Field("clusterDirections", \.clusterDirections, "directions sampled for the clusters", in: 1...200),
    Field("clusterEpsilon", \.clusterEpsilon, "perturbation of the clusters, each coordinate", in: 0...2),
    Field("classes", \.classes, "the two classes of the data that are told apart"),
    Field("seeds", \.seeds, "repetitions on the data with other splits and patterns", in: 1...100),
    Field("trainingExamples", \.trainingExamples, "examples to learn from, at most; half of each class", in: 4...100_000),
    Field("testExamples", \.testExamples, "examples to judge by, at most", in: 4...100_000),
    Field("side", \.side, "pixels a side to which pictures are reduced", in: 2...64),
    Field("scaling", \.scaling, "how features are scaled"),
    Field("directions", \.directions, "directions sampled for the robust program on the data", in: 1...1000),
    Field("corners", \.corners, "patterns of perturbed data for each direction", in: 0...100),
    Field("epsilon", \.epsilon, "perturbation of each scaled feature", in: 0...10),
    Field("beta", \.beta, "weight decay on the data, under the mean hinge", in: 0...100),
    Field("robustIterations", \.robustIterations, "iterations of the robust solver, at most", in: 50...1_000_000),
    Field("attackSteps", \.attackSteps, "steps of the attack that judges, each epsilon / 8", in: 1...10_000),
    Field("adversarialSteps", \.adversarialSteps, "steps of adversarial training by FGSM and PGD", in: 10...100_000),
    Field("sampledNeurons", \.sampledNeurons, "N of the sampled convex program on the data", in: 1...20_000),
    Field("update", \.update, "the u-step at scale: one of two factorisations, or block coordinate descent"),
    Field("scaleExamples", \.scaleExamples, "examples of the program at scale, pictures at full size; 0 leaves it out", in: 0...100_000),
    Field("scalePatterns", \.scalePatterns, "P at scale", in: 1...1000),
    Field("scaleBeta", \.scaleBeta, "beta at scale, under the sum of squared errors", in: 0...1e6),
    Field("scaleIterations", \.scaleIterations, "iterations of ADMM at scale", in: 1...100_000),
  ]

  public func validate() throws(OptionError) {
    guard classes.count == 2, classes[0] != classes[1] else {
      throw OptionError(field: "classes", value: classes.optionText, expected: "the names of two different classes between a comma")
    }
  }

  /// Generated data: twenty seconds.
  static let quick: ConvexReLUOptions = {
    var options = ConvexReLUOptions()
    options.racePoints = 16
    options.patternCounts = [5, 20, 60]
    options.neuronCounts = [50, 400]
    options.adamNeurons = [6, 60]
    options.adamSteps = 1500
    options.adamSeeds = 3
    options.boundTrials = 4
    options.clusterDirections = 20
    options.seeds = 1
    options.testExamples = 200
    options.robustIterations = 2000
    options.adversarialSteps = 60
    options.sampledNeurons = 300
    return options
  }()

  static let reduced: ConvexReLUOptions = {
    var options = ConvexReLUOptions()
    options.scaleExamples = 400
    return options
  }()

  /// CIFAR-10 at full size by block coordinate descent, as in section 5; the robust part on pictures of 8 x 8.
  static let paper: ConvexReLUOptions = {
    var options = ConvexReLUOptions()
    options.classes = ["bird", "ship"]
    options.seeds = 5
    options.trainingExamples = 600
    options.testExamples = 2000
    options.directions = 18
    options.epsilon = 10.0 / 255
    options.adversarialSteps = 3000
    options.update = .blockCoordinate
    options.scaleExamples = 10_000
    options.scalePatterns = 50
    options.scaleIterations = 200
    return options
  }()
}
