import Layers
import Lens
import Shallow
import Tensors

/// Rows that show what methods of this project cost, without peers.
extension Benchmarks {
  static let methods: [Benchmark] = convexPrograms + ensembles

  private static var convexPrograms: [Benchmark] {
    var rows: [Benchmark] = []
    for count in [4, 16, 64] {
      rows.append(
        Benchmark("convex-woodbury-\(count)", "an iteration of ADMM, n = 256, d = 16, P = \(count) patterns, two small factors") {
          convexIteration(patterns: count, update: .woodbury)
        })
      rows.append(
        Benchmark("convex-cholesky-\(count)", "the same through the factor of the 2Pd x 2Pd matrix") {
          convexIteration(patterns: count, update: .cholesky)
        })
    }
    return rows
  }

  private static var ensembles: [Benchmark] {
    [
      Benchmark("ensemble-1", "a step of one 12-10-7-5-4-3-2 tanh network, batch 256, Adam") { ensembleStep(networks: 1) },
      Benchmark("ensemble-50", "a step of fifty such networks in one graph") { ensembleStep(networks: 50) },
    ]
  }

  private static func convexIteration(patterns count: Int, update: ConvexADMM.Update) -> () -> Float {
    var random = RandomStream(seed: 1)
    let x = Tensor.normal([256, 15], key: random.next(), dtype: .float64)
    do {
      let problem = try ConvexReLUProblem(features: x, targets: x[.all, 0], regularization: 0.1, addingBias: true)
      let patterns = try ActivationPatterns.sampled(features: problem.features, count: count, random: &random)
      let admm = try ConvexADMM(problem, patterns: patterns, settings: .init(update: update))
      var state = admm.initialState()
      return {
        state = admm.step(state)
        return state.u[0, 0].scalar()
      }
    } catch {
      preconditionFailure("benchmark of the convex program: \(error)")
    }
  }

  private static func ensembleStep(networks: Int) -> () -> Float {
    let seeds = Array(1...networks)
    let ensemble = NetworkEnsemble(widths: [12, 10, 7, 5, 4, 3, 2], seeds: seeds)
    let inputs = Tensor(SymmetricRule.patterns, shape: [SymmetricRule.patternCount, SymmetricRule.bitCount])
    do {
      let trainer = try EnsembleTrainer(
        ensemble, inputs: inputs, labels: seeds.map { _ in SymmetricRule.labels }, trainingShare: 0.8, batchSize: 256, learningRate: 2e-3,
        seeds: seeds)
      var step = 0
      return {
        defer { step += 1 }
        let losses = trainer.step(epoch: step / trainer.batchesPerEpoch, batch: step % trainer.batchesPerEpoch)
        evaluate([losses] + ensemble.parameters.map(\.value))
        return losses.mean().scalar()
      }
    } catch {
      preconditionFailure("benchmark of the ensemble: \(error)")
    }
  }
}
