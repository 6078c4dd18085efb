import Layers
import Tensors

/// How a network that was cut out of a supernet goes on learning by itself.
public struct FineTuning: Sendable, Hashable, Codable {
  /// Share of the supernet's peak rate.
  public var rateShare: Double
  public var epochs: Int

  public init(rateShare: Double = 0.01, epochs: Int = 1) {
    self.rateShare = rateShare
    self.epochs = epochs
  }

  /// One pass at a hundredth of the rate: whether anything is left to gain.
  public static let check = FineTuning()
  /// A backbone under another task: low rates, since its features are already good.
  public static let transfer = FineTuning(rateShare: 0.001, epochs: 10)

  /// Trains all weights by labels: SGD with Nesterov's momentum, a cosine to 0.
  ///
  /// - Parameter batches: gives the batches of an epoch.
  public func run(
    _ network: MaterializedNetwork, peakRate: Double, stepsPerEpoch: Int, smoothing: Double = 0.1, weightDecay: Double = 1e-5, seed: Int,
    batches: (_ epoch: Int) throws -> [(images: Tensor, labels: Tensor)]
  ) rethrows {
    let optimizer = SGD(
      network.groupsDecayingMatricesOnly(), learningRate: 0, momentum: 0.9, isNesterov: true, weightDecay: weightDecay)
    let schedule = CosineSchedule(base: peakRate * rateShare, steps: max(1, epochs * stepsPerEpoch))
    var random = RandomStream(seed: seed)
    var step = 0
    for epoch in 0..<epochs {
      for batch in try batches(epoch) {
        optimizer.learningRate = schedule.rate(at: step)
        step += 1
        let loss = withContext(.training, random: random.split()) {
          optimizer.minimize(crossEntropy(network(batch.images), labels: batch.labels, smoothing: smoothing))
        }
        evaluate([loss] + network.namedParameters.map(\.parameter.value))
      }
    }
  }
}
