import Tensors

/// Division of each position by the root of the mean square of its features (Zhang and Sennrich, 2019).
public struct RMSNorm: Layer, ConfiguredModule {
  public struct Configuration: Sendable, Hashable, Codable {
    /// Extents of the last axes.
    public var features: [Int]
    public var epsilon: Double
    public var isAffine: Bool

    /// - Parameter epsilon: added to the mean square; the default is the spacing of float32 at 1.
    public init(features: [Int], epsilon: Double = 0x1p-23, isAffine: Bool = true) {
      self.features = features
      self.epsilon = epsilon
      self.isAffine = isAffine
    }
  }

  public let configuration: Configuration
  /// Scale, (features...).
  public let weight: Parameter?
  private let identity = LayerIdentity()

  public init(_ configuration: Configuration) {
    self.configuration = configuration
    weight = configuration.isAffine ? Parameter(.ones(Shape(configuration.features))) : nil
  }

  public init(features: Int..., epsilon: Double = 0x1p-23, isAffine: Bool = true) {
    self.init(Configuration(features: features, epsilon: epsilon, isAffine: isAffine))
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(
      input.shape.suffix(configuration.features.count).elementsEqual(configuration.features),
      "RMSNorm: the last axes of the input must be \(configuration.features), its shape is \(input.shape)")
    let output = input.rmsNormalized(scale: weight?.value, axes: configuration.features.count, epsilon: configuration.epsilon)
    return recorded(output, of: input, by: identity, as: "RMSNorm", multiplyAdds: output.elementCount)
  }
}
