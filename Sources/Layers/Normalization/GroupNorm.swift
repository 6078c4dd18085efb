import Tensors

/// Normalisation of each sample over blocks of channels and all positions (Wu and He, 2018).
public struct GroupNorm: Layer, ConfiguredModule {
  public struct Configuration: Sendable, Hashable, Codable {
    public var groups: Int
    /// Channels, a multiple of the groups.
    public var features: Int
    public var epsilon: Double
    public var isAffine: Bool

    public init(groups: Int, features: Int, epsilon: Double = 1e-5, isAffine: Bool = true) {
      precondition(groups > 0 && features % groups == 0, "GroupNorm: \(groups) groups do not divide \(features) channels")
      self.groups = groups
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

  public init(groups: Int, features: Int, epsilon: Double = 1e-5, isAffine: Bool = true) {
    self.init(Configuration(groups: groups, features: features, epsilon: epsilon, isAffine: isAffine))
  }

  /// - Parameter input: (batch, ..., features).
  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(
      input.rank >= 2 && input.shape[input.rank - 1] == configuration.features,
      "GroupNorm: the input must be (batch, ..., \(configuration.features)), its shape is \(input.shape)")
    let output = input.groupNormalized(
      groups: configuration.groups, scale: weight?.value, shift: bias?.value, epsilon: configuration.epsilon)
    return recorded(output, of: input, by: identity, as: "GroupNorm", multiplyAdds: output.elementCount)
  }
}
