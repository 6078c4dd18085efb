import Layers
import Tensors

/// Any network that says G(u)(y) for rows of functions and places.
public protocol OperatorNetwork: Module {
  /// - Parameters:
  ///   - functions: (rows, m).
  ///   - queries: (rows, d).
  /// - Returns: (rows, outputs).
  func callAsFunction(_ functions: Tensor, at queries: Tensor) -> Tensor
}

extension DeepONet: OperatorNetwork {}

/// The plain baseline: one network on functions and places side by side.
public struct ConcatenatingNetwork: OperatorNetwork {
  public let body: any Layer

  public init(_ body: any Layer) { self.body = body }

  /// Dense layers: sizes m + d, then the widths, then 1.
  public init(
    sensors: Int, queryDimension: Int, widths: [Int] = [100, 100], activation: Activation.Function = .relu, random: inout RandomStream
  ) {
    body = Perceptron([sensors + queryDimension] + widths + [1], activation: activation, random: &random)
  }

  /// A dense layer, residual blocks of two dense layers, and a dense layer.
  public static func residual(
    sensors: Int, queryDimension: Int, width: Int = 128, blocks: Int = 2, random: inout RandomStream
  ) -> ConcatenatingNetwork {
    var layers: [any Layer] = [Perceptron([sensors + queryDimension, width], activatesLast: true, random: &random)]
    for _ in 0..<blocks { layers.append(Residual(Perceptron([width, width, width], random: &random), activation: Activation(.relu))) }
    layers.append(Perceptron([width, 1], random: &random))
    return ConcatenatingNetwork(Sequential(layers))
  }

  public func callAsFunction(_ functions: Tensor, at queries: Tensor) -> Tensor {
    body(Tensor.concatenate([functions, queries], axis: 1))
  }
}

/// A sequence to sequence baseline: an encoder over the sensors' values one after the other, a learned mixture of its outputs for each place,
/// and a decoder over the places. It knows functions at fixed places only.
public struct SequenceOperatorNetwork: Module {
  public enum Cell: String, Sendable, Hashable, Codable, CaseIterable { case gru, lstm }

  let encoderGRU: GRU?
  let decoderGRU: GRU?
  let encoderLSTM: LSTM?
  let decoderLSTM: LSTM?
  /// (places, sensors); its rows' softmax mixes the encoder's outputs. Zero at first: the mean.
  public let mixture: Parameter
  public let head: Dense

  public init(sensors: Int, places: Int, hidden: Int = 5, cell: Cell = .gru, random: inout RandomStream) {
    encoderGRU = cell == .gru ? GRU(inputs: 1, hidden: hidden, random: &random) : nil
    decoderGRU = cell == .gru ? GRU(inputs: hidden, hidden: hidden, random: &random) : nil
    encoderLSTM = cell == .lstm ? LSTM(inputs: 1, hidden: hidden, random: &random) : nil
    decoderLSTM = cell == .lstm ? LSTM(inputs: hidden, hidden: hidden, random: &random) : nil
    mixture = Parameter(.zeros([places, sensors]))
    head = Dense(inputs: hidden, outputs: 1, random: &random)
  }

  /// - Parameter functions: (functions, sensors).
  /// - Returns: (functions, places). The decoder goes on from the encoder's last state.
  public func callAsFunction(_ functions: Tensor) -> Tensor {
    let steps = functions.expandingShape(at: 2)
    let weights = mixture.value.softmax()
    let decoded: Tensor
    if let encoderGRU, let decoderGRU {
      let (outputs, state) = encoderGRU(steps, state: nil)
      decoded = decoderGRU(weights.matmul(outputs), state: state).output
    } else {
      let (outputs, state) = encoderLSTM!(steps, state: nil)
      decoded = decoderLSTM!(weights.matmul(outputs), state: state).output
    }
    return head(decoded).squeezed(2)
  }
}
