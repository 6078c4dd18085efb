import Layers
import Tensors

extension DiscreteTimeNoProp {
  /// How often each block alone finds the class: the arg max of its logits on properly noised embeddings z_{t-1} of the true labels.
  ///
  /// Block 1 sees almost pure noise, so it classifies by the image; later blocks are told more and more. A block far below its predecessor is
  /// one that does not learn.
  /// - Returns: T shares of the batch.
  public func blockAccuracies(images: Tensor, labels: Tensor, random: inout RandomStream) -> [Double] {
    let clean = embedding(labels)
    let hits = (1...stepCount).map { t in
      let state = noised(clean, at: t - 1, noise: normals(1, clean.shape, embedding, &random)[0])
      return (blocks[t - 1](images, state).argMax() .== labels.cast(to: .int64)).cast(to: .float32).mean()
    }
    evaluate(hits)
    return hits.map { $0.scalar(as: Double.self) }
  }
}

extension LearnedNoiseSchedule {
  /// The smallest and largest SNR'(t) on a grid: the ratio is the spread of the weights in the loss, and of its gradients.
  public func weightRange(points: Int = 1001) -> ClosedRange<Double> {
    let weights = self(at: Tensor.range(points, step: 1 / Double(points - 1), dtype: gamma0.dtype)).signalToNoiseDerivative
      .array(of: Double.self)
    return (weights.min() ?? 0)...(weights.max() ?? 0)
  }
}

/// What several inferences from different noise say about the same images.
public struct RepeatedInference: Sendable {
  /// Mean class probabilities, (B, classes).
  public let probabilities: Tensor
  /// The share of runs that chose the most chosen class, (B): 1 where all agree.
  public let agreement: Tensor
  /// The most chosen class, the lowest of equal ones, (B).
  public let majority: Tensor
  /// The entropy of the mean probabilities in nats, (B).
  public let entropy: Tensor

  /// - Parameter logits: (B, classes) each, one a run.
  public init(_ logits: [Tensor]) {
    precondition(!logits.isEmpty, "RepeatedInference: at least one run is needed")
    let runs = Tensor.stack(logits)
    let classes = runs.shape[2]
    probabilities = runs.softmax().mean(0)
    let votes = runs.argMax().oneHot(classes, dtype: runs.dtype).mean(0)
    majority = votes.argMax()
    agreement = votes.max(1)
    entropy = -(probabilities * (probabilities + 1e-12).log()).sum(1)
  }
}

extension Classifier {
  /// Infers several times; a classifier that draws nothing says the same each time.
  public func repeatedInference(of images: Tensor, runs: Int, random: inout RandomStream) -> RepeatedInference {
    let logits = (0..<runs).map { _ in self.logits(of: images, random: &random) }
    let result = RepeatedInference(logits)
    evaluate(result.probabilities, result.agreement, result.majority, result.entropy)
    return result
  }
}
