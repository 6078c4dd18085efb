import Tensors

/// The mean of each channel over all positions: (batch, spatial..., channels) becomes (batch, channels).
public struct GlobalAveragePool: Layer {
  private let identity = LayerIdentity()

  public init() {}

  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(input.rank >= 3, "GlobalAveragePool: the input must be (batch, spatial..., channels), its shape is \(input.shape)")
    return recorded(input.mean(axes: Array(1..<(input.rank - 1))), of: input, by: identity, as: "GlobalAveragePool")
  }
}

/// The largest value of each channel over all positions: (batch, spatial..., channels) becomes (batch, channels).
public struct GlobalMaxPool: Layer {
  private let identity = LayerIdentity()

  public init() {}

  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(input.rank >= 3, "GlobalMaxPool: the input must be (batch, spatial..., channels), its shape is \(input.shape)")
    return recorded(input.max(axes: Array(1..<(input.rank - 1))), of: input, by: identity, as: "GlobalMaxPool")
  }
}
