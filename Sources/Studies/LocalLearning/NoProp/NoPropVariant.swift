import LocalLearning
import Training

/// What can be trained side by side: a way of training with a choice of W.
public enum NoPropVariant: String, OptionValue, Codable, CaseIterable {
  case discrete = "dt"
  case discreteLearned = "dt-learned"
  case discretePrototype = "dt-prototype"
  case continuous = "ct"
  case continuousLearned = "ct-learned"
  case continuousPrototype = "ct-prototype"
  case flow = "fm"
  case flowLearned = "fm-learned"
  case flowLearnedUnanchored = "fm-learned-unanchored"
  case flowPrototype = "fm-prototype"
  case backpropagation
  case backpropagationLearned = "backpropagation-learned"
  case backpropagationPrototype = "backpropagation-prototype"
  case adjoint
  case convolutional = "cnn"

  enum Method { case discrete, continuous, flow, backpropagation, adjoint, convolutional }
  enum Embedding { case oneHot, learned, prototype }

  var method: Method {
    switch self {
    case .discrete, .discreteLearned, .discretePrototype: .discrete
    case .continuous, .continuousLearned, .continuousPrototype: .continuous
    case .flow, .flowLearned, .flowLearnedUnanchored, .flowPrototype: .flow
    case .backpropagation, .backpropagationLearned, .backpropagationPrototype: .backpropagation
    case .adjoint: .adjoint
    case .convolutional: .convolutional
    }
  }

  var embedding: Embedding {
    switch self {
    case .discreteLearned, .continuousLearned, .flowLearned, .flowLearnedUnanchored, .backpropagationLearned: .learned
    case .discretePrototype, .continuousPrototype, .flowPrototype, .backpropagationPrototype: .prototype
    default: .oneHot
    }
  }

  var role: SeriesRole {
    switch method {
    case .discrete, .continuous, .flow: .method
    case .backpropagation, .adjoint, .convolutional: .baseline
    }
  }

  /// As tables and figures call it.
  var title: String {
    let name =
      switch method {
      case .discrete: "NoProp-DT"
      case .continuous: "NoProp-CT"
      case .flow: "NoProp-FM"
      case .backpropagation: "back-propagation"
      case .adjoint: "adjoint ODE"
      case .convolutional: "plain CNN"
      }
    return switch embedding {
    case .oneHot: name
    case .learned: self == .flowLearnedUnanchored ? "\(name), learned W, no anchor" : "\(name), learned W"
    case .prototype: "\(name), prototypes"
    }
  }

  /// The part of a metric's name.
  var metricName: String { role == .method ? "noprop-\(rawValue)" : rawValue }
}
