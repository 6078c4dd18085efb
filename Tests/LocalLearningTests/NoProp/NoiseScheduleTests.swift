import Foundation
import Layers
import LocalLearning
import Tensors
import Testing

@Suite struct NoiseScheduleTests {
  @Test(arguments: [1, 2, 4, 10, 30]) func `cosine schedule rises inside the clip`(steps: Int) throws {
    let schedule = try NoiseSchedule.cosine(steps: steps)
    #expect(schedule.stepCount == steps)
    #expect(schedule.alphaBar[0] == 1e-3)
    #expect(schedule.alphaBar[steps] == 1 - 1e-3)
    #expect(zip(schedule.alphaBar, schedule.alphaBar.dropFirst()).allSatisfy { $0 < $1 })
  }

  @Test func `cosine schedule by hand`() throws {
    // abar_t of T = 2: the middle is cos^2((1/2 + s) / (1 + s) pi / 2) / cos^2(s / (1 + s) pi / 2).
    let middle = pow(cos(0.508 / 1.008 * Double.pi / 2), 2) / pow(cos(0.008 / 1.008 * Double.pi / 2), 2)
    #expect(abs(try NoiseSchedule.cosine(steps: 2).alphaBar[1] - middle) < 1e-15)
  }

  @Test func `posterior steps keep the marginals`() throws {
    let schedule = try NoiseSchedule.cosine(steps: 10)
    for t in 1...10 {
      let step = schedule.posterior(t)
      let (before, after) = (schedule.alphaBar[t - 1], schedule.alphaBar[t])
      #expect(abs(step.a + step.b * before.squareRoot() - after.squareRoot()) < 1e-12)
      #expect(abs(step.b * step.b * (1 - before) + step.c - (1 - after)) < 1e-12)
      #expect(abs(schedule.alpha(t - 1) - before / after) < 1e-15)
      #expect(abs(schedule.signalToNoise(t) - after / (1 - after)) < 1e-12)
    }
  }

  @Test(arguments: [1, 5, 10]) func `a sampled step reaches the next marginal`(t: Int) throws {
    let samples = 100_000
    let model = try NoPropFixtures.chain(steps: 10)
    let clean = Tensor([0.7, -1.2, 0.4, 2.0], shape: [1, 4])
    var random = RandomStream(seed: 20 + t)
    let before = model.noised(clean, at: t - 1, noise: Tensor.normal([samples, 4], key: random.next(), dtype: .float64))
    let after = model.step(
      t, prediction: clean, state: before, noise: Tensor.normal([samples, 4], key: random.next(), dtype: .float64))
    let mean = after.mean(axes: [0])
    let variance = after.variance(axes: [0], correction: 1)
    evaluate(mean, variance)
    let alphaBar = model.schedule.alphaBar[t]
    let expected = (clean * alphaBar.squareRoot()).array(of: Double.self)
    let meanError = ((1 - alphaBar) / Double(samples)).squareRoot()
    let varianceError = (1 - alphaBar) * (2 / Double(samples - 1)).squareRoot()
    for (found, expected) in zip(mean.array(of: Double.self), expected) { #expect(abs(found - expected) < 4 * meanError) }
    for found in variance.array(of: Double.self) { #expect(abs(found - (1 - alphaBar)) < 4 * varianceError) }
  }

  @Test func `wrong schedules are refused`() {
    #expect(throws: NoPropError.stepCount(0)) { try NoiseSchedule.cosine(steps: 0) }
    #expect(throws: NoPropError.stepCount(-3)) { try NoiseSchedule.cosine(steps: -3) }
    #expect(throws: NoPropError.stepCount(0)) { try NoiseSchedule(alphaBar: [0.5]) }
    #expect(throws: NoPropError.signalNotIncreasing(step: 2, value: 0.4, previous: 0.4)) { try NoiseSchedule(alphaBar: [0.1, 0.4, 0.4]) }
    #expect(throws: NoPropError.signalNotIncreasing(step: 1, value: 1, previous: 0.5)) { try NoiseSchedule(alphaBar: [0.5, 1]) }
    #expect(throws: NoPropError.signalNotIncreasing(step: 0, value: 0, previous: 0)) { try NoiseSchedule(alphaBar: [0, 0.5]) }
    // With very many steps the clip flattens the ends.
    #expect(throws: NoPropError.self) { try NoiseSchedule.cosine(steps: 1000) }
    #expect(throws: Never.self) { try NoiseSchedule.cosine(steps: 1000, clip: 1e-7) }
    #expect(throws: NoPropError.self) { try NoiseSchedule.cosine(steps: 4, clip: 0.5) }
  }
}

@Suite struct LearnedNoiseScheduleTests {
  @Test func `slope of the signal-to-noise ratio equals a central difference`() throws {
    let schedule = try NoPropFixtures.schedule(ends: -7...7)
    let times = (1..<200).map { Double($0) / 200 }
    let h = 1e-5
    func signalToNoise(_ shift: Double) -> [Double] { schedule(at: Tensor(times.map { $0 + shift })).signalToNoise.array(of: Double.self) }
    let (before, after) = (signalToNoise(-h), signalToNoise(h))
    for (index, slope) in schedule(at: Tensor(times)).signalToNoiseDerivative.array(of: Double.self).enumerated() {
      let difference = (after[index] - before[index]) / (2 * h)
      #expect(abs(slope - difference) < 1e-6 * abs(difference))
    }
  }

  @Test func `ends are gamma1 and gamma0`() throws {
    let schedule = try NoPropFixtures.schedule(ends: -3...5)
    let gamma = schedule(at: Tensor([0.0, 1.0])).gamma.array(of: Double.self)
    #expect(abs(gamma[0] - 5) < 1e-12)
    #expect(abs(gamma[1] + 3) < 1e-12)
    let alphaBar = schedule.alphaBar(steps: 10)
    #expect(alphaBar.count == 11)
    #expect(zip(alphaBar, alphaBar.dropFirst()).allSatisfy { $0 < $1 })
  }

  @Test func `gamma falls after training, and its guarded ends stay in place`() throws {
    let (images, labels) = NoPropFixtures.data(64, seed: 3)
    var random = RandomStream(seed: 4)
    let model = try ContinuousTimeNoProp(
      schedule: LearnedNoiseSchedule(units: 16, ends: -4...4, random: &random), embedding: .oneHot(classCount: NoPropFixtures.classes),
      block: NoPropFixtures.timedBlock(), readout: NoPropFixtures.readout(.oneHot(classCount: NoPropFixtures.classes)),
      settings: .init(endLimit: 4.05))
    let start = model.schedule.bytes
    let trainer = ClassifierTrainer(model, random: random) { Adam($0, learningRate: 0.02) }
    for _ in 0..<60 { trainer.step(images: images, labels: labels) }
    #expect(model.schedule.bytes.filter { start[$0.key] != $0.value }.count == 5, "every part of the schedule learns")
    let gamma = model.schedule(at: Tensor.range(1001, step: 0.001)).gamma.array(of: Float.self)
    #expect(zip(gamma, gamma.dropFirst()).allSatisfy { $0 >= $1 })
    #expect(model.schedule.gamma1.value.scalar() <= Float(4.05))
    #expect(model.schedule.gamma0.value.scalar() >= -4.05)
    let range = model.schedule.weightRange()
    #expect(range.lowerBound > 0 && range.upperBound.isFinite)
  }

  @Test func `ends in the wrong order are refused`() {
    let unit = Tensor([1.0])
    #expect(throws: NoPropError.self) {
      try LearnedNoiseSchedule(inputWeight: unit, bias: unit, outputWeight: unit, gamma0: Tensor([2.0]), gamma1: Tensor([1.0]))
    }
  }
}
