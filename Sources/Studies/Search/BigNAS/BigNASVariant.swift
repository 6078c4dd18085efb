import Search
import Training

/// Ways of training a supernet, side by side.
public enum BigNASVariant: String, OptionValue, Codable, CaseIterable {
  /// The published rule: the biggest network by labels, all others by its prediction alone; a cosine, as all ways have.
  case sandwich
  /// The same networks, all by labels.
  case sandwichLabels = "sandwich-labels"
  /// All by labels, the others by the prediction as well.
  case sandwichMixed = "sandwich-mixed"
  /// As many random networks by labels.
  case uniform
  /// The biggest alone for a share of the time, then the published rule with the others' weight rising from 0 (DepsilonpS).
  case warm
  /// The published rule with the published rate: exponential decay that stops at a share of the peak.
  case constantEnding = "constant-ending"
  /// The published rule; the last normalisation of residual blocks starts at 1.
  case fullScale = "full-scale"
  /// The published rule; all networks are regularised.
  case regularizesAll = "regularizes-all"

  var title: String {
    switch self {
    case .sandwich: "sandwich, distilled in place"
    case .sandwichLabels: "sandwich, labels"
    case .sandwichMixed: "sandwich, labels and distillation"
    case .uniform: "random networks, labels"
    case .warm: "warm teacher, then sandwich"
    case .constantEnding: "sandwich, constant ending"
    case .fullScale: "sandwich, scales start at 1"
    case .regularizesAll: "sandwich, all regularised"
    }
  }

  var role: SeriesRole { self == .uniform ? .baseline : .method }
}
