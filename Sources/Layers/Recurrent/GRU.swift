import Tensors

/// The gated recurrent unit (Cho et al., 2014), in the form whose reset gate acts after the product with the state.
public struct GRU: Layer, ConfiguredModule {
  public let configuration: RecurrentConfiguration
  /// Weights of layer l in direction d at l * directions + d; gates in the order reset, update, new.
  public let layers: [RecurrentWeights]
  private let identity = LayerIdentity()

  public init(_ configuration: RecurrentConfiguration, random: inout RandomStream) {
    self.configuration = configuration
    var layers: [RecurrentWeights] = []
    for slot in 0..<(configuration.layers * configuration.directions) {
      let inputs = configuration.inputs(ofLayer: slot / configuration.directions)
      layers.append(
        RecurrentWeights(inputs: inputs, hidden: configuration.hidden, gates: 3, hasBias: configuration.hasBias, random: &random))
    }
    self.layers = layers
  }

  public init(
    inputs: Int, hidden: Int, layers: Int = 1, isBidirectional: Bool = false, hasBias: Bool = true, dropout: Double = 0,
    random: inout RandomStream
  ) {
    let configuration = RecurrentConfiguration(
      inputs: inputs, hidden: hidden, layers: layers, isBidirectional: isBidirectional, hasBias: hasBias, dropout: dropout)
    self.init(configuration, random: &random)
  }

  /// - Parameter input: (batch, steps, inputs); the state begins at zero.
  /// - Returns: (batch, steps, directions * hidden).
  public func callAsFunction(_ input: Tensor) -> Tensor { self(input, state: nil).output }

  /// - Parameters:
  ///   - input: (batch, steps, inputs).
  ///   - state: where to begin, (layers * directions, batch, hidden); zero without.
  /// - Returns: (batch, steps, directions * hidden), and the state after the last step.
  public func callAsFunction(_ input: Tensor, state: Tensor?) -> (output: Tensor, state: Tensor) {
    precondition(
      input.rank == 3 && input.shape[2] == configuration.inputs,
      "GRU: the input must be (batch, steps, \(configuration.inputs)), its shape is \(input.shape)")
    let shape: Shape = [layers.count, input.shape[0], configuration.hidden]
    let state = state ?? .zeros(shape, dtype: input.dtype)
    precondition(state.shape == shape, "GRU: the state must be \(shape), it is \(state.shape)")
    let (output, states) = RecurrentRun(configuration: configuration, weights: layers)(input, states: [state]) {
      weights, projected, states in
      let fromInput = projected.split(count: 3, axis: -1)
      let fromState = weights.recurrent(states[0]).split(count: 3, axis: -1)
      let reset = (fromInput[0] + fromState[0]).sigmoid()
      let update = (fromInput[1] + fromState[1]).sigmoid()
      let new = (fromInput[2] + reset * fromState[2]).tanh()
      return [new + update * (states[0] - new)]
    }
    let result = recorded(
      output, of: input, by: identity, as: "GRU", multiplyAdds: configuration.multiplyAdds(gates: 3, input: input.shape))
    return (result, states[0])
  }
}
