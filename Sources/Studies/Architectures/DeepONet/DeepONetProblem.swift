import Architectures
import Layers

/// The operators that can be learned.
public enum DeepONetProblem: String, OptionValue, Codable, CaseIterable {
  case antiderivative, nonlinear, pendulum
  case legendre
  case diffusionReaction = "diffusion-reaction"
  case advectionOne = "advection-1"
  case advectionTwo = "advection-2"
  case advectionThree = "advection-3"
  case advectionFour = "advection-4"
  case advectionDiffusion = "advection-diffusion"
  case caputo
  case stochasticMean = "stochastic-mean"
  case stochasticPath = "stochastic-path"
  case stochasticElliptic = "stochastic-elliptic"

  /// How large a study is.
  enum Scale { case small, paper }

  /// Data and networks of a problem.
  struct Settings: Sendable {
    var sensors: Int
    var branch: [Int]
    var trunk: [Int]
    var activation = Activation.Function.relu
    /// Input functions to learn from, and places for each.
    var functions: Int
    var places: Int
    var testFunctions: Int
    var testPlaces: Int
    var steps: Int
    /// Rows of a step; 0 takes all.
    var batch = 0
    /// Whether the loss is divided by the mean square of the values.
    var isRelative = false
  }

  func settings(_ scale: Scale) -> Settings {
    let isPaper = scale == .paper
    switch self {
    case .antiderivative, .nonlinear, .pendulum, .legendre:
      let sensors = 100
      return Settings(
        sensors: sensors, branch: [40, 40], trunk: [40, 40], functions: isPaper ? 10_000 : 1000, places: 1,
        testFunctions: isPaper ? 100_000 : 2000, testPlaces: 1, steps: isPaper ? (self == .pendulum ? 100_000 : 50_000) : 10_000)
    case .diffusionReaction, .advectionOne, .advectionTwo, .advectionThree, .advectionFour, .advectionDiffusion:
      let width = isPaper ? 100 : 64
      return Settings(
        sensors: isPaper ? 100 : 50, branch: [width, width], trunk: [width, width, width], functions: isPaper ? 500 : 150,
        places: isPaper ? 100 : 50, testFunctions: isPaper ? 1000 : 100, testPlaces: isPaper ? 100 : 50,
        steps: isPaper ? 500_000 : 10_000, batch: isPaper ? 0 : 1000)
    case .caputo:
      return Settings(
        sensors: 15, branch: [40, 40, 40], trunk: [40, 40, 40], activation: .tanh, functions: isPaper ? 10_000 : 500,
        places: isPaper ? 100 : 20, testFunctions: isPaper ? 1000 : 100, testPlaces: isPaper ? 100 : 20, steps: isPaper ? 100_000 : 10_000,
        batch: isPaper ? 100_000 : 1000, isRelative: true)
    case .stochasticMean, .stochasticPath, .stochasticElliptic:
      let width = isPaper ? 100 : 64
      return Settings(
        sensors: 100, branch: [width, width], trunk: [width, width], functions: isPaper ? 10_000 : 200, places: isPaper ? 100 : 50,
        testFunctions: isPaper ? 1000 : 50, testPlaces: isPaper ? 100 : 50, steps: isPaper ? 50_000 : 10_000, batch: isPaper ? 10_000 : 1000
      )
    }
  }

  /// The operator on the functions that the options name.
  /// - Throws: `DeepONetError` for a function space that there is not.
  func family(_ options: DeepONetOptions, sensors: Int, length: Double? = nil) throws(DeepONetError) -> any OperatorFamily {
    let length = length ?? options.length
    switch self {
    case .antiderivative, .nonlinear, .pendulum:
      let space = try options.space.space(horizon: options.horizon, length: length)
      return FunctionOperator.ordinary(OrdinaryEquation(rawValue: rawValue)!, space, sensors: sensors)
    case .legendre:
      // Polynomials and fields live on [0, 1]; this operator's functions on [-1, 1].
      let space: any FunctionSpace =
        options.space == .gaussian || options.space == .karhunenLoeve
        ? try GaussianRandomField(on: -1...1, length: length, gridCount: 1000) : try RandomPolynomials(.legendre)
      return FunctionOperator.legendreTransform(space, sensors: sensors)
    case .diffusionReaction:
      let space = try options.space.space(horizon: 1, length: length)
      return FunctionOperator.diffusionReaction(space, sensors: sensors, times: sensors, duration: options.horizon)
    case .advectionOne, .advectionTwo, .advectionThree, .advectionFour, .advectionDiffusion:
      let space = try options.space.space(horizon: 1, length: length)
      return FunctionOperator.transport(
        TransportProblem(rawValue: rawValue)!, space, sensors: sensors, times: sensors, duration: options.horizon)
    case .caputo: return FunctionOperator.caputo(try RandomPolynomials(.legendre), sensors: sensors)
    case .stochasticMean, .stochasticPath, .stochasticElliptic:
      return try StochasticOperator(StochasticOperator.Problem(rawValue: rawValue)!)
    }
  }
}

/// Where input functions are drawn from.
public enum DeepONetSpace: String, OptionValue, Codable, CaseIterable {
  case gaussian
  /// Gaussian fields by their first modes.
  case karhunenLoeve = "karhunen-loeve"
  /// Nowhere smooth.
  case rough
  case chebyshev, powers

  func space(horizon: Double, length: Double) throws(DeepONetError) -> any FunctionSpace {
    switch self {
    case .gaussian: return try GaussianRandomField(on: 0...horizon, length: length)
    case .rough: return try GaussianRandomField(on: 0...horizon, covariance: .exponential, length: length)
    case .karhunenLoeve: return try KarhunenLoeveField(on: 0...horizon, length: length, modes: 20)
    case .chebyshev, .powers:
      guard horizon == 1 else { throw .setting(name: "the horizon for polynomials", value: "\(horizon)", allowed: "1") }
      return try RandomPolynomials(self == .chebyshev ? .chebyshev : .powers)
    }
  }
}
