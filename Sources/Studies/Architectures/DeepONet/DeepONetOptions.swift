/// What can be set about the study of DeepONet.
public struct DeepONetOptions: StudyOptions {
  public enum Scale: String, OptionValue, Codable, CaseIterable { case small, paper }

  public var problems: [DeepONetProblem]
  public var variants: [DeepONetVariant]
  public var seeds = 3
  public var stackedSeeds = 1
  public var scale = Scale.small
  public var space = DeepONetSpace.gaussian
  public var length = 0.2
  public var horizon = 1.0
  public var sensors = 0
  public var functions = 0
  public var places = 0
  public var testFunctions = 0
  public var steps = 0
  public var checkInterval = 1000
  public var learningRate = 1e-3
  public var plainWidths = [100, 100]
  public var plainGrid = true
  public var plainGridWidths = [10, 40]
  public var convergence = true
  public var convergenceTriples = [50, 100, 200, 400, 800, 1600, 3200]
  public var convergenceSensors = [2, 3, 5, 10, 20, 50]
  public var convergenceWidths = [5, 10, 20, 40, 80]
  public var convergenceLengths = [0.1, 0.15, 0.2, 0.3, 0.5]
  public var convergenceSteps = 4000
  public var convergenceSeeds = 1
  public var sequenceSteps = 0

  public static let fields: [Field] = [
    Field("problems", \.problems, "operators to learn; the first one gets the study of convergence"),
    Field("variants", \.variants, "networks, each trained on the same rows"),
    Field("seeds", \.seeds, "repetitions with other functions and initial weights, for the first problem; others take one", in: 1...100),
    Field("stackedSeeds", \.stackedSeeds, "repetitions of the stacked networks, which take ten times as long", in: 1...100),
    Field("scale", \.scale, "sizes of data and networks: small ones or the paper's"),
    Field("space", \.space, "where input functions are drawn from"),
    Field("length", \.length, "l of the random fields", in: 0.01...100),
    Field("horizon", \.horizon, "T: functions of time live on [0, T]", in: 0.01...100),
    Field("sensors", \.sensors, "m, points at which the branch sees a function; 0 takes the problem's own", in: 0...10_000),
    Field("functions", \.functions, "functions to learn from; 0 takes the problem's own", in: 0...10_000_000),
    Field("places", \.places, "random places for each function; 0 takes the problem's own", in: 0...1_000_000),
    Field("testFunctions", \.testFunctions, "functions to judge by; 0 takes the problem's own", in: 0...10_000_000),
    Field("steps", \.steps, "steps of Adam; 0 takes the problem's own", in: 0...100_000_000),
    Field(
      "checkInterval", \.checkInterval, "steps after which the training loss decides whether the weights are the best so far",
      in: 1...1_000_000),
    Field("learningRate", \.learningRate, "of Adam, constant", in: 1e-8...10),
    Field("plainWidths", \.plainWidths, "hidden layers of the fully connected baseline", eachIn: 1...10_000),
    Field("plainGrid", \.plainGrid, "whether the fully connected baseline is tried in other widths too, on the first problem"),
    Field("plainGridWidths", \.plainGridWidths, "of its two hidden layers, then", eachIn: 1...10_000),
    Field("convergence", \.convergence, "whether error is measured by training rows, sensors, widths and lengths"),
    Field("convergenceTriples", \.convergenceTriples, "training rows, ascending", eachIn: 10...10_000_000),
    Field("convergenceSensors", \.convergenceSensors, "m", eachIn: 2...10_000),
    Field("convergenceWidths", \.convergenceWidths, "of branch and trunk", eachIn: 1...10_000),
    Field("convergenceLengths", \.convergenceLengths, "l of the test functions, the training ones keeping theirs", eachIn: 0.01...100),
    Field("convergenceSteps", \.convergenceSteps, "steps of Adam of each network", in: 1...100_000_000),
    Field("convergenceSeeds", \.convergenceSeeds, "repetitions", in: 1...100),
    Field(
      "sequenceSteps", \.sequenceSteps, "steps of the sequence to sequence baseline on whole functions; 0 leaves it out",
      in: 0...100_000_000),
  ]

  public func validate() throws(OptionError) {
    guard Set(problems).count == problems.count else {
      throw OptionError(field: "problems", value: problems.optionText, expected: "each at most once")
    }
    guard Set(variants).count == variants.count else {
      throw OptionError(field: "variants", value: variants.optionText, expected: "each at most once")
    }
    guard sensors != 1 else { throw OptionError(field: "sensors", value: "1", expected: "0, or 2 and more") }
    guard zip(convergenceTriples, convergenceTriples.dropFirst()).allSatisfy({ $0 < $1 }) else {
      throw OptionError(field: "convergenceTriples", value: convergenceTriples.optionText, expected: "ascending numbers")
    }
    guard horizon == 1 || (space != .chebyshev && space != .powers) else {
      throw OptionError(field: "horizon", value: horizon.optionText, expected: "1 where functions are polynomials")
    }
    for problem in problems
    where [.diffusionReaction, .advectionOne, .advectionTwo, .advectionThree, .advectionFour, .advectionDiffusion].contains(problem) {
      guard sensors == 0 || sensors >= 4 else {
        throw OptionError(field: "sensors", value: "\(sensors)", expected: "0, or 4 and more, which are the points of the solver's grid")
      }
    }
  }

  /// Data and networks of a problem, with what the options say otherwise.
  func settings(_ problem: DeepONetProblem) -> DeepONetProblem.Settings {
    var settings = problem.settings(scale == .paper ? .paper : .small)
    // The stochastic operators see eigenfunctions at points of their own.
    if sensors > 0, ![.stochasticMean, .stochasticPath, .stochasticElliptic].contains(problem) { settings.sensors = sensors }
    if functions > 0 { settings.functions = functions }
    if places > 0 { (settings.places, settings.testPlaces) = (places, places) }
    if testFunctions > 0 { settings.testFunctions = testFunctions }
    if steps > 0 { settings.steps = steps }
    settings.batch = settings.batch >= settings.functions * settings.places ? 0 : settings.batch
    return settings
  }

  /// The antiderivative with few steps, one seed: a quarter of a minute.
  static let quick: DeepONetOptions = {
    var options = DeepONetOptions(problems: [.antiderivative], variants: [.unstacked, .unstackedWithoutBias, .plain])
    options.seeds = 1
    options.plainGrid = false
    options.functions = 400
    options.testFunctions = 500
    options.steps = 1500
    options.checkInterval = 500
    options.convergenceTriples = [50, 100, 200, 400]
    options.convergenceSensors = [2, 5]
    options.convergenceWidths = [5, 20]
    options.convergenceSteps = 500
    options.convergenceSeeds = 1
    return options
  }()

  /// The antiderivative on 1,000 rows with three seeds, a reaction-diffusion equation, and the study of convergence.
  static let reduced = DeepONetOptions(
    problems: [.antiderivative, .diffusionReaction], variants: [.unstacked, .unstackedWithoutBias, .stacked, .plain, .residual])

  /// All operators in the paper's sizes.
  static let paper: DeepONetOptions = {
    var options = DeepONetOptions(problems: DeepONetProblem.allCases, variants: DeepONetVariant.allCases)
    options.stackedSeeds = 3
    options.scale = .paper
    options.plainGridWidths = [10, 40, 160, 640, 2560]
    options.convergenceTriples = [100, 200, 400, 800, 1600, 3200, 6400, 10_000]
    options.convergenceSensors = [2, 3, 5, 10, 20, 50, 100]
    options.convergenceWidths = [5, 10, 20, 40, 80, 160]
    options.convergenceSteps = 50_000
    options.convergenceSeeds = 3
    options.sequenceSteps = 50_000
    return options
  }()
}
