import Foundation
import Layers
import Tensors

/// Classifies bags of up to millions of sequences: a convolution embeds each sequence, attention with one fixed query pools them (Widrich et al., 2020).
///
/// Only a few sequences of a bag matter, so only those with the largest attention are kept for the backward pass; the others are looked at without.
public struct DeepRC: Module {
  public struct Configuration: Sendable, Hashable, Codable {
    /// Channels of an encoded position.
    public var width: Int
    public var kernel: Int
    public var kernels: Int
    /// Units of the attention network's two hidden layers.
    public var attentionWidth: Int
    /// The share of a bag's sequences that take part in the backward pass.
    public var keptShare: Double
    /// Sequences that are looked at together.
    public var chunk: Int

    public init(
      width: Int = 23, kernel: Int = 9, kernels: Int = 32, attentionWidth: Int = 32, keptShare: Double = 0.1, chunk: Int = 50_000
    ) throws(HopfieldError) {
      self.width = width
      self.kernel = kernel
      self.kernels = kernels
      self.attentionWidth = attentionWidth
      self.keptShare = keptShare
      self.chunk = chunk
      for (name, value) in [
        ("width", width), ("kernel", kernel), ("kernels", kernels), ("attentionWidth", attentionWidth), ("chunk", chunk),
      ] where value < 1 { throw .setting(name: name, value: "\(value)", allowed: "at least 1") }
      guard keptShare > 0, keptShare <= 1 else { throw .setting(name: "keptShare", value: "\(keptShare)", allowed: "above 0, at most 1") }
    }
  }

  /// A bag that gives its sequences some at a time.
  public protocol Bag {
    var count: Int { get }
    /// The sequences with these numbers, encoded.
    func encoded(_ indices: [Int]) -> SequenceEncoding.Encoded
  }

  public let configuration: Configuration
  public let embedding: Convolution
  public let attention: [Dense]
  public let readout: Dense

  /// Weights are drawn from N(0, 1 / number of the tensor's elements); biases are 0.
  public init(_ configuration: Configuration, random: inout RandomStream) {
    self.configuration = configuration
    func deviation(_ extents: Int...) -> Initializer { .normal(standardDeviation: 1 / Double(extents.reduce(1, *)).squareRoot()) }
    let (kernels, hidden) = (configuration.kernels, configuration.attentionWidth)
    embedding = Convolution(
      inputs: configuration.width, outputs: kernels, kernel: [configuration.kernel],
      weights: deviation(kernels, configuration.kernel, configuration.width), bias: .zeros, random: &random)
    attention = [(kernels, hidden), (hidden, hidden), (hidden, 1)].map { inputs, outputs in
      Dense(inputs: inputs, outputs: outputs, weights: deviation(inputs, outputs), bias: .zeros, random: &random)
    }
    readout = Dense(inputs: kernels, outputs: 1, weights: deviation(kernels, 1), bias: .zeros, random: &random)
  }

  /// h: the largest response of each kernel over the positions of a sequence, (sequences, kernels). A sequence shorter than the kernel has one
  /// position.
  public func embedded(_ sequences: SequenceEncoding.Encoded) -> Tensor {
    let short = configuration.kernel - sequences.features.shape[1]
    let features = short > 0 ? sequences.features.padded([(0, 0), (0, short), (0, 0)]) : sequences.features
    let responses = embedding(features).selu()
    let windows = responses.shape[1]
    let valid = sequences.lengths.map { Int64(max(1, $0 - configuration.kernel + 1)) }
    let isBeyond = Tensor.range(windows, dtype: .int64).reshaped(to: [1, windows, 1]) .>= Tensor(valid, shape: [valid.count, 1, 1])
    return Tensor.select(isBeyond, Tensor(-1e30, dtype: responses.dtype), responses).max(axes: [1])
  }

  /// f: the attention before its softmax, (sequences).
  public func attentionLogits(_ embedded: Tensor) -> Tensor {
    attention[2](attention[1](attention[0](embedded).selu()).selu()).squeezed(-1)
  }

  /// Numbers of the sequences with the largest attention, exactly, looked at chunk by chunk and without a trace for the backward pass.
  public func mostAttended(of bag: some Bag) -> [Int] {
    let kept = max(1, Int((Double(bag.count) * configuration.keptShare).rounded(.up)))
    guard kept < bag.count else { return Array(0..<bag.count) }
    var logits: [Float] = []
    for start in stride(from: 0, to: bag.count, by: configuration.chunk) {
      logits += attentionLogits(embedded(bag.encoded(Array(start..<min(start + configuration.chunk, bag.count))))).array(of: Float.self)
    }
    return logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }.prefix(kept).sorted()
  }

  /// The score of a bag from its most attended sequences, for training: a scalar whose derivative reaches all weights.
  public func trainingScore(of bag: some Bag) -> Tensor {
    let h = embedded(bag.encoded(mostAttended(of: bag)))
    let weights = attentionLogits(h).softmax()
    return readout(weights.expandingShape(at: 0).matmul(h))[0, 0]
  }

  /// The score of a bag from all of its sequences, chunk by chunk, and the attention of each: the softmax over the whole bag, exactly.
  public func score(of bag: some Bag) -> (logit: Double, attention: [Double]) {
    var logits: [Double] = []
    // Sum of exp(f - largest) h, kept relative to the largest f so far.
    var total = [Double](repeating: 0, count: configuration.kernels)
    var (mass, largest) = (0.0, -Double.infinity)
    for start in stride(from: 0, to: bag.count, by: configuration.chunk) {
      let h = embedded(bag.encoded(Array(start..<min(start + configuration.chunk, bag.count))))
      let f = attentionLogits(h)
      let peak = f.max()
      let weights = (f - peak).exp()
      let sum = weights.expandingShape(at: 0).matmul(h).squeezed(0)
      let share = weights.sum()
      evaluate(f, peak, sum, share)
      let chunkPeak = peak.scalar(as: Float.self)
      let next = max(largest, Double(chunkPeak))
      let (old, new) = (exp(largest - next), exp(Double(chunkPeak) - next))
      total = zip(total, sum.array(of: Float.self)).map { $0 * old + Double($1) * new }
      mass = mass * old + Double(share.scalar()) * new
      largest = next
      logits += f.array(of: Float.self).map(Double.init)
    }
    let pooled = Tensor(total.map { Float($0 / mass) }, shape: [1, configuration.kernels])
    return (Double(readout(pooled).scalar()), logits.map { exp($0 - largest) / mass })
  }
}
