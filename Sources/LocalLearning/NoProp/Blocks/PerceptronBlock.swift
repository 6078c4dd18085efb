import Layers
import Tensors

/// A block for data without spatial structure: one rectified dense layer a branch and one over all of them.
public struct PerceptronBlock: DenoisingBlock {
  public let image: Dense
  public let state: Dense
  /// Over the joined branches.
  public let joint: Dense
  public let output: Dense

  /// - Parameters:
  ///   - inputs: values of an input, whatever its shape.
  ///   - width: d, of the label's embedding.
  public init(inputs: Int, width: Int, hidden: Int, classCount: Int, random: inout RandomStream) {
    self.init(
      image: Dense(inputs: inputs, outputs: hidden, random: &random), state: Dense(inputs: width, outputs: hidden, random: &random),
      joint: Dense(inputs: 2 * hidden, outputs: hidden, random: &random),
      output: Dense(inputs: hidden, outputs: classCount, random: &random))
  }

  public init(image: Dense, state: Dense, joint: Dense, output: Dense) {
    self.image = image
    self.state = state
    self.joint = joint
    self.output = output
  }

  public func features(of image: Tensor) -> Tensor { self.image(image.flattened(from: 1)).relu() }

  public func logits(features: Tensor, state: Tensor) -> Tensor {
    output(joint(Tensor.concatenate([features, self.state(state).relu()], axis: 1)).relu())
  }
}

/// The same with a branch for the time.
public struct TimedPerceptronBlock: TimedDenoisingBlock {
  public let image: Dense
  public let state: Dense
  public let timeEmbedding: TimeEmbedding
  public let time: Dense
  /// Over the joined branches.
  public let joint: Dense
  public let output: Dense

  /// - Parameters:
  ///   - inputs: values of an input, whatever its shape.
  ///   - width: d, of the label's embedding.
  public init(
    inputs: Int, width: Int, hidden: Int, classCount: Int, timeEmbedding: TimeEmbedding = TimeEmbedding(), random: inout RandomStream
  ) {
    self.init(
      image: Dense(inputs: inputs, outputs: hidden, random: &random), state: Dense(inputs: width, outputs: hidden, random: &random),
      timeEmbedding: timeEmbedding, time: Dense(inputs: timeEmbedding.size, outputs: hidden, random: &random),
      joint: Dense(inputs: 3 * hidden, outputs: hidden, random: &random),
      output: Dense(inputs: hidden, outputs: classCount, random: &random))
  }

  public init(image: Dense, state: Dense, timeEmbedding: TimeEmbedding, time: Dense, joint: Dense, output: Dense) {
    self.image = image
    self.state = state
    self.timeEmbedding = timeEmbedding
    self.time = time
    self.joint = joint
    self.output = output
  }

  public func features(of image: Tensor) -> Tensor { self.image(image.flattened(from: 1)).relu() }

  public func logits(features: Tensor, state: Tensor, time: Tensor) -> Tensor {
    let moment = self.time(timeEmbedding(time)).relu()
    return output(
      joint(Tensor.concatenate([features, self.state(state).relu(), moment.broadcast(to: features.shape)], axis: 1)).relu())
  }
}
