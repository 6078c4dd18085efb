import Foundation
import Layers
import Tensors

/// The baseline: Adam on the non-convex problem (N) from several random starts at once, plainly or on adversarial examples.
public struct NonConvexTraining: Sendable {
  /// Which examples a step learns from.
  public enum Examples: Sendable, Hashable {
    case clean
    case attacked(ProjectedGradientAttack)
  }

  public let problem: ConvexReLUProblem
  /// m.
  public var neurons: Int
  public var steps: Int
  /// The learning rate falls from the first to the second, geometrically.
  public var learningRates: (first: Double, last: Double)
  public var examples: Examples

  public init(
    _ problem: ConvexReLUProblem, neurons: Int, steps: Int = 6000, learningRates: (first: Double, last: Double) = (1e-2, 1e-3),
    examples: Examples = .clean
  ) {
    precondition(neurons >= 1 && steps >= 1, "NonConvexTraining: \(neurons) neurons and \(steps) steps, expected at least 1")
    self.problem = problem
    self.neurons = neurons
    self.steps = steps
    self.learningRates = learningRates
    self.examples = examples
  }

  /// Trains one network a seed with full batches; none knows of the others.
  /// - Parameter watch: called every 50 steps with the number of the step and what each network's objective was there.
  public func train(seeds: [Int], watch: (_ step: Int, _ objectives: [Double]) -> Void = { _, _ in }) -> ReLUNetworks {
    precondition(!seeds.isEmpty, "NonConvexTraining: no seed, expected at least one")
    let d = problem.width
    var streams = seeds.map { RandomStream(seed: $0) }
    func draw(_ shape: Shape, _ deviation: Double) -> Tensor {
      Tensor.stack(streams.indices.map { streams[$0].draw(shape) }) * deviation
    }
    let hidden = Parameter(draw([d, neurons], 1 / Double(d).squareRoot()))
    let output = Parameter(draw([neurons], 1 / Double(neurons).squareRoot()))
    let optimizer = Adam([hidden, output], learningRate: learningRates.first)
    var attackRandom = streams[0].split()
    for step in 0..<steps {
      let progress = Double(step) / Double(max(steps - 1, 1))
      optimizer.learningRate = learningRates.first * pow(learningRates.last / learningRates.first, progress)
      var features = problem.features
      if case .attacked(let attack) = examples {
        features = attack.perturbed(
          problem.features, targets: problem.targets, networks: ReLUNetworks(hidden: hidden.value, output: output.value),
          perturbable: problem.perturbable, random: &attackRandom)
      }
      let networks = ReLUNetworks(hidden: hidden.value, output: output.value)
      let objective = problem.loss(networks.outputs(features), problem.targets) + networks.squaredNorm * (problem.regularization / 2)
      let total = optimizer.minimize(objective.sum())
      // Several steps may be one evaluation; attacks need the weights at once.
      if step % 10 == 9 || step == steps - 1 { evaluate(total, hidden.value, output.value) }
      if step % 50 == 49 { watch(step + 1, problem.objective(of: ReLUNetworks(hidden: hidden.value, output: output.value))) }
    }
    return ReLUNetworks(hidden: hidden.value, output: output.value)
  }
}

extension RandomStream {
  fileprivate mutating func draw(_ shape: Shape) -> Tensor { Tensor.normal(shape, key: next(), dtype: .float64) }
}
