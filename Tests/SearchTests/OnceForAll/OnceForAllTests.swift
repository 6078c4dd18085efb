import Layers
import Search
import Tensors
import TestSupport
import Testing

@Suite struct OnceForAllTests {
  @Test func `sorting inside groups keeps the channels of widths that are trained`() throws {
    var configuration = SupernetConfiguration.fiveBlocks()
    configuration.stages[0].hasSqueeze = true
    let supernet = try SearchFixtures.supernet(configuration)
    let space = supernet.space
    let images = SearchFixtures.images(6)
    // Everything at its largest but the expansion, in the middle: its channels are trained when the second width phase begins.
    let middle = try space.architecture(choices: space.genes.map { $0.kind == .expand ? 1 : $0.candidates.count - 1 })
    let before = [supernet(images, middle), supernet(images, space.maximum)]
    evaluate(before)
    let orders = supernet.sortChannels(keptWidths: 1)
    for (order, block) in zip(orders, supernet.stages.flatMap { $0 }) {
      let counts = block.configuration.middles(inputs: block.configuration.inputs[0], outputs: block.configuration.outputs[0])
      #expect(Set(order.order.prefix(counts[1])) == Set(0..<counts[1]))
      #expect(order.order != Array(0..<counts[2]))
    }
    #expect(SearchFixtures.difference(supernet(images, middle), before[0]) < 1e-5)
    #expect(SearchFixtures.difference(supernet(images, space.maximum), before[1]) < 1e-5)
    // Sorting without groups does move channels between them.
    let free = try SearchFixtures.supernet(configuration, seed: 5).sortChannels()
    #expect(free.contains { order in Set(order.order.prefix(order.order.count / 2)) != Set(0..<order.order.count / 2) })
  }

  @Test func `sorting takes the optimiser's state along`() throws {
    let supernet = try SearchFixtures.supernet()
    let optimizer = SGD(supernet.parameters, learningRate: 0.1, momentum: 0.9)
    let trainer = SupernetTrainer(supernet, optimizer: optimizer)
    let plan = StepPlan([StepEntry(supernet.space.maximum)])
    let (images, labels) = (SearchFixtures.images(8), SearchFixtures.labels(8))
    try trainer.step(plan, images: images, labels: labels)
    // Stepping on after sorting gives the network that stepping on without it gives, up to the order of channels.
    let other = supernet.copy()
    let otherOptimizer = SGD(other.parameters, learningRate: 0.1, momentum: 0.9)
    otherOptimizer.state = optimizer.state
    supernet.sortChannels(optimizer: optimizer)
    try trainer.step(plan, images: images, labels: labels)
    try SupernetTrainer(other, optimizer: otherOptimizer).step(plan, images: images, labels: labels)
    let space = supernet.space
    #expect(SearchFixtures.difference(supernet(images, space.maximum), other(images, space.maximum)) < 1e-4)
  }

  @Test func `phases free one kind of gene after the other`() throws {
    let design = try SupernetDesign(.fiveBlocks())
    let schedule = ProgressiveShrinking.reduced
    let counts = try schedule.phases.map { design.space.count(try schedule.mask($0, of: design.space)) }
    // Resolution is always free.
    #expect(counts[0] == 3 && counts[1] == 3 * 243 && counts[3] == 221_130)
    #expect(counts[2] == 3 * (3 + 9) * (3 + 9 + 27))
    let paper = ProgressiveShrinking.paper
    let mobile = try SupernetDesign(.mobileNetV3(classCount: 10))
    let depth = try mobile.space.mask(paper.mask(paper.phases[2], of: mobile.space)) { gene, _ in gene.kind != .resolution || true }
    #expect(depth.choices(of: mobile.space.position(of: "1.depth")!) == [1, 2])
    var random = TestRandom(seed: 1)
    let mask = try schedule.mask(schedule.phases[3], of: design.space)
    let plan = schedule.step(schedule.phases[3], design, mask: mask, resolution: 1, teacher: nil, dropout: 0.1, using: &random)
    #expect(plan.entries.count == 4)
    #expect(plan.entries.allSatisfy { design.subnet($0.architecture).resolution == 20 && $0.regularization.dropout == 0.1 })
    let corners = schedule.corners(mask, of: design)
    #expect(corners.contains(design.space.minimum) && corners.contains(design.space.maximum) && corners.count <= 16)
    #expect(schedule.corners(try schedule.mask(schedule.phases[0], of: design.space), of: design).count == 2)
  }

  @Test func `rates warm up from a thirty-second of the peak`() {
    let schedule = ProgressiveShrinking.paper.schedule(ProgressiveShrinking.paper.phases[1], stepsPerEpoch: 10)
    let start = 0.96 / 32
    #expect(abs(schedule.rate(at: 0) - ((0.96 - start) / 50 + start)) < 1e-12)
    #expect(abs(schedule.rate(at: 49) - 0.96) < 1e-12 && abs(schedule.rate(at: 50) - 0.96) < 1e-12)
    #expect(schedule.rate(at: 1249) < 0.001)
  }

  @Test func `the loss of a pupil is the sum of labels and teacher, and the teacher sees the same size`() throws {
    let supernet = try SearchFixtures.supernet()
    let teacher = try FrozenTeacher(supernet.copy(), for: supernet.design)
    let (images, labels) = (SearchFixtures.images(6), SearchFixtures.labels(6))
    let space = supernet.space
    let small = try space.architecture(["resolution": 16, "A.depth": 1])
    let entry = StepEntry(small, loss: .init(labels: 1, smoothing: 0.1, distillation: 1), teacher: .frozen(teacher))
    let trainer = SupernetTrainer(supernet, optimizer: SGD(supernet.parameters, learningRate: 0))
    let outcome = try trainer.step(StepPlan([entry]), images: images, labels: labels)[0]
    let taught = supernet(images, try space.architecture(["resolution": 16]))
    let logits = supernet(images, small)
    let expected = crossEntropy(logits, labels: labels, smoothing: 0.1) + softCrossEntropy(logits, teacher: taught)
    #expect(abs(outcome.loss.scalar() - expected.scalar()) < 1e-4)
  }
}
