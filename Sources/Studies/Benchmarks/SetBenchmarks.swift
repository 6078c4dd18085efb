import Architectures
import Layers
import Tensors

/// Rows for Hopfield pooling beside attention and the mean, each with the same embedding.
extension Benchmarks {
  static let sets: [Benchmark] = [
    Benchmark("hopfield-bag", "a step on one bag of ten digits, Hopfield pooling, AdamW") { bagStep(.hopfield) },
    Benchmark("hopfield-bag-attention", "the same with attention over instances") { bagStep(.attention) },
    Benchmark("hopfield-bag-mean", "the same with the mean") { bagStep(.mean) },
  ]

  private static func bagStep(_ variant: DigitBagExperiment.Variant) -> () -> Float {
    var random = RandomStream(seed: 0)
    let network: any SetNetwork
    do {
      network = try DigitBagExperiment.network(variant, .reduced, random: &random)
    } catch {
      preconditionFailure("benchmark: \(error)")
    }
    let bag = Tensor.uniform([1, 10, 28, 28, 1], key: random.next())
    let target = Tensor.ones([1])
    evaluate([bag, target] + network.parameters.map(\.value))
    let optimizer = AdamW(network.trainableParameters, learningRate: 5e-4, weightDecay: 1e-4)
    return {
      withContext(.training, random: random.split()) {
        let loss = binaryCrossEntropy(logits: network.scores(bag, padding: nil).logits, targets: target)
        optimizer.step(gradients: clipped(optimizer.gradients(of: loss), toNorm: 1).gradients)
        return loss.scalar()
      }
    }
  }
}
