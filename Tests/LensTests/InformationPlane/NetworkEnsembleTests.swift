import Foundation
import Lens
import Tensors
import Testing

@Suite struct NetworkEnsembleTests {
  private static let inputs = Tensor(SymmetricRule.patterns, shape: [4096, 12])

  @Test func `weights are truncated, and networks of equal seed are equal`() {
    let one = NetworkEnsemble(widths: [12, 10, 3, 2], seeds: [4, 5])
    let other = NetworkEnsemble(widths: [12, 10, 3, 2], seeds: [5])
    #expect(one.weights[0].value.abs().max().scalar(as: Double.self) <= 2 / 12.0.squareRoot() + 1e-6)
    #expect(one.weights[1].value[1].array(of: Float.self) == other.weights[1].value[0].array(of: Float.self))
    let wide = NetworkEnsemble(widths: [400, 400, 2], seeds: [1]).weights[0].value * 20
    // The deviation of a normal distribution cut at two is 0.8796.
    #expect(abs(wide.square().mean().scalar(as: Double.self).squareRoot() - 0.8796) < 0.01)
  }

  @Test(arguments: NetworkEnsemble.HiddenActivation.allCases)
  func `an ensemble is its networks`(activation: NetworkEnsemble.HiddenActivation) {
    let ensemble = NetworkEnsemble(widths: [12, 6, 4, 2], activation: activation, seeds: [1, 2, 3])
    let layers = ensemble.activations(Self.inputs)
    #expect(layers.map { $0.shape.dimensions } == [[3, 4096, 6], [3, 4096, 4], [3, 4096, 2]])
    for network in 0..<3 {
      let alone = ensemble.network(network)(Self.inputs).softmax()
      #expect((alone - layers[2][network]).abs().max().scalar(as: Double.self) < 1e-6)
    }
  }

  @Test func `networks trained together are the networks trained alone`() throws {
    func trained(_ seeds: [Int]) throws -> NetworkEnsemble {
      let ensemble = NetworkEnsemble(widths: [12, 5, 3, 2], seeds: seeds)
      let trainer = try EnsembleTrainer(
        ensemble, inputs: Self.inputs, labels: seeds.map { _ in SymmetricRule.labels }, trainingShare: 0.1, batchSize: 128,
        learningRate: 1e-2, seeds: seeds)
      for epoch in 0..<3 { _ = trainer.trainEpoch(epoch) }
      return ensemble
    }
    let (both, second) = (try trained([8, 9]), try trained([9]))
    for (one, other) in zip(both.weights, second.weights) {
      #expect((one.value[1] - other.value[0]).abs().max().scalar(as: Double.self) < 1e-6)
    }
  }

  @Test func `fifty networks learn in one graph`() throws {
    let seeds = Array(1...50)
    let ensemble = NetworkEnsemble(widths: [12, 10, 7, 2], seeds: seeds)
    let trainer = try EnsembleTrainer(
      ensemble, inputs: Self.inputs, labels: seeds.map { _ in SymmetricRule.labels }, trainingShare: 0.8, batchSize: 256,
      learningRate: 5e-3,
      seeds: seeds)
    let first = trainer.trainEpoch(0)
    var last = first
    for epoch in 1..<15 { last = trainer.trainEpoch(epoch) }
    #expect(first.count == 50 && zip(first, last).allSatisfy { $1 < $0 })
    let test = trainer.accuracies().test
    #expect(test.reduce(0, +) / 50 > 0.8, "\(test)")
    // Each network learned from patterns of its own.
    #expect(Set(test.map { ($0 * 10_000).rounded() }).count > 10)
  }

  @Test func `gradients of batches are summarised as by hand`() throws {
    let gradients = Tensor([1, 0, 3, 4, 2, 2] as [Double], shape: [1, 3, 2])
    let one = GradientStatistics.of(gradients, weights: Tensor([3.0, 4], shape: [1, 2]))[0]
    #expect(abs(one.meanNorm - 8.0.squareRoot()) < 1e-12 && one.weightNorm == 5)
    #expect(abs(one.deviation - ((5.0 + 5 + 0) / 3).squareRoot()) < 1e-12)
    // Batches that are the whole training set have one gradient.
    let ensemble = NetworkEnsemble(widths: [12, 5, 2], seeds: [1])
    let trainer = try EnsembleTrainer(
      ensemble, inputs: Self.inputs, labels: [SymmetricRule.labels], trainingShare: 0.05, batchSize: 205, learningRate: 1e-3, seeds: [1])
    let whole = trainer.gradientStatistics(batches: 3, batchSize: 205, epoch: 0)
    #expect(whole.count == 2 && whole[0][0].deviation < 1e-4 * whole[0][0].meanNorm)
    let parts = trainer.gradientStatistics(batches: 12, batchSize: 17, epoch: 0)
    #expect(parts[0][0].deviation > whole[0][0].deviation && parts[0][0].signalToNoise > 0)
  }

  @Test func `phases are found`() {
    let epochs = [0, 1, 3, 7, 15, 31, 63, 127, 255, 511]
    let ratios = [4.0, 5, 4.5, 4, 3, 0.8, 1.1, 0.6, 0.5, 0.4]
    #expect(GradientPhases.transition(epochs: epochs, signalToNoise: ratios) == 127)
    #expect(GradientPhases.transition(epochs: epochs, signalToNoise: epochs.map { _ in 2 }) == nil)
    let bent = epochs.map { $0 < 16 ? 5.0 : 5 * 16 / Double($0 + 1) }
    let found = GradientPhases.breakpoint(epochs: epochs, signalToNoise: bent)
    #expect(found == 15 || found == 31, "\(String(describing: found))")
    #expect(RecordPoints.logarithmic(epochs: 1000, count: 40).first == 0 && RecordPoints.logarithmic(epochs: 1000, count: 40).last == 999)
  }

  @Test func `what cannot be trained is refused`() throws {
    let ensemble = NetworkEnsemble(widths: [12, 5, 2], seeds: [1])
    func trainer(_ labels: [Int], share: Double = 0.5) throws {
      _ = try EnsembleTrainer(
        ensemble, inputs: Self.inputs, labels: [labels], trainingShare: share, batchSize: 8, learningRate: 1e-3, seeds: [1])
    }
    #expect(throws: InformationError.self) { try trainer([0, 1]) }
    #expect(throws: InformationError.self) { try trainer(SymmetricRule.labels.map { $0 * 2 }) }
    #expect(throws: InformationError.self) { try trainer(SymmetricRule.labels, share: 0) }
  }
}
