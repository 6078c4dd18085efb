import Foundation
import Layers
import Tensors

/// A classifier whose layers can be watched: stages one after the other, then a linear layer whose softmax is the last of the watched layers.
public struct LayeredClassifier: Module {
  public let stages: [Sequential]
  public let head: Dense

  public init(stages: [Sequential], head: Dense) {
    precondition(!stages.isEmpty, "LayeredClassifier: no stages, expected at least one")
    self.stages = stages
    self.head = head
  }

  /// Dense layers on all numbers of an input: 784-50-20-10 for MNIST. Weights as those of `NetworkEnsemble`.
  public static func perceptron(
    inputs: Int, hidden: [Int] = [50, 20], classes: Int, activation: Activation.Function = .tanh, random: inout RandomStream
  ) -> LayeredClassifier {
    func dense(_ inputs: Int, _ outputs: Int, _ random: inout RandomStream) -> Dense {
      let weight = NetworkEnsemble.truncatedNormal([inputs, outputs], deviation: 1 / Double(inputs).squareRoot(), random: &random)
      return Dense(weight: weight, bias: .zeros([outputs]))
    }
    var stages: [Sequential] = []
    for (from, to) in zip([inputs] + hidden, hidden) {
      let layers: [any Layer] = [dense(from, to, &random), Activation(activation)]
      stages.append(Sequential(stages.isEmpty ? [Flatten()] + layers : layers))
    }
    return LayeredClassifier(stages: stages, head: dense(hidden.last ?? inputs, classes, &random))
  }

  /// Convolutions of 5 x 5, each rectified and pooled by two, and a dense layer: for MNIST 28 x 28 x 32, 14 x 14 x 64, 1024 units, ten classes.
  ///
  /// - Parameters:
  ///   - height, width: of the pictures (n, height, width, channels), at least 2 to the number of convolutions.
  ///   - convolutions: channels of each.
  ///   - units: of the dense layer.
  public static func convolutional(
    height: Int, width: Int, channels: Int, convolutions: [Int] = [32, 64], units: Int = 1024, classes: Int,
    activation: Activation.Function = .relu, random: inout RandomStream
  ) -> LayeredClassifier {
    let reduction = 1 << convolutions.count
    precondition(
      height >= reduction && width >= reduction,
      "LayeredClassifier: pictures of \(height) x \(width) for \(convolutions.count) poolings, expected at least \(reduction) x \(reduction)"
    )
    var stages: [Sequential] = []
    var (height, width) = (height, width)
    for (from, to) in zip([channels] + convolutions, convolutions) {
      let convolution = Convolution(.init(inputs: from, outputs: to, kernel: [5, 5], padding: .same), random: &random)
      stages.append(Sequential(convolution, Activation(activation), MaxPool(window: [2, 2])))
      (height, width) = (height / 2, width / 2)
    }
    let features = height * width * (convolutions.last ?? channels)
    stages.append(Sequential(Flatten(), Dense(inputs: features, outputs: units, random: &random), Activation(activation)))
    return LayeredClassifier(stages: stages, head: Dense(inputs: units, outputs: classes, random: &random))
  }

  /// Watched layers: the stages and the softmax.
  public var layerCount: Int { stages.count + 1 }

  /// The scores before the softmax, (n, classes).
  public func logits(_ inputs: Tensor) -> Tensor { head(stages.reduce(inputs) { $1($0) }) }

  /// T_1 ... T_L, each (n, units); pooled maps with all their places and channels as units, softmax outputs last.
  public func activations(_ inputs: Tensor) -> [Tensor] {
    var state = inputs
    var layers: [Tensor] = []
    for stage in stages {
      state = stage(state)
      layers.append(state.flattened(from: 1))
    }
    return layers + [head(state).softmax()]
  }
}
