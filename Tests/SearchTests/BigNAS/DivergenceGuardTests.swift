import Layers
import Search
import Tensors
import Testing

@Suite struct DivergenceGuardTests {
  private struct Training {
    let supernet: Supernet
    let trainer: SupernetTrainer
    let guardian: DivergenceGuard
    private let images = SearchFixtures.images(8)
    private let labels = SearchFixtures.labels(8)

    init(interval: Int, patience: Int = 1, limit: Int = 3) throws {
      supernet = try SearchFixtures.supernet(.fiveBlocksNarrow())
      let optimizer = SGD(supernet.parameters, learningRate: 0.05, momentum: 0.9)
      trainer = SupernetTrainer(supernet, optimizer: optimizer)
      guardian = DivergenceGuard(
        supernet, optimizer: optimizer, classCount: 10, interval: interval, patience: patience, limit: limit)
    }

    func step() throws {
      try trainer.step(StepPlan([StepEntry(supernet.space.maximum)]), images: images, labels: labels)
    }
    var values: [[Float]] { supernet.parameters.map { $0.value.array(of: Float.self) } }
  }

  @Test func `a training that collapses goes back to its last good state`() throws {
    let training = try Training(interval: 2)
    var states = [training.values]
    for loss in [1.0, 0.9, 0.8, 0.7, 0.6] {
      try training.step()
      #expect(training.guardian.check([loss]) == .healthy)
      states.append(training.values)
    }
    // The state after four steps is kept, but nothing has shown yet that it is good; the one after two is.
    #expect(training.guardian.check([2.31]) == .restored && training.guardian.rollbacks == 1)
    #expect(training.values == states[2])
    try training.step()
    #expect(training.values == states[3], "the optimiser's state is back as well")
    #expect(training.guardian.check([0.7, .nan]) == .restored && training.guardian.rollbacks == 2)
    #expect(training.values == states[2])
  }

  @Test func `one bad batch is no collapse`() throws {
    let training = try Training(interval: 1, patience: 3)
    for loss in [1.0, 2.3, 2.3, 0.9, 2.3] { #expect(training.guardian.check([loss]) == .healthy) }
    #expect(training.guardian.rollbacks == 0)
    #expect(training.guardian.check([2.3]) == .healthy && training.guardian.check([2.3]) == .restored)
    // At the beginning every loss is at chance.
    let fresh = try Training(interval: 1)
    #expect(fresh.guardian.check([2.31]) == .healthy && fresh.guardian.check([5]) == .healthy)
  }

  @Test func `what fails again and again is given up, and success makes it count anew`() throws {
    let training = try Training(interval: 2, limit: 2)
    for _ in 0..<2 { #expect(training.guardian.check([.infinity]) == .restored) }
    for _ in 0..<2 { #expect(training.guardian.check([1]) == .healthy) }
    for _ in 0..<2 { #expect(training.guardian.check([.nan]) == .restored) }
    #expect(training.guardian.check([.nan]) == .givenUp && training.guardian.check([1]) == .givenUp)
    #expect(training.guardian.rollbacks == 4)
  }

  @Test func `a guard goes on from its state`() throws {
    let (one, other) = (try Training(interval: 2), try Training(interval: 2))
    for loss in [1.0, 0.9, 0.8, 0.7, 0.6] {
      try one.step()
      _ = one.guardian.check([loss])
    }
    other.guardian.state = one.guardian.state
    #expect(other.guardian.check([2.31]) == .restored && one.guardian.check([2.31]) == .restored)
    #expect(one.values == other.values)
  }
}
