import Foundation
import Layers
import Tensors

/// A lower bound on I(T;Y): H(Y) + mean log2 q(y|t), with a decoder q of three hidden layers trained on the layer (section 3.4).
public struct VariationalBound: Sendable {
  public var hiddenUnits: [Int]
  public var epochs: Int
  public var batchSize: Int
  public var learningRate: Double

  public init(hiddenUnits: [Int] = [400, 100, 50], epochs: Int = 20, batchSize: Int = 256, learningRate: Double = 1e-3) {
    precondition(epochs >= 1 && batchSize >= 1, "VariationalBound: \(epochs) epochs of batches of \(batchSize)")
    self.hiddenUnits = hiddenUnits
    self.epochs = epochs
    self.batchSize = batchSize
    self.learningRate = learningRate
  }

  /// Bits. Activations (n, units), labels (n) of 0 ..< classCount. The decoder is judged where it was trained, as the bound concerns this distribution.
  public func information(_ activations: Tensor, labels: [Int], classCount: Int, random: inout RandomStream) -> Double {
    information(
      activations, labels: labels, judgedOn: activations, judgedLabels: labels, classCount: classCount, random: &random)
  }

  /// Bits, about examples other than those that the decoder learns from: with many units it could learn a sample by heart.
  /// - Parameter judged: activations (m, units) of the others, `judgedLabels` their labels.
  public func information(
    _ activations: Tensor, labels: [Int], judgedOn judged: Tensor, judgedLabels: [Int], classCount: Int, random: inout RandomStream
  ) -> Double {
    let n = labels.count
    precondition(activations.rank == 2 && activations.shape[0] == n, "VariationalBound: activations \(activations.shape) for \(n) labels")
    precondition(
      judged.shape == [judgedLabels.count, activations.shape[1]],
      "VariationalBound: activations \(judged.shape) to judge on for \(judgedLabels.count) labels and \(activations.shape[1]) units")
    let widths = [activations.shape[1]] + hiddenUnits
    var layers: [any Layer] = []
    for (inputs, outputs) in zip(widths, widths.dropFirst()) {
      layers += [Dense(inputs: inputs, outputs: outputs, random: &random), Activation(.relu)]
    }
    layers.append(Dense(inputs: widths.last!, outputs: classCount, random: &random))
    let decoder = Sequential(layers)
    let optimizer = Adam(decoder.parameters, learningRate: learningRate)
    let targets = Tensor(labels.map { Int32($0) })
    let points = activations.cast(to: .float32)
    evaluate(points, targets)
    for epoch in 0..<epochs {
      optimizer.learningRate = learningRate * (1 - Double(epoch) / Double(epochs))
      let order = Tensor.permutation(n, key: random.next())
      for start in stride(from: 0, to: n, by: batchSize) where start + batchSize <= n || start == 0 {
        let rows = order[start..<min(start + batchSize, n)]
        let loss = optimizer.minimize(decoder(points.gathered(rows)).softmaxCrossEntropy(labels: targets.gathered(rows)).mean())
        evaluate(loss)
      }
    }
    let crossEntropy = decoder(judged.cast(to: .float32)).softmaxCrossEntropy(labels: Tensor(judgedLabels.map { Int32($0) }))
      .cast(to: .float64).mean().scalar(as: Double.self)
    let counts = (0..<classCount).map { label in judgedLabels.count { $0 == label } }
    return max(entropy(ofCounts: counts) - crossEntropy / log(2), 0)
  }
}
