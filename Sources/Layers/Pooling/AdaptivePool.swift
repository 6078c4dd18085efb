import Tensors

/// Windows of nearly equal extent that cover each spatial axis, as many as asked for.
public struct AdaptivePool: Layer, ConfiguredModule {
  public enum Statistic: String, Sendable, Hashable, Codable { case average, maximum }

  public struct Configuration: Sendable, Hashable, Codable {
    /// Extent of the result along each spatial axis.
    public var extents: [Int]
    public var statistic: Statistic

    public init(extents: [Int], statistic: Statistic = .average) {
      self.extents = extents
      self.statistic = statistic
    }
  }

  public let configuration: Configuration
  private let identity = LayerIdentity()

  public init(_ configuration: Configuration) { self.configuration = configuration }
  public init(_ statistic: Statistic = .average, to extents: [Int]) {
    self.init(Configuration(extents: extents, statistic: statistic))
  }

  /// - Parameter input: (batch, spatial..., channels).
  public func callAsFunction(_ input: Tensor) -> Tensor {
    let output =
      switch configuration.statistic {
      case .average: input.adaptiveAveragePooled(to: configuration.extents)
      case .maximum: input.adaptiveMaxPooled(to: configuration.extents)
      }
    return recorded(output, of: input, by: identity, as: "AdaptivePool")
  }
}
