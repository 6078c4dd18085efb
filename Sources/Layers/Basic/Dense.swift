import Tensors

/// A fully connected layer: input x weight + bias, over the last axis.
public struct Dense: Layer, ConfiguredModule {
  public struct Configuration: Sendable, Hashable, Codable {
    /// Extent of the last axis of the input.
    public var inputs: Int
    /// Extent of the last axis of the output.
    public var outputs: Int
    public var hasBias: Bool

    public init(inputs: Int, outputs: Int, hasBias: Bool = true) {
      self.inputs = inputs
      self.outputs = outputs
      self.hasBias = hasBias
    }
  }

  public let configuration: Configuration
  /// (inputs, outputs).
  public let weight: Parameter
  /// (outputs).
  public let bias: Parameter?
  private let identity = LayerIdentity()

  /// Draws fresh weights; both uniform in +-1 / sqrt(inputs) unless told otherwise.
  public init(
    _ configuration: Configuration, weights: Initializer = .standard, bias biases: Initializer = .standard, random: inout RandomStream
  ) {
    let fans = Fans(input: configuration.inputs, output: configuration.outputs)
    let weight = weights([configuration.inputs, configuration.outputs], fans: fans, random: &random)
    self.init(
      configuration, weight: weight, bias: configuration.hasBias ? biases([configuration.outputs], fans: fans, random: &random) : nil)
  }

  public init(
    inputs: Int, outputs: Int, hasBias: Bool = true, weights: Initializer = .standard, bias: Initializer = .standard,
    random: inout RandomStream
  ) {
    self.init(Configuration(inputs: inputs, outputs: outputs, hasBias: hasBias), weights: weights, bias: bias, random: &random)
  }

  /// A layer with given weights, (inputs, outputs), and bias, (outputs).
  public init(weight: Tensor, bias: Tensor? = nil) {
    precondition(weight.rank == 2, "Dense: the weight must be (inputs, outputs), its shape is \(weight.shape)")
    precondition(
      bias == nil || bias!.shape == [weight.shape[1]],
      "Dense: the bias must be (outputs) = [\(weight.shape[1])], its shape is \(bias!.shape)")
    self.init(Configuration(inputs: weight.shape[0], outputs: weight.shape[1], hasBias: bias != nil), weight: weight, bias: bias)
  }

  private init(_ configuration: Configuration, weight: Tensor, bias: Tensor?) {
    self.configuration = configuration
    self.weight = Parameter(weight)
    self.bias = bias.map { Parameter($0) }
  }

  /// - Parameter input: (..., inputs).
  /// - Returns: (..., outputs).
  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(
      input.rank > 0 && input.shape[input.rank - 1] == configuration.inputs,
      "Dense: the last axis of the input must have extent \(configuration.inputs), the shape is \(input.shape)")
    var output = Product.matmul(input, weight.value)
    if let bias { output = output + bias.value }
    return recorded(output, of: input, by: identity, as: "Dense", multiplyAdds: output.elementCount * configuration.inputs)
  }
}
