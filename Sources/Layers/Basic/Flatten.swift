import Tensors

/// All axes after the batch as one.
public struct Flatten: Layer, ConfiguredModule {
  public enum Order: String, Sendable, Hashable, Codable {
    /// As stored: (height, width, channels).
    case channelsLast
    /// (channels, height, width), which dense layers after convolutions expect in models trained by PyTorch.
    case channelsFirst
  }

  public struct Configuration: Sendable, Hashable, Codable {
    public var order: Order
    public init(order: Order = .channelsLast) { self.order = order }
  }

  public let configuration: Configuration
  private let identity = LayerIdentity()

  public init(_ configuration: Configuration = Configuration()) { self.configuration = configuration }
  public init(order: Order) { self.init(Configuration(order: order)) }

  /// - Parameter input: (batch, ...).
  /// - Returns: (batch, features).
  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(input.rank >= 1, "Flatten: the input needs a batch axis")
    var ordered = input
    if configuration.order == .channelsFirst, input.rank > 2 {
      ordered = input.transposed(permutation: [0, input.rank - 1] + Array(1..<(input.rank - 1)))
    }
    let features = input.shape.dropFirst().reduce(1, *)
    return recorded(ordered.reshaped(to: Shape([input.shape[0], features])), of: input, by: identity, as: "Flatten")
  }
}
