import Tensors

/// A convolution in as many spatial dimensions (1 to 3) as its kernel has extents. As many groups as inputs make it depthwise.
public struct Convolution: Layer, ConfiguredModule {
  public struct Configuration: Sendable, Hashable, Codable {
    /// Channels of the input.
    public var inputs: Int
    /// Channels of the output.
    public var outputs: Int
    /// Extent of the kernel along each spatial axis.
    public var kernel: [Int]
    public var strides: [Int]
    public var padding: Padding
    public var dilations: [Int]
    /// Blocks of channels that do not see each other.
    public var groups: Int
    public var hasBias: Bool

    public init(
      inputs: Int, outputs: Int, kernel: [Int], strides: [Int]? = nil, padding: Padding = .valid, dilations: [Int]? = nil, groups: Int = 1,
      hasBias: Bool = true
    ) {
      precondition((1...3).contains(kernel.count), "Convolution: the kernel \(kernel) must have 1 to 3 extents")
      precondition(
        groups > 0 && inputs % groups == 0 && outputs % groups == 0,
        "Convolution: \(groups) groups do not divide \(inputs) and \(outputs) channels")
      self.inputs = inputs
      self.outputs = outputs
      self.kernel = kernel
      self.strides = strides ?? kernel.map { _ in 1 }
      self.padding = padding
      self.dilations = dilations ?? kernel.map { _ in 1 }
      self.groups = groups
      self.hasBias = hasBias
    }

    var taps: Int { kernel.reduce(1, *) }
  }

  public let configuration: Configuration
  /// (outputs, kernel..., inputs / groups).
  public let weight: Parameter
  /// (outputs).
  public let bias: Parameter?
  private let identity = LayerIdentity()

  /// Draws fresh weights; both uniform in +-1 / sqrt(inputs / groups * kernel extents) unless told otherwise.
  public init(
    _ configuration: Configuration, weights: Initializer = .standard, bias biases: Initializer = .standard, random: inout RandomStream
  ) {
    self.configuration = configuration
    let perGroup = configuration.inputs / configuration.groups
    let fans = Fans(input: perGroup * configuration.taps, output: configuration.outputs * configuration.taps)
    weight = Parameter(weights(Shape([configuration.outputs] + configuration.kernel + [perGroup]), fans: fans, random: &random))
    bias = configuration.hasBias ? Parameter(biases([configuration.outputs], fans: fans, random: &random)) : nil
  }

  /// A layer with given weights, (outputs, kernel..., inputs / groups), and bias, (outputs).
  public init(_ configuration: Configuration, weight: Tensor, bias: Tensor? = nil) {
    let shape = Shape([configuration.outputs] + configuration.kernel + [configuration.inputs / configuration.groups])
    precondition(weight.shape == shape, "Convolution: the weight must be \(shape), its shape is \(weight.shape)")
    precondition(
      configuration.hasBias == (bias != nil) && (bias == nil || bias!.shape == [configuration.outputs]),
      "Convolution: the bias must be (outputs) = [\(configuration.outputs)] where the configuration has one, and nothing where it has none")
    self.configuration = configuration
    self.weight = Parameter(weight)
    self.bias = bias.map { Parameter($0) }
  }

  public init(
    inputs: Int, outputs: Int, kernel: [Int], strides: [Int]? = nil, padding: Padding = .valid, dilations: [Int]? = nil, groups: Int = 1,
    hasBias: Bool = true, weights: Initializer = .standard, bias: Initializer = .standard, random: inout RandomStream
  ) {
    let configuration = Configuration(
      inputs: inputs, outputs: outputs, kernel: kernel, strides: strides, padding: padding, dilations: dilations, groups: groups,
      hasBias: hasBias)
    self.init(configuration, weights: weights, bias: bias, random: &random)
  }

  /// - Parameter input: (batch, spatial..., inputs).
  /// - Returns: (batch, spatial..., outputs).
  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(
      input.rank == configuration.kernel.count + 2 && input.shape[input.rank - 1] == configuration.inputs,
      "Convolution: the input must be (batch, \(configuration.kernel.count) spatial axes, \(configuration.inputs)), its shape is \(input.shape)"
    )
    var output = Product.convolution(
      input, weight.value, strides: configuration.strides,
      padding: configuration.padding.widths(kernel: configuration.kernel, dilations: configuration.dilations),
      dilations: configuration.dilations, groups: configuration.groups)
    if let bias { output = output + bias.value }
    return recorded(
      output, of: input, by: identity,
      as: configuration.groups == configuration.inputs && configuration.groups > 1 ? "Depthwise" : "Convolution",
      multiplyAdds: output.elementCount * configuration.taps * (configuration.inputs / configuration.groups))
  }
}

extension Convolution {
  /// A convolution that treats each channel alone.
  ///
  /// - Parameter multiplier: output channels for each input channel.
  public static func depthwise(
    channels: Int, multiplier: Int = 1, kernel: [Int], strides: [Int]? = nil, padding: Padding = .same, dilations: [Int]? = nil,
    hasBias: Bool = true, random: inout RandomStream
  ) -> Convolution {
    Convolution(
      inputs: channels, outputs: channels * multiplier, kernel: kernel, strides: strides, padding: padding, dilations: dilations,
      groups: channels, hasBias: hasBias, random: &random)
  }
}
