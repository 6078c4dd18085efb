import Shallow
import Tensors
import Training

/// Four clusters labelled by XOR, which no affine model tells apart: networks trained with and without a guarantee against perturbation.
struct ConvexReLUClusters {
  /// What came of one loss.
  struct Outcome {
    let loss: OutputLoss
    let robust: RobustADMM.Solution
    let plain: RobustADMM.Solution
    /// The loss of the robust network on attacked training points; its bound; the plain network's loss there.
    let attacked: Double
    let bound: Double
    let plainAttacked: Double
    /// Of the plain program solved as a robust one with epsilon 0, and by the method of section 3.4.
    let zeroRadius: Double
    let direct: Double
    let accuracy: Double
    let plainAccuracy: Double
  }

  let features: Tensor
  let labels: Tensor
  let outcomes: [Outcome]

  init(_ options: ConvexReLUOptions, run: StudyRun) throws {
    var random = RandomStream(seed: run.seed, step: -14)
    let (features, labels) = Self.clusters(options.clusterPoints, random: &random)
    let (fresh, truth) = Self.clusters(400, random: &random)
    let test = Tensor.concatenate([fresh, Tensor.ones([fresh.shape[0], 1], dtype: .float64)], axis: 1)
    let losses: [(OutputLoss, Double)] = [(.hinge, 1e-3), (.squared, 1e-2), (.crossEntropy, 1e-2)]
    let phase = run.progress.phase("loss", of: losses.count)
    defer { phase.finish() }
    var found: [Outcome] = []
    for (loss, beta) in losses {
      let problem = try ConvexReLUProblem(features: features, targets: labels, loss: loss, regularization: beta, addingBias: true)
      var stream = RandomStream(seed: run.seed, step: -15)
      let patterns = ActivationPatterns.robust(
        features: problem.features, directions: options.clusterDirections, corners: 1, radius: options.clusterEpsilon,
        perturbable: problem.perturbable, random: &stream)
      func solved(_ radius: Double) throws -> RobustADMM.Solution {
        try RobustADMM(
          RobustConvexProgram(problem, patterns: patterns, radius: radius),
          settings: .init(maximumIterations: options.robustIterations, tolerance: 1e-9)
        ).solve()
      }
      let (robust, plain) = (try solved(options.clusterEpsilon), try solved(0))
      let direct = try ConvexADMM(
        problem, patterns: patterns, settings: .init(penalty: loss == .hinge ? 0.02 : 0.2, maximumIterations: 1000)
      ).solve().polished(settings: .init(maximumIterations: 20_000, primalTolerance: 1e-11, dualTolerance: 1e-11))
      func attacked(_ network: ReLUNetworks) -> Double {
        let attack = ProjectedGradientAttack(
          loss == .squared ? .error : .margin, radius: options.clusterEpsilon, steps: options.attackSteps)
        let moved = attack.perturbed(
          problem.features, targets: labels, networks: network, perturbable: problem.perturbable, random: &stream)
        return network.losses(loss, moved, targets: labels)[0]
      }
      let (strong, weak) = (robust.plain.network(threshold: 0), plain.plain.network(threshold: 0))
      found.append(
        Outcome(
          loss: loss, robust: robust, plain: plain, attacked: attacked(strong), bound: robust.lossBound, plainAttacked: attacked(weak),
          zeroRadius: plain.objective, direct: direct.objective, accuracy: strong.accuracies(test, targets: truth)[0],
          plainAccuracy: weak.accuracies(test, targets: truth)[0]))
      phase.advance()
    }
    (self.features, self.labels, outcomes) = (features, labels, found)
  }

  private static func clusters(_ count: Int, random: inout RandomStream) -> (Tensor, Tensor) {
    let centres: [(Double, Double)] = [(1, 1), (-1, -1), (1, -1), (-1, 1)]
    let chosen = (0..<count).map { centres[$0 % 4] }
    let points = Tensor(chosen.flatMap { [$0.0, $0.1] }, shape: [count, 2])
    let noise = Tensor.normal([count, 2], key: random.next(), standardDeviation: 0.15, dtype: .float64)
    let features = points + noise
    evaluate(features)
    return (features, Tensor(chosen.map { $0.0 * $0.1 }))
  }

  /// f on a grid over [-2, 2]², the rows from the top.
  static func map(_ network: ReLUNetworks, points: Int) -> [[Double]] {
    let axis = (0..<points).map { -2 + 4 * Double($0) / Double(points - 1) }
    let rows: [Double] = axis.reversed().flatMap { y in axis.flatMap { x -> [Double] in [x, y, 1] } }
    let values = network.outputs(Tensor(rows, shape: [points * points, 3])).array(of: Double.self)
    return (0..<points).map { row in (0..<points).map { min(max(values[row * points + $0], -2), 2) } }
  }
}
