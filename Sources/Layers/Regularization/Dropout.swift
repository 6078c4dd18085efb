import Tensors

/// Sets elements to zero at random in training and scales the others up, so that the expectation stays (Srivastava et al., 2014).
public struct Dropout: Layer, ConfiguredModule {
  /// What is dropped together.
  public enum Unit: String, Sendable, Hashable, Codable {
    case element
    /// One channel of one sample, at all positions (Tompson et al., 2015).
    case channel
  }

  public struct Configuration: Sendable, Hashable, Codable {
    /// Of being dropped, in 0 ... 1.
    public var probability: Double
    public var unit: Unit

    public init(probability: Double = 0.5, unit: Unit = .element) {
      precondition((0...1).contains(probability), "Dropout: the probability \(probability) does not lie in 0 ... 1")
      self.probability = probability
      self.unit = unit
    }
  }

  public let configuration: Configuration
  private let identity = LayerIdentity()

  public init(_ configuration: Configuration = Configuration()) { self.configuration = configuration }
  public init(_ probability: Double, unit: Unit = .element) { self.init(Configuration(probability: probability, unit: unit)) }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    var shape = input.shape
    if configuration.unit == .channel {
      precondition(input.rank >= 2, "Dropout: channels of (batch, ..., channels) are to be dropped, the shape is \(input.shape)")
      for axis in 1..<(input.rank - 1) { shape[axis] = 1 }
    }
    return recorded(input.dropped(configuration.probability, unitsOfShape: shape), of: input, by: identity, as: "Dropout")
  }
}

/// Leaves out the whole branch for some samples in training: stochastic depth (Huang et al., 2016).
public struct DropPath: Layer, ConfiguredModule {
  public struct Configuration: Sendable, Hashable, Codable {
    /// Of a sample's branch being dropped, in 0 ... 1.
    public var probability: Double

    public init(probability: Double) {
      precondition((0...1).contains(probability), "DropPath: the probability \(probability) does not lie in 0 ... 1")
      self.probability = probability
    }
  }

  public let configuration: Configuration
  private let identity = LayerIdentity()

  public init(_ configuration: Configuration) { self.configuration = configuration }
  public init(_ probability: Double) { self.init(Configuration(probability: probability)) }

  /// - Parameter input: (batch, ...).
  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(input.rank >= 1, "DropPath: the input needs a batch axis")
    let units = Shape([input.shape[0]] + input.shape.dropFirst().map { _ in 1 })
    return recorded(input.dropped(configuration.probability, unitsOfShape: units), of: input, by: identity, as: "DropPath")
  }
}

extension Tensor {
  /// In training, zero with the given probability, decided for each element of a shape that broadcasts to this tensor's.
  func dropped(_ probability: Double, unitsOfShape units: Shape) -> Tensor {
    let context = Context.current
    guard context.isTraining, probability > 0 else { return self }
    guard probability < 1 else { return self * 0 }
    let kept = Tensor.bernoulli(units, probability: 1 - probability, key: context.nextKey())
    return self * (kept.cast(to: dtype) * (1 / (1 - probability)))
  }
}
