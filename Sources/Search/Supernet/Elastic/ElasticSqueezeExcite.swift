import Layers
import Tensors

/// Channels scaled by a gate that sees their means (Hu et al., 2018): x * gate(W2 relu(W1 mean(x) + b1) + b2).
///
/// An architecture with c channels uses the first s = rounded(c / 4) hidden units.
public struct ElasticSqueezeExcite: Module {
  public struct Configuration: Sendable, Hashable, Codable {
    /// Largest number of channels.
    public var channels: Int
    public var reduction: Int
    public var divisor: Int
    public var gate: Activation.Function

    public init(channels: Int, reduction: Int = 4, divisor: Int = 8, gate: Activation.Function = .hardSigmoid) {
      self.channels = channels
      self.reduction = reduction
      self.divisor = divisor
      self.gate = gate
    }

    /// Hidden units for a number of channels.
    public func hidden(_ channels: Int) -> Int { roundedChannels(channels / reduction, divisor: divisor) }
  }

  public let configuration: Configuration
  /// (hidden, channels).
  public let reduceWeight: Parameter
  public let reduceBias: Parameter
  /// (channels, hidden).
  public let expandWeight: Parameter
  public let expandBias: Parameter

  public init(_ configuration: Configuration, random: inout RandomStream) {
    let (channels, hidden) = (configuration.channels, configuration.hidden(configuration.channels))
    self.configuration = configuration
    reduceWeight = Parameter(Tensor.normal([hidden, channels], key: random.next(), standardDeviation: (2 / Double(hidden)).squareRoot()))
    reduceBias = Parameter(.zeros([hidden]))
    expandWeight = Parameter(Tensor.normal([channels, hidden], key: random.next(), standardDeviation: (2 / Double(channels)).squareRoot()))
    expandBias = Parameter(.zeros([channels]))
  }

  /// - Parameters:
  ///   - input: (batch, height, width, c) with c at most the largest number of channels.
  ///   - hiddenMask: (hidden), what stays of each hidden unit, for masked execution.
  public func callAsFunction(_ input: Tensor, hiddenMask: Tensor? = nil, _ pass: ForwardPass) -> Tensor {
    let channels = input.shape[3]
    let hidden = configuration.hidden(channels)
    let means = input.mean(1, 2)
    var units =
      (means.matmul(pass.take(reduceWeight, first: [hidden, channels]).transposed()) + pass.take(reduceBias, first: [hidden])).relu()
    if let hiddenMask { units = units * hiddenMask }
    let scores = units.matmul(pass.take(expandWeight, first: [channels, hidden]).transposed()) + pass.take(expandBias, first: [channels])
    return input * configuration.gate(scores).reshaped(to: [input.shape[0], 1, 1, channels])
  }
}
