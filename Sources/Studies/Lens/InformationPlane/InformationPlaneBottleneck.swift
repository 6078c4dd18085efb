import Foundation
import Lens
import Tensors
import Training

/// A noisy rule, networks trained on labels drawn from it, and the bottleneck's curve beside them.
struct InformationPlaneBottleneck {
  struct Layer {
    /// By network: measured with the rule's own p(y|x).
    let information: [LayerInformation]
    let optimality: [LayerOptimality]
    /// Bits below the curve at the same I(X;T).
    let distance: [Double]
  }

  let distribution: JointDistribution
  let distinctConditionals: Int
  /// In the order of falling beta.
  let curve: [InformationBottleneck.Solution]
  let layers: [Layer]
  /// I(X;T) and I(T;Y) at beta below 1.
  let below: LayerInformation
  let deterministic: DeterministicRule

  /// Optima for the labels of the rule itself, of which two groups of inputs are left.
  struct DeterministicRule {
    /// I(X;Y) = H(Y), in bits.
    let information: Double
    /// Of the squared Lagrangian, by b.
    let squared: [(weight: Double, solution: InformationBottleneck.Solution)]
    /// Of the plain one, by beta.
    let plain: [InformationBottleneck.Solution]

    init(count: Int) throws {
      let rule = try JointDistribution(uniformInputs: SymmetricRule.labels.map { $0 == 1 ? [0, 1] : [1, 0] }).merged().distribution
      let bottleneck = InformationBottleneck(rule)
      information = rule.information
      squared = try InformationBottleneck.logarithmicBetas(count: count, from: 0.5, to: 10).map { ($0, try bottleneck.squared(weight: $0)) }
      plain = try InformationBottleneck.logarithmicBetas(count: count, from: 0.5, to: 1000).map {
        try bottleneck.solve(beta: $0, from: [[0.9, 0.1], [0.1, 0.9]])
      }
    }
  }

  init(_ options: InformationPlaneOptions, training: InformationPlaneTraining, run: StudyRun) throws {
    let rule = try SphericalRule(steepness: options.steepness)
    let conditionals = rule.labels
    let all = try JointDistribution(uniformInputs: conditionals)
    let merged = all.merged(tolerance: 1e-9).distribution
    distribution = merged
    distinctConditionals = merged.inputs.count
    let bottleneck = InformationBottleneck(merged)
    let phase = run.progress.phase("bottleneck", of: options.betaCount)
    let betas = InformationBottleneck.logarithmicBetas(count: options.betaCount)
    var solutions: [InformationBottleneck.Solution] = []
    var start: [[Double]]?
    for beta in betas.sorted(by: >) {
      let solution = try bottleneck.solve(beta: beta, from: start)
      start = solution.encoder
      solutions.append(solution)
      phase.advance()
    }
    phase.finish()
    curve = solutions
    below = try bottleneck.solve(beta: 0.9, from: Self.blurred(merged.inputs.count)).information

    deterministic = try DeterministicRule(count: options.betaCount)

    // Labels are drawn from p(y|x), anew for each network.
    let trajectory = try training.train(
      InformationPlaneExperiment(
        name: "noisy-rule", title: "tanh, noisy rule", hiddenUnits: options.hiddenUnits, activation: .tanh, share: options.trainingShare,
        labels: .drawn(conditionals.map { $0[1] }), epochs: options.epochs, networks: options.networks), gradients: false)
    let last = trajectory.snapshots.last!
    let activations = last.activations(training.task.inputs)
    evaluate(activations)
    let edges = try BinEdges(count: options.bins)
    let estimator = try BinnedInformation(labels: training.task.labels, classCount: 2)
    let grid = InformationBottleneck.logarithmicBetas(count: 80, from: 0.5, to: 1e3)
    let points = solutions.map(\.information)
    layers = try activations.map { layer in
      let units = layer.shape[2]
      let size = layer.shape[1] * units
      let values = layer.array(of: Float.self)
      var (information, optimality, distance): ([LayerInformation], [LayerOptimality], [Double]) = ([], [], [])
      for network in 0..<trajectory.networkCount {
        let states = try estimator.states(of: Array(values[network * size..<(network + 1) * size]), units: units, edges: edges)
        let one = BinnedInformation.information(ofStates: states, labelDistributions: conditionals)
        information.append(one)
        optimality.append(try LayerOptimality(states: states, labels: conditionals, betas: grid))
        distance.append(LayerOptimality.distance(of: one, below: points))
      }
      return Layer(information: information, optimality: optimality, distance: distance)
    }
  }

  /// Every cluster a little of everything.
  private static func blurred(_ n: Int) -> [[Double]] {
    (0..<n).map { x in (0..<n).map { ($0 == x ? 0.5 : 0) + 0.5 / Double(n) } }
  }
}
