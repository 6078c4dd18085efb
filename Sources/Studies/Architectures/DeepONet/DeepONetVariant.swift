import Training

/// Networks that can be trained side by side.
public enum DeepONetVariant: String, OptionValue, Codable, CaseIterable {
  case unstacked
  case unstackedWithoutBias = "unstacked-no-bias"
  case stacked
  case stackedWithoutBias = "stacked-no-bias"
  /// A plain network on functions and places side by side.
  case plain = "fnn"
  case residual = "resnet"

  var isStacked: Bool { self == .stacked || self == .stackedWithoutBias }
  var role: SeriesRole { self == .plain || self == .residual ? .baseline : .method }

  var title: String {
    switch self {
    case .unstacked: "DeepONet, unstacked"
    case .unstackedWithoutBias: "unstacked, no bias"
    case .stacked: "DeepONet, stacked"
    case .stackedWithoutBias: "stacked, no bias"
    case .plain: "fully connected"
    case .residual: "ResNet"
    }
  }
}
