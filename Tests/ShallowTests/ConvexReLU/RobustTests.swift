import Foundation
import Shallow
import Tensors
import Testing

@Suite struct RobustConvexProgramTests {
  @Test func `the projection onto the epigraph is the nearest point`() {
    var random = RandomStream(seed: 1)
    let points = Tensor.normal([200, 4], key: random.next(), dtype: .float64)
    let heights = Tensor.normal([200, 1], key: random.next(), standardDeviation: 2, dtype: .float64)
    let (p, t) = projectedOntoEpigraph(points, heights)
    // Inside; and what was moved is orthogonal to the projection, and in the polar cone {||.||_inf <= -height}.
    #expect((p.abs().sum(axes: [1], keepingAxes: true) - t).max().double < 1e-12)
    let (dp, dt) = (points - p, heights - t)
    #expect(((p * dp).sum(axes: [1], keepingAxes: true) + t * dt).abs().max().double < 1e-11)
    #expect((dp.abs().max(axes: [1], keepingAxes: true) + dt).max().double < 1e-12)
  }

  @Test(arguments: OutputLoss.allCases)
  func `proximal operators are minimisers`(loss: OutputLoss) {
    var random = RandomStream(seed: 2)
    let point = Tensor.normal([50], key: random.next(), standardDeviation: 3, dtype: .float64)
    let y = (Tensor.normal([50], key: random.next(), dtype: .float64)).sign()
    for rho in [0.02, 0.5, 20] {
      let best = loss.proximal(point, y, penalty: rho)
      func value(_ p: Tensor) -> Tensor { loss.elementwise(p, y) + (p - point).square() * (rho / 2) }
      for step in [1e-4, -1e-4, 0.1, -0.1] { #expect((value(best + step) - value(best)).min().double >= -1e-13, "\(loss), \(rho)") }
    }
  }

  @Test(arguments: [OutputLoss.squared, .hinge, .crossEntropy])
  func `without perturbation the robust program is the plain one, and with it the bound holds`(loss: OutputLoss) throws {
    let problem = try Fixture.teacher(16, loss: loss, beta: loss == .hinge ? 0.005 : 0.05)
    var random = RandomStream(seed: 8)
    let patterns = ActivationPatterns.robust(
      features: problem.features, directions: 12, corners: 1, radius: 0.1, perturbable: problem.perturbable, random: &random)
    let plain = try ConvexADMM(
      problem, patterns: patterns,
      settings: .init(penalty: loss == .hinge ? 0.02 : 0.2, maximumIterations: 2000)
    ).solve().polished()
    let same = try RobustADMM(
      RobustConvexProgram(problem, patterns: patterns, radius: 0), settings: .init(maximumIterations: 20_000, tolerance: 1e-9)
    ).solve()
    #expect(
      abs(same.objective - plain.objective) < 5e-5 * plain.objective,
      "\(loss): \(same.objective), \(plain.objective) after \(same.iterations), \(same.converged)")

    let robust = try RobustADMM(RobustConvexProgram(problem, patterns: patterns, radius: 0.1)).solve()
    #expect(robust.program.coneViolations(robust.blocks).max().double <= 1e-12 && !robust.isZero)
    #expect(robust.objective >= plain.objective - 1e-6)
    let attack = ProjectedGradientAttack(loss == .squared ? .error : .margin, radius: 0.1)
    let network = robust.plain.network(threshold: 0)
    let moved = attack.perturbed(
      problem.features, targets: problem.targets, networks: network, perturbable: problem.perturbable, random: &random)
    #expect((moved[0] - problem.features).abs().max().double <= 0.1 + 1e-12)
    #expect((moved[0] - problem.features)[.all, 2].abs().max().double == 0, "the bias column stays")
    let attacked = network.losses(loss, moved, targets: problem.targets)[0]
    #expect(attacked <= robust.lossBound + 1e-9, "\(loss): attacked \(attacked), bound \(robust.lossBound)")
    #expect(attacked >= network.losses(loss, problem.features, targets: problem.targets)[0] - 1e-9)
  }

  @Test func `XOR withstands perturbations that break the plain network`() throws {
    let (features, labels) = Fixture.clusters()
    let problem = try ConvexReLUProblem(features: features, targets: labels, loss: .hinge, regularization: 1e-3, addingBias: true)
    var random = RandomStream(seed: 9)
    let patterns = ActivationPatterns.robust(
      features: problem.features, directions: 40, corners: 1, radius: 0.5, perturbable: problem.perturbable, random: &random)
    func attackedHinge(_ network: ReLUNetworks) -> Double {
      let moved = ProjectedGradientAttack(radius: 0.5).perturbed(
        problem.features, targets: labels, networks: network, perturbable: problem.perturbable, random: &random)
      return network.losses(.hinge, moved, targets: labels)[0]
    }
    let robust = try RobustADMM(RobustConvexProgram(problem, patterns: patterns, radius: 0.5)).solve()
    let plain = try RobustADMM(RobustConvexProgram(problem, patterns: patterns, radius: 0)).solve()
    #expect(!robust.isZero && !robust.isAffine)
    let (strong, weak) = (attackedHinge(robust.network), attackedHinge(plain.network))
    #expect(strong < 0.01 && weak > 0.3, "robust \(strong), plain \(weak), iterations \(robust.iterations)")
    let (fresh, truth) = Fixture.clusters(perCluster: 100, seed: 77)
    let test = Tensor.concatenate([fresh, Tensor.ones([400, 1], dtype: .float64)], axis: 1)
    #expect(robust.network.accuracies(test, targets: truth)[0] == 1)
    // An affine model cannot: the pattern of all ones alone.
    let affine = ActivationPatterns(of: Tensor([0.0, 0, 1], shape: [3, 1]), features: problem.features)
    let line = try RobustADMM(RobustConvexProgram(problem, patterns: affine, radius: 0.5)).solve()
    #expect(line.network.accuracies(test, targets: truth)[0] < 0.8)
  }

  @Test func `too much epsilon leaves nothing, and says so`() throws {
    let (features, labels) = Fixture.clusters()
    let problem = try ConvexReLUProblem(features: features, targets: labels, loss: .hinge, regularization: 1, addingBias: true)
    var random = RandomStream(seed: 9)
    let patterns = ActivationPatterns.robust(
      features: problem.features, directions: 4, radius: 3, perturbable: problem.perturbable, random: &random)
    #expect(try RobustADMM(RobustConvexProgram(problem, patterns: patterns, radius: 3)).solve().isZero)
  }
}
