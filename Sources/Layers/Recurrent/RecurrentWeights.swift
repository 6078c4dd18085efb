import Tensors

/// The weights of one layer of a recurrent network in one direction.
public struct RecurrentWeights: Module {
  /// (inputs, gates * hidden).
  public let inputWeight: Parameter
  /// (hidden, gates * hidden).
  public let hiddenWeight: Parameter
  /// (gates * hidden) each.
  public let inputBias: Parameter?
  public let hiddenBias: Parameter?

  init(inputs: Int, hidden: Int, gates: Int, hasBias: Bool, random: inout RandomStream) {
    // Uniform in +-1 / sqrt(hidden), as PyTorch does for all of them.
    func draw(_ shape: Shape) -> Parameter {
      Parameter(Initializer.standard(shape, fans: Fans(input: hidden, output: hidden), random: &random))
    }
    inputWeight = draw([inputs, gates * hidden])
    hiddenWeight = draw([hidden, gates * hidden])
    inputBias = hasBias ? draw([gates * hidden]) : nil
    hiddenBias = hasBias ? draw([gates * hidden]) : nil
  }

  /// The part of the gates that does not depend on the state, for all steps at once: (batch, steps, gates * hidden).
  func projected(_ input: Tensor) -> Tensor {
    let product = Product.matmul(input, inputWeight.value)
    return inputBias.map { product + $0.value } ?? product
  }

  /// The part that depends on the state: (batch, gates * hidden).
  func recurrent(_ hidden: Tensor) -> Tensor {
    let product = Product.matmul(hidden, hiddenWeight.value)
    return hiddenBias.map { product + $0.value } ?? product
  }
}

/// What LSTM and GRU have in common.
public struct RecurrentConfiguration: Sendable, Hashable, Codable {
  /// Features of the input.
  public var inputs: Int
  /// Features of the state.
  public var hidden: Int
  /// Layers on top of each other.
  public var layers: Int
  /// Whether each layer also reads the sequence from its end; the outputs stand side by side.
  public var isBidirectional: Bool
  public var hasBias: Bool
  /// Between layers, in training.
  public var dropout: Double

  public init(inputs: Int, hidden: Int, layers: Int = 1, isBidirectional: Bool = false, hasBias: Bool = true, dropout: Double = 0) {
    precondition(layers > 0, "a recurrent network needs at least one layer")
    self.inputs = inputs
    self.hidden = hidden
    self.layers = layers
    self.isBidirectional = isBidirectional
    self.hasBias = hasBias
    self.dropout = dropout
  }

  var directions: Int { isBidirectional ? 2 : 1 }

  func inputs(ofLayer layer: Int) -> Int { layer == 0 ? inputs : hidden * directions }

  func multiplyAdds(gates: Int, input: Shape) -> Int {
    (0..<layers).reduce(0) { $0 + input[0] * input[1] * directions * gates * hidden * (inputs(ofLayer: $1) + hidden) }
  }
}

/// Runs the layers and directions of a recurrent network.
struct RecurrentRun {
  let configuration: RecurrentConfiguration
  /// Weights of layer l in direction d at l * directions + d.
  let weights: [RecurrentWeights]

  /// - Parameters:
  ///   - states: tensors of (layers * directions, batch, hidden).
  ///   - step: from the projected input of one step, (batch, gates * hidden), and the states, (batch, hidden) each, to the next states, of
  ///     which the first is the output.
  /// - Returns: outputs (batch, steps, directions * hidden) and the last states.
  func callAsFunction(
    _ input: Tensor, states: [Tensor], step: (RecurrentWeights, Tensor, [Tensor]) -> [Tensor]
  ) -> (output: Tensor, states: [Tensor]) {
    let steps = input.shape[1]
    precondition(steps > 0, "a recurrent network needs at least one step, the shape is \(input.shape)")
    var sequence = input
    var last = states.map { _ in [Tensor]() }
    for layer in 0..<configuration.layers {
      if layer > 0 { sequence = sequence.dropped(configuration.dropout, unitsOfShape: sequence.shape) }
      var outputs: [Tensor] = []
      for direction in 0..<configuration.directions {
        let slot = layer * configuration.directions + direction
        let projected = weights[slot].projected(sequence)
        var state = states.map { $0[slot] }
        var row = [Tensor?](repeating: nil, count: steps)
        for position in direction == 0 ? Array(0..<steps) : (0..<steps).reversed() {
          state = step(weights[slot], projected[.all, position], state)
          row[position] = state[0]
        }
        for index in state.indices { last[index].append(state[index]) }
        outputs.append(Tensor.stack(row.map { $0! }, axis: 1))
      }
      sequence = Tensor.concatenate(outputs, axis: -1)
    }
    return (sequence, last.map { Tensor.stack($0) })
  }
}
