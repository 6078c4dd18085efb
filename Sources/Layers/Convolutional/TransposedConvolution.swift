import Tensors

/// The transpose of a convolution, in as many spatial dimensions (1 to 3) as its kernel has extents: it widens what a convolution narrows.
///
/// The output extent is (n - 1) * stride - padding before and after + dilation * (kernel - 1) + outputPadding + 1.
public struct TransposedConvolution: Layer, ConfiguredModule {
  public struct Configuration: Sendable, Hashable, Codable {
    public var inputs: Int
    public var outputs: Int
    public var kernel: [Int]
    public var strides: [Int]
    /// What the convolution that this transposes would add around its input.
    public var padding: Padding
    /// Extra positions at the end of each axis.
    public var outputPadding: [Int]
    public var dilations: [Int]
    public var groups: Int
    public var hasBias: Bool

    public init(
      inputs: Int, outputs: Int, kernel: [Int], strides: [Int]? = nil, padding: Padding = .valid, outputPadding: [Int]? = nil,
      dilations: [Int]? = nil, groups: Int = 1, hasBias: Bool = true
    ) {
      precondition((1...3).contains(kernel.count), "TransposedConvolution: the kernel \(kernel) must have 1 to 3 extents")
      precondition(
        groups > 0 && inputs % groups == 0 && outputs % groups == 0,
        "TransposedConvolution: \(groups) groups do not divide \(inputs) and \(outputs) channels")
      self.inputs = inputs
      self.outputs = outputs
      self.kernel = kernel
      self.strides = strides ?? kernel.map { _ in 1 }
      self.padding = padding
      self.outputPadding = outputPadding ?? kernel.map { _ in 0 }
      self.dilations = dilations ?? kernel.map { _ in 1 }
      self.groups = groups
      self.hasBias = hasBias
    }

    var taps: Int { kernel.reduce(1, *) }
  }

  public let configuration: Configuration
  /// (inputs, kernel..., outputs / groups): the weight of the convolution that this transposes.
  public let weight: Parameter
  /// (outputs).
  public let bias: Parameter?
  private let identity = LayerIdentity()

  /// Draws fresh weights; both uniform in +-1 / sqrt(outputs / groups * kernel extents) unless told otherwise.
  public init(
    _ configuration: Configuration, weights: Initializer = .standard, bias biases: Initializer = .standard, random: inout RandomStream
  ) {
    self.configuration = configuration
    let perGroup = configuration.outputs / configuration.groups
    // Fans of the stored weight as PyTorch counts them: its second axis is the output's.
    let fans = Fans(input: perGroup * configuration.taps, output: configuration.inputs * configuration.taps)
    weight = Parameter(weights(Shape([configuration.inputs] + configuration.kernel + [perGroup]), fans: fans, random: &random))
    bias = configuration.hasBias ? Parameter(biases([configuration.outputs], fans: fans, random: &random)) : nil
  }

  public init(
    inputs: Int, outputs: Int, kernel: [Int], strides: [Int]? = nil, padding: Padding = .valid, outputPadding: [Int]? = nil,
    dilations: [Int]? = nil, groups: Int = 1, hasBias: Bool = true, weights: Initializer = .standard, bias: Initializer = .standard,
    random: inout RandomStream
  ) {
    let configuration = Configuration(
      inputs: inputs, outputs: outputs, kernel: kernel, strides: strides, padding: padding, outputPadding: outputPadding,
      dilations: dilations, groups: groups, hasBias: hasBias)
    self.init(configuration, weights: weights, bias: bias, random: &random)
  }

  /// - Parameter input: (batch, spatial..., inputs).
  /// - Returns: (batch, spatial..., outputs).
  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(
      input.rank == configuration.kernel.count + 2 && input.shape[input.rank - 1] == configuration.inputs,
      "TransposedConvolution: the input must be (batch, \(configuration.kernel.count) spatial axes, \(configuration.inputs)), "
        + "its shape is \(input.shape)")
    var output = Product.transposedConvolution(
      input, weight.value, strides: configuration.strides,
      padding: configuration.padding.widths(kernel: configuration.kernel, dilations: configuration.dilations),
      outputPadding: configuration.outputPadding, dilations: configuration.dilations, groups: configuration.groups)
    if let bias { output = output + bias.value }
    return recorded(
      output, of: input, by: identity, as: "TransposedConvolution",
      multiplyAdds: input.elementCount * configuration.taps * (configuration.outputs / configuration.groups))
  }
}
