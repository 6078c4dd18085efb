import Layers
import Tensors

/// The position-wise network between two of the blocks' normalisations.
public struct HopfieldFeedForward: Layer {
  public let inner: Dense
  public let outer: Dense
  public let activation: Activation.Function
  public let dropout: Dropout

  init(width: Int, innerWidth: Int, dropout: Double, activation: Activation.Function, random: inout RandomStream) {
    inner = Dense(inputs: width, outputs: innerWidth, random: &random)
    outer = Dense(inputs: innerWidth, outputs: width, random: &random)
    self.activation = activation
    self.dropout = Dropout(dropout)
  }

  /// W2 drop(act(W1 x)), drop beyond.
  public func callAsFunction(_ input: Tensor) -> Tensor { dropout(outer(dropout(activation(inner(input))))) }
}

/// A block of an encoder around a Hopfield layer: y = LN(x + drop(Hopfield(x))), out = LN(y + drop(W2 drop(act(W1 y)))).
public struct HopfieldEncoderBlock: Layer {
  public let hopfield: Hopfield
  public let feedForward: HopfieldFeedForward
  public let associationNorm: LayerNorm
  public let outputNorm: LayerNorm
  public let dropout: Dropout

  /// - Parameter configuration: of the association, with the width of its output that of its state.
  public init(
    _ configuration: AssociationConfiguration, innerWidth: Int = 2048, dropout: Double = 0.1, activation: Activation.Function = .relu,
    random: inout RandomStream
  ) throws(HopfieldError) {
    try requireResidual(configuration)
    hopfield = try Hopfield(configuration, random: &random)
    let width = configuration.state.width
    feedForward = HopfieldFeedForward(width: width, innerWidth: innerWidth, dropout: dropout, activation: activation, random: &random)
    associationNorm = LayerNorm(features: width)
    outputNorm = LayerNorm(features: width)
    self.dropout = Dropout(dropout)
  }

  /// (N, S, E) gives (N, S, E). Traps where `encode` throws.
  public func callAsFunction(_ input: Tensor) -> Tensor { trapping { () throws(HopfieldError) in try encode(input) } }

  public func encode(_ input: Tensor, mask: AssociationMask = .none) throws(HopfieldError) -> Tensor {
    let y = associationNorm(input + dropout(try hopfield.associate(input, mask: mask).output))
    return outputNorm(y + feedForward(y))
  }
}

/// A block of a decoder: self association, association with a memory, position-wise network, each with its residual and normalisation after it.
public struct HopfieldDecoderBlock: Module {
  public let selfHopfield: Hopfield
  public let memoryHopfield: Hopfield
  public let feedForward: HopfieldFeedForward
  public let selfNorm: LayerNorm
  public let memoryNorm: LayerNorm
  public let outputNorm: LayerNorm
  public let dropout: Dropout

  /// - Parameter memory: of the association with the memory, whose width its stored patterns have.
  public init(
    _ configuration: AssociationConfiguration, memory: AssociationConfiguration, innerWidth: Int = 2048, dropout: Double = 0.1,
    activation: Activation.Function = .relu, random: inout RandomStream
  ) throws(HopfieldError) {
    try requireResidual(configuration)
    try requireResidual(memory)
    guard memory.state.width == configuration.state.width else {
      throw .setting(
        name: "memory.state.width", value: "\(memory.state.width)", allowed: "\(configuration.state.width), as that of the block")
    }
    selfHopfield = try Hopfield(configuration, random: &random)
    memoryHopfield = try Hopfield(memory, random: &random)
    let width = configuration.state.width
    feedForward = HopfieldFeedForward(width: width, innerWidth: innerWidth, dropout: dropout, activation: activation, random: &random)
    selfNorm = LayerNorm(features: width)
    memoryNorm = LayerNorm(features: width)
    outputNorm = LayerNorm(features: width)
    self.dropout = Dropout(dropout)
  }

  /// - Parameters:
  ///   - input: (N, L, E).
  ///   - memory: (N, S, E_s): stored patterns and projection input of the second association.
  /// - Returns: (N, L, E).
  public func decode(
    _ input: Tensor, memory: Tensor, mask: AssociationMask = .none, memoryMask: AssociationMask = .none
  ) throws(HopfieldError) -> Tensor {
    let y = selfNorm(input + dropout(try selfHopfield.associate(input, mask: mask).output))
    let z = memoryNorm(y + dropout(try memoryHopfield.associate(stored: memory, state: y, mask: memoryMask).output))
    return outputNorm(z + feedForward(z))
  }
}

private func requireResidual(_ configuration: AssociationConfiguration) throws(HopfieldError) {
  guard configuration.outputWidth == configuration.state.width else {
    throw .setting(
      name: "outputWidth", value: "\(configuration.outputWidth)", allowed: "\(configuration.state.width), which the residual needs")
  }
}
