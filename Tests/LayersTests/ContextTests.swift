import Layers
import Tensors
import Testing

/// Dropout, batch normalisation and everything else that depends on the context.
@Suite struct ContextTests {
  @Test func defaultIsInferenceWithoutRandomness() {
    #expect(!Context.current.isTraining)
    let input = Tensor.ones([4, 4])
    #expect(Dropout(0.9)(input).array(of: Float.self) == Array(repeating: 1, count: 16))
    #expect(DropPath(0.9)(input).array(of: Float.self) == Array(repeating: 1, count: 16))
  }

  @Test func dropoutKeepsTheExpectationAndRepeatsWithTheSeed() {
    let input = Tensor.ones([200, 100])
    func drawn(_ seed: Int, _ probability: Double) -> [Float] {
      withContext(.training, random: RandomStream(seed: seed)) { Dropout(probability)(input) }.array(of: Float.self)
    }
    for probability in [0.1, 0.5, 0.8] {
      let values = drawn(1, probability)
      let zeros = Double(values.count { $0 == 0 }) / Double(values.count)
      // Five standard deviations of 20000 draws.
      #expect(abs(zeros - probability) < 5 * (probability * (1 - probability) / 20000).squareRoot())
      #expect(values.allSatisfy { $0 == 0 || abs(Double($0) - 1 / (1 - probability)) < 1e-5 })
      #expect(values == drawn(1, probability))
      #expect(values != drawn(2, probability))
    }
    #expect(drawn(1, 1).allSatisfy { $0 == 0 })
    #expect(drawn(1, 0).allSatisfy { $0 == 1 })
  }

  @Test func eachLayerDrawsMasksOfItsOwn() {
    let input = Tensor.ones([50, 50])
    let (first, second) = withContext(.training, random: RandomStream(seed: 1)) { (Dropout(0.5)(input), Dropout(0.5)(input)) }
    #expect(first.array(of: Float.self) != second.array(of: Float.self))
  }

  @Test func unitsAreDroppedWhole() {
    let input = Tensor.ones([64, 3, 5, 8])
    let channels = withContext(.training, random: RandomStream(seed: 1)) { Dropout(0.5, unit: .channel)(input) }
    let sums = channels.sum(1, 2).array(of: Float.self)
    #expect(Set(sums) == [0, 30])
    let paths = withContext(.training, random: RandomStream(seed: 1)) { DropPath(0.25)(input) }.sum(1, 2, 3).array(of: Float.self)
    #expect(Set(paths.map { $0.rounded() }) == [0, 160])
    #expect(paths.contains(0) && !paths.allSatisfy { $0 == 0 })
  }

  @Test func gradientsGoThroughTheMask() {
    let input = Tensor.ones([10, 10]) * 2
    let output = withContext(.training, random: RandomStream(seed: 1)) { Dropout(0.3)(input) }
    let gradient = output.sum().gradients(withRespectTo: [input])[0]
    expectClose(gradient * 2, output, "mask", tolerance: 1e-6)
  }

  @Test func batchNormUsesTheBatchInTrainingAndRunningStatisticsInInference() {
    var random = RandomStream(seed: 2)
    let norm = BatchNorm(features: 2, momentum: 1)
    let input = Tensor.normal([100, 2], key: random.next(), mean: 5, standardDeviation: 3)
    let trained = withContext(.training) { norm(input) }
    expectClose(trained.mean(0), .zeros([2]), "mean", tolerance: 1e-5)
    expectClose(trained.variance(axes: [0]), .ones([2]), "variance", tolerance: 1e-4)
    expectClose(norm.runningMean.value, input.mean(0), "running mean", tolerance: 1e-5)
    expectClose(norm.runningVariance.value, input.variance(axes: [0], correction: 1), "running variance", tolerance: 1e-4)
    let before = norm.runningMean.value.array(of: Float.self)
    let inferred = norm(input * 2)
    expectClose(inferred, (input * 2 - norm.runningMean.value) / (norm.runningVariance.value + 1e-5).sqrt(), "inference", tolerance: 1e-5)
    #expect(norm.runningMean.value.array(of: Float.self) == before)
  }

  /// The two passes of one step both count, and training on longer updates nothing twice.
  @Test func runningStatisticsFollowEveryPass() {
    let norm = BatchNorm(features: 1, momentum: 0.5)
    let low = Tensor([Float(0), 2], shape: [2, 1])
    let high = Tensor([Float(10), 12], shape: [2, 1])
    let sum = withContext(.training) { norm(low).sum() + norm(high).sum() }
    _ = sum.scalar()
    #expect(norm.runningMean.value.isEvaluated)
    // (0 / 2 + 1 / 2) / 2 + 11 / 2.
    #expect(norm.runningMean.value.scalar() == 5.75)
  }

  @Test func tasksDoNotDisturbEachOther() async {
    let input = Tensor.ones([32, 32])
    @Sendable func draw(_ seed: Int) -> [Float] {
      withContext(.training, random: RandomStream(seed: seed)) {
        (0..<5).flatMap { _ in Dropout(0.5)(input).array(of: Float.self) }
      }
    }
    let expected = (0..<4).map(draw)
    let found = await withTaskGroup(of: (Int, [Float], Bool).self) { group in
      for seed in 0..<4 {
        group.addTask {
          let values = draw(seed)
          await Task.yield()
          return (seed, values, Context.current.isTraining)
        }
      }
      var found = [[Float]](repeating: [], count: 4)
      for await (seed, values, isTraining) in group {
        found[seed] = values
        #expect(!isTraining)
      }
      return found
    }
    #expect(found == expected)
    let inside = await withContext(.training, random: RandomStream(seed: 1)) {
      await Task.yield()
      return Context.current.isTraining
    }
    #expect(inside)
  }

  @Test func mixedPrecisionRoundsOperandsOnly() {
    var random = RandomStream(seed: 3)
    let model = Sequential(
      Dense(inputs: 32, outputs: 16, random: &random), Activation(.relu), Dense(inputs: 16, outputs: 4, random: &random))
    let input = Tensor.normal([8, 32], key: random.next())
    let full = model(input)
    let mixed = withMixedPrecision { model(input) }
    #expect(mixed.dtype == .float32)
    let gradients = mixed.square().sum().gradients(withRespectTo: model.parameters.map(\.value))
    let reference = full.square().sum().gradients(withRespectTo: model.parameters.map(\.value))
    #expect(mixed.array(of: Float.self) != full.array(of: Float.self))
    // bfloat16 has 8 bits: relative errors of about 2^-8 a product.
    expectClose(mixed, full, "output", tolerance: 0.02)
    for (gradient, expected) in zip(gradients, reference) {
      #expect(gradient.dtype == .float32)
      expectClose(gradient, expected, "gradient", tolerance: 0.04)
    }
    let convolution = Convolution(inputs: 3, outputs: 4, kernel: [3, 3], padding: .same, random: &random)
    let image = Tensor.normal([2, 6, 6, 3], key: random.next())
    let convolved = withMixedPrecision { convolution(image) }
    expectClose(convolved, convolution(image), "convolution", tolerance: 0.02)
  }

  @Test func mixedPrecisionTrains() {
    var random = RandomStream(seed: 4)
    let model = TrainingStepTests.model(&random)
    let optimizer = Adam(model.parameters, learningRate: 0.02)
    let (points, labels) = TrainingStepTests.rings(128, &random)
    var last: Float = .infinity
    for _ in 0..<120 {
      last = withContext(.training) {
        withMixedPrecision { optimizer.minimize(crossEntropy(model(points), labels: labels)).scalar() }
      }
    }
    #expect(last < 0.1)
  }
}
