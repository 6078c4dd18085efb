import Tensors

/// Self-attention and a feed-forward network, each with a residual connection and a normalisation (Vaswani et al., 2017).
public struct TransformerBlock: Layer, ConfiguredModule {
  public struct Configuration: Sendable, Hashable, Codable {
    public var features: Int
    public var heads: Int
    /// Width of the feed-forward network.
    public var hidden: Int
    public var dropout: Double
    public var activation: Activation.Function
    /// Whether a branch begins with its normalisation (Xiong et al., 2020) or the sum ends with it.
    public var isNormFirst: Bool
    public var epsilon: Double

    public init(
      features: Int, heads: Int, hidden: Int, dropout: Double = 0.1, activation: Activation.Function = .relu, isNormFirst: Bool = false,
      epsilon: Double = 1e-5
    ) {
      self.features = features
      self.heads = heads
      self.hidden = hidden
      self.dropout = dropout
      self.activation = activation
      self.isNormFirst = isNormFirst
      self.epsilon = epsilon
    }
  }

  public let configuration: Configuration
  public let attention: MultiHeadAttention
  public let linear1: Dense
  public let linear2: Dense
  public let norm1: LayerNorm
  public let norm2: LayerNorm
  public let activation: Activation
  public let dropout: Dropout

  public init(_ configuration: Configuration, random: inout RandomStream) {
    self.configuration = configuration
    attention = MultiHeadAttention(
      features: configuration.features, heads: configuration.heads, dropout: configuration.dropout, random: &random)
    linear1 = Dense(inputs: configuration.features, outputs: configuration.hidden, random: &random)
    linear2 = Dense(inputs: configuration.hidden, outputs: configuration.features, random: &random)
    norm1 = LayerNorm(features: configuration.features, epsilon: configuration.epsilon)
    norm2 = LayerNorm(features: configuration.features, epsilon: configuration.epsilon)
    activation = Activation(configuration.activation)
    dropout = Dropout(configuration.dropout)
  }

  public init(
    features: Int, heads: Int, hidden: Int, dropout: Double = 0.1, activation: Activation.Function = .relu, isNormFirst: Bool = false,
    epsilon: Double = 1e-5, random: inout RandomStream
  ) {
    let configuration = Configuration(
      features: features, heads: heads, hidden: hidden, dropout: dropout, activation: activation, isNormFirst: isNormFirst,
      epsilon: epsilon)
    self.init(configuration, random: &random)
  }

  public func callAsFunction(_ input: Tensor) -> Tensor { self(input, mask: nil, keyMask: nil, isCausal: false) }

  /// - Parameters:
  ///   - input: (batch, positions, features).
  ///   - mask, keyMask, isCausal: as in `MultiHeadAttention.attend`.
  public func callAsFunction(_ input: Tensor, mask: Tensor? = nil, keyMask: Tensor? = nil, isCausal: Bool = false) -> Tensor {
    func attended(_ x: Tensor) -> Tensor { dropout(attention(x, mask: mask, keyMask: keyMask, isCausal: isCausal)) }
    func fed(_ x: Tensor) -> Tensor { dropout(linear2(dropout(activation(linear1(x))))) }
    if configuration.isNormFirst {
      let middle = input + attended(norm1(input))
      return middle + fed(norm2(middle))
    }
    let middle = norm1(input + attended(input))
    return norm2(middle + fed(middle))
  }
}
