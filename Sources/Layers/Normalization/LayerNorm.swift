import Tensors

/// Normalisation of each position over its features, the last axes (Ba et al., 2016).
public struct LayerNorm: Layer, ConfiguredModule {
  public struct Configuration: Sendable, Hashable, Codable {
    /// Extents of the last axes, over which mean and variance are taken.
    public var features: [Int]
    public var epsilon: Double
    public var isAffine: Bool
    public var hasBias: Bool

    public init(features: [Int], epsilon: Double = 1e-5, isAffine: Bool = true, hasBias: Bool = true) {
      self.features = features
      self.epsilon = epsilon
      self.isAffine = isAffine
      self.hasBias = hasBias
    }
  }

  public let configuration: Configuration
  /// Scale, (features...).
  public let weight: Parameter?
  /// Shift, (features...).
  public let bias: Parameter?
  private let identity = LayerIdentity()

  public init(_ configuration: Configuration) {
    self.configuration = configuration
    let shape = Shape(configuration.features)
    weight = configuration.isAffine ? Parameter(.ones(shape)) : nil
    bias = configuration.isAffine && configuration.hasBias ? Parameter(.zeros(shape)) : nil
  }

  public init(features: Int..., epsilon: Double = 1e-5, isAffine: Bool = true, hasBias: Bool = true) {
    self.init(Configuration(features: features, epsilon: epsilon, isAffine: isAffine, hasBias: hasBias))
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(
      input.shape.suffix(configuration.features.count).elementsEqual(configuration.features),
      "LayerNorm: the last axes of the input must be \(configuration.features), its shape is \(input.shape)")
    let output = input.layerNormalized(
      scale: weight?.value, shift: bias?.value, axes: configuration.features.count, epsilon: configuration.epsilon)
    return recorded(output, of: input, by: identity, as: "LayerNorm", multiplyAdds: output.elementCount)
  }
}
