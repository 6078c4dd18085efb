import Layers
import Tensors

/// Learns restriction maps from the features at both ends of an edge: act(V [x_u || x_v]) for F_{u<e}, and with the ends exchanged for F_{v<e}
/// (Bodnar et al., 2022, equation 6).
public struct SheafLearner: Module {
  /// What makes parameters of maps out of numbers of any size.
  public enum Squashing: String, Sendable, Hashable, Codable, CaseIterable {
    case tanh
    case elu
    case identity

    func callAsFunction(_ x: Tensor) -> Tensor {
      switch self {
      case .tanh: x.tanh()
      case .elu: x.elu()
      case .identity: x
      }
    }
  }

  /// V transposed: (2 d' h, m), of the sparse learner (2 h, m).
  public let weight: Parameter
  /// Weights of features that edges have themselves, (edge features, m).
  public let edgeWeight: Parameter?
  /// d', by which a sparse learner folds its input; 1 otherwise.
  private let folds: Int
  private let squashing: Squashing

  /// - Parameters:
  ///   - stalk: d'.
  ///   - channels: h.
  ///   - outputs: m, parameters of a map.
  ///   - isSparse: reads [x_u || x_v] as d' rows of 2 h numbers and adds them up before V.
  public init(
    stalk: Int, channels: Int, outputs: Int, edgeFeatures: Int = 0, isSparse: Bool = false, squashing: Squashing = .tanh,
    random: inout RandomStream
  ) {
    folds = isSparse ? stalk : 1
    self.squashing = squashing
    let inputs = 2 * channels * (isSparse ? 1 : stalk)
    let fans = Fans(input: inputs + edgeFeatures, output: outputs)
    weight = Parameter(Initializer.standard([inputs, outputs], fans: fans, random: &random))
    edgeWeight = edgeFeatures > 0 ? Parameter(Initializer.standard([edgeFeatures, outputs], fans: fans, random: &random)) : nil
  }

  /// - Parameters:
  ///   - x: features of nodes, (nodes, d' h).
  ///   - edgeFeatures: (edges, edge features), the same for both directions.
  /// - Returns: parameters of the maps at the smaller and at the larger node of each edge, (edges, m) each.
  public func callAsFunction(_ x: Tensor, graph: UndirectedGraph, edgeFeatures: Tensor? = nil) -> (lower: Tensor, upper: Tensor) {
    // V [x_u || x_v] = V_1 x_u + V_2 x_v: products by node instead of by edge.
    let full = folds == 1 ? weight.value : Tensor.concatenate(Array(repeating: weight.value, count: folds))
    let halves = full.split(count: 2)
    let (own, other) = (x.matmul(halves[0]), x.matmul(halves[1]))
    var lower = own.gathered(graph.lower) + other.gathered(graph.upper)
    var upper = own.gathered(graph.upper) + other.gathered(graph.lower)
    if let edgeWeight, let edgeFeatures {
      let shift = edgeFeatures.matmul(edgeWeight.value)
      (lower, upper) = (lower + shift, upper + shift)
    }
    return (squashing(lower), squashing(upper))
  }
}
