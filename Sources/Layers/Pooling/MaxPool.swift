import Tensors

/// The largest element of each window of (batch, spatial..., channels).
public struct MaxPool: Layer, ConfiguredModule {
  public struct Configuration: Sendable, Hashable, Codable {
    /// Extent of a window along each spatial axis.
    public var window: [Int]
    public var strides: [Int]
    /// Positions added before and after; they never win.
    public var padding: Padding
    public var dilations: [Int]

    /// - Parameter strides: steps between windows, by default their extents.
    public init(window: [Int], strides: [Int]? = nil, padding: Padding = .valid, dilations: [Int]? = nil) {
      self.window = window
      self.strides = strides ?? window
      self.padding = padding
      self.dilations = dilations ?? window.map { _ in 1 }
    }
  }

  public let configuration: Configuration
  private let identity = LayerIdentity()

  public init(_ configuration: Configuration) { self.configuration = configuration }

  public init(window: [Int], strides: [Int]? = nil, padding: Padding = .valid, dilations: [Int]? = nil) {
    self.init(Configuration(window: window, strides: strides, padding: padding, dilations: dilations))
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    let output = input.maxPooled(
      window: configuration.window, strides: configuration.strides,
      padding: configuration.padding.widths(kernel: configuration.window, dilations: configuration.dilations),
      dilations: configuration.dilations)
    return recorded(output, of: input, by: identity, as: "MaxPool")
  }
}
