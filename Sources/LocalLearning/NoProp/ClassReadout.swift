import Layers
import Tensors

/// p(y | z_T): reads the class off the last state of the chain.
public struct ClassReadout: Module {
  /// theta_out, width -> classes.
  public let linear: Dense
  /// sigma of the radial form; nil reads linearly.
  public let radialDeviation: Double?

  /// A fresh linear map; with `radialDeviation` the class is read off by distance.
  /// - Throws: `setting` unless the deviation is positive.
  public init(width: Int, classCount: Int, radialDeviation: Double? = nil, random: inout RandomStream) throws(NoPropError) {
    try self.init(linear: Dense(inputs: width, outputs: classCount, random: &random), radialDeviation: radialDeviation)
  }

  /// - Throws: `setting` unless the deviation is positive.
  public init(linear: Dense, radialDeviation: Double? = nil) throws(NoPropError) {
    if let radialDeviation, !(radialDeviation > 0) {
      throw .setting(name: "radial deviation", value: radialDeviation, allowed: "above 0")
    }
    self.linear = linear
    self.radialDeviation = radialDeviation
  }

  /// Logits whose softmax is p(y | z): those of a linear map (NoProp, Eq. 14), or the radial ones.
  public func logits(_ z: Tensor, _ embedding: LabelEmbedding) -> Tensor {
    radialDeviation.map { radialLogProbabilities(z, embedding, deviation: $0) } ?? linear(z)
  }

  /// log p(y | z) with p(y | z) proportional to exp(-||ytilde - u_y||^2 / (2 sigma^2)), ytilde = softmax(linear(z)) W (NoProp, Eq. 15 and 16).
  public func radialLogProbabilities(_ z: Tensor, _ embedding: LabelEmbedding, deviation: Double) -> Tensor {
    (embedding.squaredDistances(embedding.mixture(linear(z))) * (-0.5 / (deviation * deviation))).logSoftmax()
  }

  /// The mean cross entropy of the labels.
  package func crossEntropy(_ z: Tensor, _ labels: Tensor, _ embedding: LabelEmbedding) -> Tensor {
    logits(z, embedding).softmaxCrossEntropy(labels: labels).mean()
  }
}
