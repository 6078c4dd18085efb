import Layers
import Search
import Tensors
import TestSupport
import Testing

@Suite struct StepPlanTests {
  private func trainer(_ configuration: SupernetConfiguration = .fiveBlocksNarrow(), seed: Int = 3) throws -> SupernetTrainer {
    let supernet = try SearchFixtures.supernet(configuration, seed: seed, dtype: .float64)
    return SupernetTrainer(supernet, optimizer: SGD(supernet.groupsDecayingMatricesOnly(), learningRate: 0.01, momentum: 0.9))
  }
  private let images = SearchFixtures.images(6, dtype: .float64)
  private let labels = SearchFixtures.labels(6)

  @Test func `gradients are those of the summed losses, the teacher being a constant`() throws {
    let trainer = try trainer()
    let supernet = trainer.supernet
    let entries = [
      StepEntry(supernet.space.maximum, loss: .init(smoothing: 0.1), gradientWeight: 0.5),
      StepEntry(supernet.space.minimum, loss: .init(labels: 0, distillation: 2, temperature: 3), teacher: .inPlace(0), gradientWeight: 0.5),
    ]
    let (gradients, _, outcomes) = try trainer.gradients(StepPlan(entries), images: images, labels: labels)
    evaluate(gradients.compactMap { $0 })
    let big = supernet(images, supernet.space.maximum)
    let small = supernet(images, supernet.space.minimum)
    let targets = (big / 3).softmax()
    evaluate(targets)
    let distilled = -(targets * (small / 3).logSoftmax()).sum(axes: [-1]).mean() * 18
    let total = (crossEntropy(supernet(images, supernet.space.maximum), labels: labels, smoothing: 0.1) + distilled) * 0.5
    let expected = total.gradients(withRespectTo: trainer.optimizer.parameters.map(\.value))
    for (ours, theirs) in zip(gradients, expected) { #expect(SearchFixtures.difference(ours!, theirs) < 1e-8) }
    // The KL divergence is what is left of the soft cross entropy without the teacher's entropy: never negative.
    let kl = (outcomes[1].distillationLoss! - outcomes[1].teacherEntropy!).scalar(as: Double.self)
    #expect(kl >= 0)
  }

  @Test func `a child's weight does not change what the biggest computes`() throws {
    let trainer = try trainer()
    let space = trainer.supernet.space
    func outcome(_ weight: Double) throws -> [Double] {
      let plan = StepPlan([
        StepEntry(space.maximum),
        StepEntry(space.minimum, loss: .init(labels: 0, distillation: 1), teacher: .inPlace(0), gradientWeight: weight),
      ])
      return try trainer.gradients(plan, images: images, labels: labels).outcomes[0].logits.array(of: Double.self)
    }
    #expect(try outcome(1) == outcome(100))
  }

  @Test func `averages divide by the entries that use a weight`() throws {
    let trainer = try trainer()
    let space = trainer.supernet.space
    func gradients(_ aggregation: GradientAggregation) throws -> [[Double]] {
      let plan = StepPlan([StepEntry(space.maximum), StepEntry(space.minimum, gradientWeight: 3)], aggregation: aggregation)
      return try trainer.gradients(plan, images: images, labels: labels).gradients.map { $0!.array(of: Double.self) }
    }
    let (sum, average, root) = (try gradients(.sum), try gradients(.average), try gradients(.averageSquareRoot))
    var found: Set<Double> = []
    for (index, values) in sum.enumerated() {
      for (position, value) in values.enumerated() where abs(value) > 1e-9 {
        let divisor = value / average[index][position]
        found.insert(divisor.rounded())
        #expect(abs(divisor - 1) < 1e-9 || abs(divisor - 4) < 1e-9, "\(divisor)")
        #expect(abs(value / root[index][position] - divisor.squareRoot()) < 1e-9)
      }
    }
    #expect(found == [1, 4])
  }

  @Test func `a step decays kernels once and leaves vectors alone`() throws {
    let supernet = try SearchFixtures.supernet(.fiveBlocksNarrow(), dtype: .float64)
    let before = supernet.parameters.map { $0.value * 1 }
    evaluate(before)
    let trainer = SupernetTrainer(supernet, optimizer: SGD(supernet.groupsDecayingMatricesOnly(), learningRate: 1, weightDecay: 0.25))
    let space = supernet.space
    // Gradients of weight 0: what changes is decay alone, once for all three networks.
    let entries = [space.maximum, space.minimum, space.middle].map { StepEntry($0, gradientWeight: 0) }
    try trainer.step(StepPlan(entries), images: images, labels: labels)
    for (parameter, old) in zip(supernet.parameters, before) {
      let expected = parameter.shape.rank > 1 ? old * 0.75 : old
      #expect(SearchFixtures.difference(parameter.value, expected) < 1e-12)
    }
  }

  @Test func `plans that cannot be are refused`() throws {
    let space = try SupernetDesign(.fiveBlocks()).space
    let child = StepEntry(space.minimum, loss: .init(labels: 0, distillation: 1), teacher: .inPlace(1))
    #expect(throws: StepPlanError.self) { try StepPlan([child, StepEntry(space.maximum)]).validate() }
    #expect(throws: StepPlanError.self) { try StepPlan([]).validate() }
    #expect(throws: StepPlanError.self) { try StepPlan([StepEntry(space.minimum, loss: .init(distillation: 1))]).validate() }
    let student = try SupernetDesign(.fiveBlocks())
    let other = try SearchFixtures.supernet(.fiveBlocks(classCount: 4))
    let error = #expect(throws: StepPlanError.self) { try FrozenTeacher(other, for: student) }
    #expect("\(error!)".contains("4 classes"))
  }
}
