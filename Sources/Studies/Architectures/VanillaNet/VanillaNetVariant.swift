import Training

/// What can be trained side by side.
public enum VanillaNetVariant: String, OptionValue, Codable, CaseIterable {
  /// One convolution a layer, ReLU scaled by channel: the shallow network without either trick.
  case plain
  /// Deep training only.
  case deep
  /// The series activation only.
  case series
  /// Both: the paper's network.
  case vanillanet
  case seriesTwo = "series-2"
  case seriesThree = "series-3"
  case deepSeriesThree = "vanillanet-3"
  /// Both, with lambda = 1 from the start.
  case decayNone = "decay-none"
  /// Both, lambda reaching 1 after a third of the epochs.
  case decayThird = "decay-third"
  /// Both, lambda on its way until the end, then snapped to 1.
  case decayAll = "decay-all"
  /// The paper's equation: the bias within the ReLU and no normalisation behind the sum.
  case shifted
  /// A residual network of as many multiply-adds.
  case residual = "resnet"
  /// A quarter as many.
  case residualQuarter = "resnet-quarter"
  /// Four times as many.
  case residualFour = "resnet-four"

  /// What there is of each trick.
  var isDeep: Bool {
    switch self {
    case .deep, .vanillanet, .deepSeriesThree, .decayNone, .decayThird, .decayAll: true
    default: false
    }
  }

  /// n; nil takes that of the options.
  var seriesTerms: Int? {
    switch self {
    case .plain, .deep: 0
    case .seriesTwo: 2
    case .seriesThree, .deepSeriesThree: 3
    default: nil
    }
  }

  /// Of the epochs, the share after which lambda is 1; nil takes that of the options.
  var decayShare: Double? {
    switch self {
    case .decayNone: 0
    case .decayThird: 1.0 / 3
    case .decayAll: 1
    default: nil
    }
  }

  /// Multiply-adds as a multiple of those of the merged network; nil for no residual network.
  var residualScale: Double? {
    switch self {
    case .residual: 1
    case .residualQuarter: 0.25
    case .residualFour: 4
    default: nil
    }
  }

  var role: SeriesRole {
    switch self {
    case .plain, .residual, .residualQuarter, .residualFour: .baseline
    default: .method
    }
  }

  /// As tables and figures call it.
  var title: String {
    switch self {
    case .plain: "plain"
    case .deep: "deep training only"
    case .series: "series activation only"
    case .vanillanet: "both (VanillaNet)"
    case .seriesTwo: "series, n = 2"
    case .seriesThree: "series, n = 3"
    case .deepSeriesThree: "both, n = 3"
    case .decayNone: "both, lambda = 1 throughout"
    case .decayThird: "both, D = E/3"
    case .decayAll: "both, D = E, snapped"
    case .shifted: "series, bias inside"
    case .residual: "ResNet, equal MACs"
    case .residualQuarter: "ResNet, MACs / 4"
    case .residualFour: "ResNet, MACs x 4"
    }
  }
}
