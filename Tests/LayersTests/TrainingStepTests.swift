import Layers
import Tensors
import Testing

/// The step a user writes: forward pass, loss, `minimize`, and reading the loss.
@Suite struct TrainingStepTests {
  static func model(_ random: inout RandomStream) -> Sequential {
    Sequential(
      Dense(inputs: 2, outputs: 16, random: &random), BatchNorm(features: 16), Activation(.relu),
      Dense(inputs: 16, outputs: 2, random: &random))
  }

  /// Two interleaved rings.
  static func rings(_ count: Int, _ random: inout RandomStream) -> (Tensor, Tensor) {
    let labels = Tensor.integers([count], in: 0..<2, key: random.next())
    let angle = Tensor.uniform([count], key: random.next(), to: 2 * Double.pi)
    let radius = labels.cast(to: .float32) + 1 + Tensor.normal([count], key: random.next(), standardDeviation: 0.1)
    let points = Tensor.stack([radius * angle.cos(), radius * angle.sin()], axis: 1)
    evaluate(points, labels)
    return (points, labels)
  }

  static func train(seed: Int, steps: Int) -> (losses: [Float], accuracy: Float, statistics: EngineStatistics) {
    var random = RandomStream(seed: seed)
    let model = model(&random)
    let optimizer = Adam(model.trainableParameters, learningRate: 0.02)
    let (points, labels) = rings(256, &random)
    var losses: [Float] = []
    let statistics = EngineStatistics.during {
      for _ in 0..<steps {
        let loss = withContext(.training, random: random.split()) {
          optimizer.minimize(model(points).softmaxCrossEntropy(labels: labels).mean())
        }
        losses.append(loss.scalar())
      }
    }
    let accuracy = (model(points).argMax(axis: -1) .== labels).cast(to: .float32).mean().scalar()
    return (losses, accuracy, statistics)
  }

  @Test func learnsAndRepeats() {
    let first = Self.train(seed: 3, steps: 120)
    #expect(first.losses.last! < 0.05)
    #expect(first.accuracy > 0.98)
    let second = Self.train(seed: 3, steps: 120)
    #expect(first.losses == second.losses)
    #expect(Self.train(seed: 4, steps: 2).losses != Array(first.losses.prefix(2)))
  }

  @Test func oneEvaluationAndOnePlanAStep() {
    let run = Self.train(seed: 1, steps: 20)
    #expect(run.statistics.evaluations == 20)
    // The first step owns its buffers differently, and tests that run at the same time may displace numbers that steps share. Otherwise nothing is
    // compiled again.
    #expect(run.statistics.compiledPlans < 10)
  }

  @Test func batchNormKeepsItsStatisticsUpWithTheStep() {
    var random = RandomStream(seed: 5)
    let norm = BatchNorm(features: 3)
    let input = Tensor.normal([64, 3], key: random.next(), mean: 2, standardDeviation: 3)
    let output = withContext(.training) { norm(input) }
    #expect(!norm.runningMean.value.isEvaluated)
    evaluate(output)
    #expect(norm.runningMean.value.isEvaluated)
    #expect(norm.runningVariance.value.isEvaluated)
    let means = input.mean(0).array(of: Float.self)
    for (running, mean) in zip(norm.runningMean.value.array(of: Float.self), means) { #expect(abs(running - 0.1 * mean) < 1e-5) }
    let inferred = norm(input)
    #expect(inferred.mean(0).array(of: Float.self) != output.mean(0).array(of: Float.self))
  }
}
