import Tensors

/// A rectifier whose slope for negative values is learnt (He et al., 2015).
public struct PReLU: Layer, ConfiguredModule {
  public struct Configuration: Sendable, Hashable, Codable {
    /// Number of slopes: one for each channel, or one for all.
    public var slopes: Int
    public init(slopes: Int = 1) { self.slopes = slopes }
  }

  public let configuration: Configuration
  /// (slopes).
  public let weight: Parameter
  private let identity = LayerIdentity()

  public init(_ configuration: Configuration = Configuration(), initialSlope: Double = 0.25) {
    self.configuration = configuration
    weight = Parameter(Tensor(repeating: initialSlope, shape: [configuration.slopes]))
  }

  public init(slopes: Int, initialSlope: Double = 0.25) { self.init(Configuration(slopes: slopes), initialSlope: initialSlope) }

  /// - Parameter input: (..., channels).
  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(
      configuration.slopes == 1 || input.shape.last == configuration.slopes,
      "PReLU: the last axis of the input must have extent \(configuration.slopes), the shape is \(input.shape)")
    return recorded(Tensor.select(input .> 0, input, input * weight.value), of: input, by: identity, as: "PReLU")
  }
}
