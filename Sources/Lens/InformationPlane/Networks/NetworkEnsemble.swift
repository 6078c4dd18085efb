import Foundation
import Layers
import Tensors

/// Many small networks that are trained and watched at once, as one graph: every weight has a leading axis of networks.
public struct NetworkEnsemble: Module {
  public enum HiddenActivation: String, Sendable, Hashable, Codable, CaseIterable {
    case tanh, relu, linear
  }

  /// Units of the input, of each hidden layer, and of the softmax.
  public let widths: [Int]
  public let activation: HiddenActivation
  /// (networks, inputs, outputs) of each layer.
  public let weights: [Parameter]
  /// (networks, 1, outputs).
  public let biases: [Parameter]

  /// Fresh networks, one a seed: weights from a normal distribution of deviation 1 / sqrt(inputs), drawn again beyond two deviations; biases 0.
  public init(widths: [Int], activation: HiddenActivation = .tanh, seeds: [Int]) {
    precondition(
      widths.count >= 2 && widths.allSatisfy { $0 >= 1 }, "NetworkEnsemble: widths \(widths), expected at least two, each at least 1")
    precondition(!seeds.isEmpty, "NetworkEnsemble: no seed, expected one for each network")
    self.widths = widths
    self.activation = activation
    var streams = seeds.map { RandomStream(seed: $0) }
    weights = zip(widths, widths.dropFirst()).map { inputs, outputs in
      Parameter(
        Tensor.stack(
          streams.indices.map { index in
            Self.truncatedNormal([inputs, outputs], deviation: 1 / Double(inputs).squareRoot(), random: &streams[index])
          }))
    }
    biases = widths.dropFirst().map { Parameter(Tensor.zeros([seeds.count, 1, $0])) }
    evaluate(weights.map(\.value))
  }

  /// Networks with given weights (networks, inputs, outputs) and biases (networks, 1, outputs).
  public init(weights: [Tensor], biases: [Tensor], activation: HiddenActivation = .tanh) {
    precondition(!weights.isEmpty && weights.count == biases.count, "NetworkEnsemble: \(weights.count) weights and \(biases.count) biases")
    for (weight, bias) in zip(weights, biases) {
      precondition(
        weight.rank == 3 && bias.shape == [weight.shape[0], 1, weight.shape[2]],
        "NetworkEnsemble: weights \(weight.shape) with biases \(bias.shape), expected (K, in, out) and (K, 1, out)")
    }
    widths = [weights[0].shape[1]] + weights.map { $0.shape[2] }
    self.activation = activation
    self.weights = weights.map { Parameter($0) }
    self.biases = biases.map { Parameter($0) }
  }

  /// Uniform numbers through the inverse of the distribution function would need one; drawing again needs none.
  static func truncatedNormal(_ shape: Shape, deviation: Double, random: inout RandomStream) -> Tensor {
    var values = Tensor.normal(shape, key: random.next())
    // The chance of being beyond two deviations is 4.6 %; after twelve draws none is left but for one in 10^16.
    for _ in 0..<12 { values = Tensor.select(values.abs() .> 2, Tensor.normal(shape, key: random.next()), values) }
    return values.clamped(-2, 2) * deviation
  }

  public var networkCount: Int { weights[0].shape[0] }
  /// Layers with weights: hidden ones and the softmax.
  public var layerCount: Int { weights.count }

  /// The scores before the softmax, (networks, n, classes), of inputs (n, features) for all or (networks, n, features).
  public func logits(_ inputs: Tensor) -> Tensor { hidden(inputs).logits }

  /// T_1 ... T_L, each (networks, n, units), of inputs (n, features) or (networks, n, features); the last are softmax outputs.
  public func activations(_ inputs: Tensor) -> [Tensor] {
    let (layers, logits) = hidden(inputs)
    return layers + [logits.softmax()]
  }

  private func hidden(_ inputs: Tensor) -> (layers: [Tensor], logits: Tensor) {
    Self.forward(inputs, weights: weights.map(\.value), biases: biases.map(\.value), activation: activation)
  }

  static func forward(
    _ inputs: Tensor, weights: [Tensor], biases: [Tensor], activation: HiddenActivation
  ) -> (layers: [Tensor], logits: Tensor) {
    var state = inputs
    var layers: [Tensor] = []
    for (index, (weight, bias)) in zip(weights, biases).enumerated() {
      let sum = state.matmul(weight) + bias
      guard index < weights.count - 1 else { return (layers, sum) }
      state =
        switch activation {
        case .tanh: sum.tanh()
        case .relu: sum.relu()
        case .linear: sum
        }
      layers.append(state)
    }
    preconditionFailure("NetworkEnsemble: no layers")
  }

  /// -sum_y y log(clip(yhat, 1e-50, 1)), the mean over the batch for each network: (networks). Labels are (networks, batch).
  static func crossEntropies(_ logits: Tensor, labels: Tensor) -> Tensor {
    let logarithms = logits.logSoftmax().maximum(-50 * log(10.0))
    let hits = labels.oneHot(logits.shape[2])
    return (logarithms * hits).sum(axes: [2]).mean(axes: [1]) * -1
  }

  /// One of the networks as ordinary layers.
  public func network(_ index: Int) -> Sequential {
    var layers: [any Layer] = []
    for (position, (weight, bias)) in zip(weights, biases).enumerated() {
      layers.append(Dense(weight: weight.value[index], bias: bias.value[index].squeezed(0)))
      guard position < weights.count - 1 else { break }
      switch activation {
      case .tanh: layers.append(Activation(.tanh))
      case .relu: layers.append(Activation(.relu))
      case .linear: break
      }
    }
    return Sequential(layers)
  }
}
