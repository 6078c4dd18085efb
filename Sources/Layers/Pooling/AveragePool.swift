import Tensors

/// The mean of each window of (batch, spatial..., channels).
public struct AveragePool: Layer, ConfiguredModule {
  public struct Configuration: Sendable, Hashable, Codable {
    /// Extent of a window along each spatial axis.
    public var window: [Int]
    public var strides: [Int]
    public var padding: Padding
    /// Whether padding counts as zeros or is left out of the mean.
    public var countsPadding: Bool

    /// - Parameter strides: steps between windows, by default their extents.
    public init(window: [Int], strides: [Int]? = nil, padding: Padding = .valid, countsPadding: Bool = true) {
      self.window = window
      self.strides = strides ?? window
      self.padding = padding
      self.countsPadding = countsPadding
    }
  }

  public let configuration: Configuration
  private let identity = LayerIdentity()

  public init(_ configuration: Configuration) { self.configuration = configuration }

  public init(window: [Int], strides: [Int]? = nil, padding: Padding = .valid, countsPadding: Bool = true) {
    self.init(Configuration(window: window, strides: strides, padding: padding, countsPadding: countsPadding))
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    let output = input.averagePooled(
      window: configuration.window, strides: configuration.strides,
      padding: configuration.padding.widths(kernel: configuration.window, dilations: configuration.window.map { _ in 1 }),
      countsPadding: configuration.countsPadding)
    return recorded(output, of: input, by: identity, as: "AveragePool")
  }
}
