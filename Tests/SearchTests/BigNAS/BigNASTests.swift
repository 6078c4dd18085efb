import Foundation
import Layers
import Search
import Tensors
import TestSupport
import Testing

@Suite struct BigNASTests {
  @Test func `the rate warms up from 0, decays and stays at the floor`() {
    let schedule = ConstantEndingSchedule(peak: 0.256, stepsPerEpoch: 100)
    #expect(schedule.rate(at: 0) == 0 && abs(schedule.rate(at: 250) - 0.128) < 1e-12)
    #expect(abs(schedule.rate(at: 500) - 0.256) < 1e-12)
    #expect(abs(schedule.rate(at: 740) - 0.256 * 0.97) < 1e-12)
    #expect(abs(schedule.rate(at: 36_500) - 0.256 * 0.05) < 1e-12)
    #expect((500..<36_500).allSatisfy { schedule.rate(at: $0) >= 0.256 * 0.05 })
    let compressed = ConstantEndingSchedule.compressed(peak: 0.1, stepsPerEpoch: 100, epochs: 10, warmUpEpochs: 0)
    #expect(abs(compressed.rate(at: 500) - 0.1 * exp(-1.75)) < 1e-12)
    #expect(abs(compressed.rate(at: 856) - 0.005) < 2e-5 && compressed.rate(at: 850) > 0.005 && abs(compressed.rate(at: 999) - 0.005) < 1e-12)
  }

  @Test func `with scales at 0 blocks that can be left out change nothing at first`() throws {
    var random = RandomStream(seed: 1)
    let design = try SupernetDesign(.fiveBlocksWide())
    let supernet = Supernet(design, zeroesLastScale: true, random: &random)
    let images = SearchFixtures.images(5)
    let shallow = try design.space.architecture(["A.depth": 1, "B.depth": 2])
    let deep = try design.space.architecture(["A.depth": 2, "B.depth": 3])
    #expect(SearchFixtures.difference(supernet(images, shallow), supernet(images, deep)) < 1e-6)
    // Blocks without a residual path keep their scales: the network's result is no constant.
    let narrow = Supernet(try SupernetDesign(.fiveBlocksNarrow()), zeroesLastScale: true, random: &random)
    #expect(narrow.stages[0][0].project.scale!.value.array(of: Float.self).allSatisfy { $0 == 1 })
    #expect(narrow.stages[0][1].project.scale!.value.array(of: Float.self).allSatisfy { $0 == 0 })
    let logits = narrow(images, narrow.space.maximum)
    #expect(SearchFixtures.difference(logits[0], logits[1]) > 1e-3)
  }

  @Test func `a sandwich has the biggest first, the smallest last and labels for the biggest alone`() throws {
    let space = try SupernetDesign(.fiveBlocksNarrow()).space
    var random = TestRandom(seed: 1)
    let plan = try SandwichRule(networks: 4).step(space, using: &random)
    try plan.validate()
    #expect(plan.entries.count == 4 && plan.entries[0].architecture == space.maximum && plan.entries[3].architecture == space.minimum)
    #expect(plan.entries[0].loss.labels == 1 && plan.entries[0].loss.smoothing == 0.1)
    for entry in plan.entries.dropFirst() {
      #expect(entry.loss.labels == 0 && entry.loss.distillation == 1 && entry.regularization == .none)
      guard case .inPlace(0) = entry.teacher else {
        Issue.record("a child is taught by the biggest")
        continue
      }
    }
    #expect(plan.entries[0].regularization.dropPath == 0.2)
    let labels = try SandwichRule(networks: 2, childLoss: .labels).step(space, using: &random)
    #expect(labels.entries.count == 2 && labels.entries[1].loss.labels == 1)
    let mixed = try SandwichRule(networks: 3, childLoss: .mixed(distillation: 0.5), regularized: .all).step(space, using: &random)
    #expect(mixed.entries[1].loss.distillation == 0.5 && mixed.entries[1].regularization.dropout == 0.2)
    #expect(throws: StepPlanError.self) { try SandwichRule(networks: 1) }
    var unordered = SupernetConfiguration.fiveBlocksWide()
    unordered.stages[0].widths = [12, 8]
    #expect(throws: SearchSpaceError.self) { try SupernetDesign(unordered) }
  }

  @Test func `a warm start trains the biggest alone, then lets the others in`() throws {
    let space = try SupernetDesign(.fiveBlocksNarrow()).space
    let start = WarmStart(try SandwichRule(gradientWeight: 0.5), warmSteps: 10, rampSteps: 4)
    var random = TestRandom(seed: 1)
    #expect(start.step(9, space, using: &random).entries.count == 1)
    let weights = (10..<16).map { start.step($0, space, using: &random).entries.map(\.gradientWeight) }
    #expect(weights.map { $0[1] } == [0.125, 0.25, 0.375, 0.5, 0.5, 0.5] && weights.allSatisfy { $0[0] == 0.5 })
  }

  /// The effect: networks of every size get better, and small ones without labels of their own.
  @Test func `children learn from the biggest alone`() throws {
    var random = RandomStream(seed: 2)
    let design = try SupernetDesign(.fiveBlocksNarrow(classCount: 2))
    let supernet = Supernet(design, zeroesLastScale: true, random: &random)
    // Stripes along rows or columns.
    var pixels: [Float] = []
    for index in 0..<64 {
      for pixel in 0..<576 {
        let place = index % 2 == 0 ? pixel / 24 : pixel % 24
        pixels.append(Float(place / 3 % 2) - 0.5)
      }
    }
    let noise = Tensor.normal([64, 24, 24, 1], key: random.next(), standardDeviation: 0.3)
    let images = Tensor(pixels, shape: [64, 24, 24, 1]) + noise
    let labels = Tensor((0..<64).map { Int64($0 % 2) })
    evaluate(images, labels)
    let trainer = SupernetTrainer(
      supernet, optimizer: SGD(supernet.groupsDecayingMatricesOnly(), learningRate: 0.05, momentum: 0.9, isNesterov: true))
    let rule = try SandwichRule(networks: 3, regularization: .init(dropout: 0.1, dropPath: 0.1), gradientWeight: 0.5)
    var draws = TestRandom(seed: 3)
    for step in 0..<40 {
      trainer.random = RandomStream(seed: step)
      try trainer.step(rule.step(design.space, using: &draws), images: images, labels: labels)
    }
    let evaluator = SubnetEvaluator(calibration: images, images: images, labels: labels)
    for architecture in [design.space.minimum, design.space.middle, design.space.maximum] {
      #expect(evaluator.accuracy(of: architecture, in: supernet) > 0.9)
    }
  }
}
