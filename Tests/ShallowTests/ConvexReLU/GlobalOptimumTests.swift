import Shallow
import Tensors
import Testing

@Suite struct GlobalOptimumTests {
  @Test func `no start of Adam beats the enumerated program, and wide networks come near`() throws {
    let problem = try Fixture.teacher(12, beta: 0.05)
    let patterns = try ActivationPatterns.enumerated(features: problem.features)
    let exact = try ConvexADMM(problem, patterns: patterns, settings: .init(maximumIterations: 500)).solve().polished()
    let certificate = exact.certificate()
    #expect(certificate.relativeGap < 1e-4, "\(certificate)")
    for neurons in [6, 60] {
      let networks = NonConvexTraining(problem, neurons: neurons, steps: 1500, learningRates: (3e-2, 1e-3)).train(seeds: [1, 2, 3])
      let values = problem.objective(of: networks)
      #expect(values.allSatisfy { $0 >= certificate.dual && $0 >= exact.objective - 1e-6 }, "\(values), \(certificate)")
      if neurons == 60 { #expect(values.min()! <= exact.objective * 1.02, "\(values), \(certificate)") }
    }
  }

  @Test func `training on attacked examples makes networks harder to attack`() throws {
    let (features, labels) = Fixture.clusters(perCluster: 5)
    let problem = try ConvexReLUProblem(features: features, targets: labels, loss: .crossEntropy, regularization: 1e-3, addingBias: true)
    let attack = ProjectedGradientAttack(radius: 0.5, steps: 5, stepSize: 0.2)
    var random = RandomStream(seed: 3)
    func attacked(_ examples: NonConvexTraining.Examples) -> Double {
      let networks = NonConvexTraining(problem, neurons: 16, steps: 300, learningRates: (3e-2, 1e-2), examples: examples).train(seeds: [
        1, 2,
      ])
      let moved = attack.perturbed(
        problem.features, targets: labels, networks: networks, perturbable: problem.perturbable, random: &random)
      return networks.losses(.crossEntropy, moved, targets: labels).reduce(0, +)
    }
    let (plain, hardened) = (attacked(.clean), attacked(.attacked(attack)))
    #expect(hardened < plain, "\(hardened), \(plain)")
    let fast = attacked(.attacked(.fastGradientSign(radius: 0.5)))
    #expect(fast < plain, "\(fast), \(plain)")
  }
}
