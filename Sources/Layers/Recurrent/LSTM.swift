import Tensors

/// Long short-term memory (Hochreiter and Schmidhuber, 1997; with the forget gate of Gers et al., 2000).
public struct LSTM: Layer, ConfiguredModule {
  /// (layers * directions, batch, hidden) each.
  public struct State: Sendable {
    public var hidden: Tensor
    public var cell: Tensor

    public init(hidden: Tensor, cell: Tensor) {
      self.hidden = hidden
      self.cell = cell
    }
  }

  public let configuration: RecurrentConfiguration
  /// Weights of layer l in direction d at l * directions + d; gates in the order input, forget, cell, output.
  public let layers: [RecurrentWeights]
  private let identity = LayerIdentity()

  /// - Parameter forgetBias: added to the fresh bias of the forget gate; 1 makes the memory last at first (Jozefowicz et al., 2015).
  public init(_ configuration: RecurrentConfiguration, forgetBias: Double = 0, random: inout RandomStream) {
    self.configuration = configuration
    var layers: [RecurrentWeights] = []
    for slot in 0..<(configuration.layers * configuration.directions) {
      let inputs = configuration.inputs(ofLayer: slot / configuration.directions)
      let weights = RecurrentWeights(
        inputs: inputs, hidden: configuration.hidden, gates: 4, hasBias: configuration.hasBias, random: &random)
      if forgetBias != 0, let bias = weights.inputBias {
        let isForgetGate = Tensor.concatenate([0, 1, 0, 0].map { Tensor(repeating: $0, shape: [configuration.hidden]) })
        bias.assign(bias.value + isForgetGate * forgetBias)
      }
      layers.append(weights)
    }
    self.layers = layers
  }

  public init(
    inputs: Int, hidden: Int, layers: Int = 1, isBidirectional: Bool = false, hasBias: Bool = true, dropout: Double = 0,
    forgetBias: Double = 0, random: inout RandomStream
  ) {
    let configuration = RecurrentConfiguration(
      inputs: inputs, hidden: hidden, layers: layers, isBidirectional: isBidirectional, hasBias: hasBias, dropout: dropout)
    self.init(configuration, forgetBias: forgetBias, random: &random)
  }

  /// - Parameter input: (batch, steps, inputs); the state begins at zero.
  /// - Returns: (batch, steps, directions * hidden).
  public func callAsFunction(_ input: Tensor) -> Tensor { self(input, state: nil).output }

  /// - Parameters:
  ///   - input: (batch, steps, inputs).
  ///   - state: where to begin; zero without.
  /// - Returns: (batch, steps, directions * hidden), and the state after the last step.
  public func callAsFunction(_ input: Tensor, state: State?) -> (output: Tensor, state: State) {
    precondition(
      input.rank == 3 && input.shape[2] == configuration.inputs,
      "LSTM: the input must be (batch, steps, \(configuration.inputs)), its shape is \(input.shape)")
    let shape: Shape = [layers.count, input.shape[0], configuration.hidden]
    let state = state ?? State(hidden: .zeros(shape, dtype: input.dtype), cell: .zeros(shape, dtype: input.dtype))
    precondition(
      state.hidden.shape == shape && state.cell.shape == shape,
      "LSTM: the state must be \(shape), hidden is \(state.hidden.shape) and cell \(state.cell.shape)")
    let (output, states) = RecurrentRun(configuration: configuration, weights: layers)(input, states: [state.hidden, state.cell]) {
      weights, projected, states in
      let gates = (projected + weights.recurrent(states[0])).split(count: 4, axis: -1)
      let cell = gates[1].sigmoid() * states[1] + gates[0].sigmoid() * gates[2].tanh()
      return [gates[3].sigmoid() * cell.tanh(), cell]
    }
    let result = recorded(
      output, of: input, by: identity, as: "LSTM", multiplyAdds: configuration.multiplyAdds(gates: 4, input: input.shape))
    return (result, State(hidden: states[0], cell: states[1]))
  }
}
