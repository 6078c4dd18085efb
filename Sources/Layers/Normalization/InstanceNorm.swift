import Tensors

/// Normalisation of each channel of each sample over its positions (Ulyanov et al., 2016).
public struct InstanceNorm: Layer, ConfiguredModule {
  public struct Configuration: Sendable, Hashable, Codable {
    public var features: Int
    public var epsilon: Double
    public var isAffine: Bool

    public init(features: Int, epsilon: Double = 1e-5, isAffine: Bool = false) {
      self.features = features
      self.epsilon = epsilon
      self.isAffine = isAffine
    }
  }

  public let configuration: Configuration
  /// Scale, (features).
  public let weight: Parameter?
  /// Shift, (features).
  public let bias: Parameter?
  private let identity = LayerIdentity()

  public init(_ configuration: Configuration) {
    self.configuration = configuration
    weight = configuration.isAffine ? Parameter(.ones([configuration.features])) : nil
    bias = configuration.isAffine ? Parameter(.zeros([configuration.features])) : nil
  }

  public init(features: Int, epsilon: Double = 1e-5, isAffine: Bool = false) {
    self.init(Configuration(features: features, epsilon: epsilon, isAffine: isAffine))
  }

  /// - Parameter input: (batch, spatial..., features).
  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(
      input.rank >= 3 && input.shape[input.rank - 1] == configuration.features,
      "InstanceNorm: the input must be (batch, spatial..., \(configuration.features)), its shape is \(input.shape)")
    let output = input.groupNormalized(
      groups: configuration.features, scale: weight?.value, shift: bias?.value, epsilon: configuration.epsilon)
    return recorded(output, of: input, by: identity, as: "InstanceNorm", multiplyAdds: output.elementCount)
  }
}
