import Layers
import Tensors

/// Dense layers with an activation between them, and perhaps behind the last.
public struct Perceptron: Layer {
  public let layers: [Dense]
  public let activation: Activation.Function
  public let activatesLast: Bool

  /// - Parameter sizes: of the input and after each layer; two or more. Weights are drawn from Glorot's normal distribution, biases start at 0.
  public init(
    _ sizes: [Int], activation: Activation.Function = .relu, activatesLast: Bool = false, lastHasBias: Bool = true,
    random: inout RandomStream
  ) {
    precondition(sizes.count >= 2, "Perceptron: the sizes \(sizes) need an input and an output")
    var layers: [Dense] = []
    for (index, (inputs, outputs)) in zip(sizes, sizes.dropFirst()).enumerated() {
      layers.append(
        Dense(
          inputs: inputs, outputs: outputs, hasBias: lastHasBias || index < sizes.count - 2, weights: .glorotNormal(), bias: .zeros,
          random: &random))
    }
    self.layers = layers
    self.activation = activation
    self.activatesLast = activatesLast
  }

  public init(layers: [Dense], activation: Activation.Function, activatesLast: Bool) {
    self.layers = layers
    self.activation = activation
    self.activatesLast = activatesLast
  }

  public var inputs: Int { layers.first!.configuration.inputs }
  public var outputs: Int { layers.last!.configuration.outputs }

  /// - Parameter input: (..., inputs).
  public func callAsFunction(_ input: Tensor) -> Tensor {
    var x = input
    for (index, layer) in layers.enumerated() {
      x = layer(x)
      if activatesLast || index < layers.count - 1 { x = activation(x) }
    }
    return x
  }
}

/// p networks of their own, each from all sensors to one number: the branch of the stacked form.
public struct StackedPerceptron: Layer {
  /// (p, inputs, outputs) of each layer; the last has one output.
  public let weights: [Parameter]
  /// (p, outputs).
  public let biases: [Parameter]
  public let activation: Activation.Function

  /// - Parameters:
  ///   - sizes: of the input and after each hidden layer.
  ///   - count: p.
  public init(_ sizes: [Int], count: Int, activation: Activation.Function = .relu, random: inout RandomStream) {
    precondition(!sizes.isEmpty && count >= 1, "StackedPerceptron: \(count) networks of sizes \(sizes)")
    let all = sizes + [1]
    weights = zip(all, all.dropFirst()).map { inputs, outputs in
      // The fans of one network: the others do not see its values.
      Parameter(Initializer.glorotNormal()([count, inputs, outputs], fans: Fans(input: inputs, output: outputs), random: &random))
    }
    biases = all.dropFirst().map { Parameter(.zeros([count, $0])) }
    self.activation = activation
  }

  /// - Parameters:
  ///   - weights: (p, inputs, outputs) of each layer, the last with one output; biases: (p, outputs).
  public init(weights: [Tensor], biases: [Tensor], activation: Activation.Function) {
    precondition(
      weights.count == biases.count && zip(weights, biases).allSatisfy { $0.rank == 3 && $1.shape == [$0.shape[0], $0.shape[2]] }
        && weights.last?.shape[2] == 1,
      "StackedPerceptron: weights \(weights.map(\.shape)) and biases \(biases.map(\.shape)) do not fit")
    self.weights = weights.map { Parameter($0) }
    self.biases = biases.map { Parameter($0) }
    self.activation = activation
  }

  /// - Parameter input: (batch, inputs).
  /// - Returns: (batch, p).
  public func callAsFunction(_ input: Tensor) -> Tensor {
    var x = input.expandingShape(at: 0)
    for (index, (weight, bias)) in zip(weights, biases).enumerated() {
      x = x.matmul(weight.value) + bias.value.expandingShape(at: 1)
      if index < weights.count - 1 { x = activation(x) }
    }
    return x.squeezed(2).transposed()
  }
}
