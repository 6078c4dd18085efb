import Foundation
import Shallow
import Tensors
import Testing

@Suite struct ConvexADMMTests {
  private static func sampled(_ problem: ConvexReLUProblem, _ count: Int) throws -> ActivationPatterns {
    var random = RandomStream(seed: 7)
    return try ActivationPatterns.sampled(features: problem.features, count: count, random: &random)
  }

  @Test func `both factorisations give the same iterates`() throws {
    let problem = try Fixture.teacher(20, width: 4)
    let patterns = try Self.sampled(problem, 12)
    for (one, other) in [
      (ConvexADMM.Settings.published(update: .woodbury, penalty: 0.3), ConvexADMM.Settings.published(update: .cholesky, penalty: 0.3)),
      (ConvexADMM.Settings(update: .woodbury), ConvexADMM.Settings(update: .cholesky)),
    ] {
      let (one, other) = (
        try ConvexADMM(problem, patterns: patterns, settings: one), try ConvexADMM(problem, patterns: patterns, settings: other)
      )
      var (a, b) = (one.initialState(), other.initialState())
      for _ in 0..<20 { (a, b) = (one.step(a), other.step(b)) }
      for (x, y) in [(a.u, b.u), (a.v, b.v), (a.s, b.s), (a.lambda, b.lambda), (a.nu, b.nu)] { #expect(x.isClose(to: y, 1e-10)) }
    }
    // Where rho changes, both factor anew.
    func solved(_ update: ConvexADMM.Update) throws -> ConvexSolution {
      try ConvexADMM(problem, patterns: patterns, settings: .init(update: update, maximumIterations: 100)).solve()
    }
    let (one, other) = (try solved(.woodbury), try solved(.cholesky))
    #expect(one.blocks.isClose(to: other.blocks, 1e-9))
  }

  @Test func `the value of the program is that of training the network`() throws {
    let problem = try Fixture.teacher(20)
    let solution = try ConvexADMM(problem, patterns: Self.sampled(problem, 40)).solve()
    let feasible = solution.repaired()
    #expect(feasible.coneViolation <= 1e-13)
    #expect(abs(problem.objective(of: feasible.network(threshold: 0))[0] - feasible.objective) <= 1e-6 * feasible.objective)
    // Outputs with frozen patterns are the network's.
    #expect(feasible.network(threshold: 0).outputs(problem.features)[0].isClose(to: feasible.outputs, 1e-9))
    // As ordinary layers, without the column of ones.
    let layers = feasible.network().layers(hasBias: true, dtype: .float64)
    #expect(layers(problem.features[.all, 0..<2]).squeezed(1).isClose(to: feasible.outputs, 1e-4))
  }

  @Test func `the certificate bounds the optimum from below, and tightly`() throws {
    let problem = try Fixture.teacher(20)
    let patterns = try Self.sampled(problem, 60)
    let solution = try ConvexADMM(problem, patterns: patterns, settings: .init(maximumIterations: 300)).solve().polished()
    let certificate = solution.certificate()
    #expect(certificate.gap >= -1e-12 && certificate.relativeGap < 1e-6, "\(certificate)")
    // Over all patterns: it is the optimum of the whole program, not of those in use.
    #expect(solution.blocks.shape[0] == 2 * patterns.count && solution.activeBlocks <= problem.count + 1)
    // An unfinished run is worse than the bound, and says so.
    let early = try ConvexADMM(problem, patterns: patterns, settings: .init(maximumIterations: 30)).solve()
    let rough = early.certificate()
    #expect(rough.dual <= certificate.primal && rough.primal >= certificate.dual && rough.gap > certificate.gap)
  }

  @Test(arguments: [OutputLoss.hinge, .squaredHinge, .crossEntropy])
  func `losses of classes reach the optimum`(loss: OutputLoss) throws {
    let problem = try Fixture.teacher(16, loss: loss, beta: loss == .hinge ? 0.005 : 0.05)
    let patterns = try Self.sampled(problem, 30)
    let settings = ConvexADMM.Settings(
      penalty: loss == .hinge ? 0.02 : 0.5, maximumIterations: 16_000, primalTolerance: 1e-10, dualTolerance: 1e-10)
    let solution = try ConvexADMM(problem, patterns: patterns, settings: settings).solve()
    let certificate = solution.certificate()
    #expect(
      certificate.gap >= -1e-12 && certificate.relativeGap < (loss == .hinge ? 3e-3 : 1e-5),
      "\(loss): \(certificate) after \(solution.iterations)")
  }

  @Test(arguments: [OutputLoss.squared, .squaredHinge, .crossEntropy, .hinge], [true, false])
  func `block coordinate descent reaches the same optimum`(loss: OutputLoss, searchesStep: Bool) throws {
    let problem = try Fixture.teacher(8, loss: loss, beta: loss == .hinge ? 0.01 : 0.1)
    let patterns = try Self.sampled(problem, 4)
    let rho = loss == .hinge ? 0.05 : 0.5
    let exact = try ConvexADMM(problem, patterns: patterns, settings: .init(penalty: rho, maximumIterations: 3000)).solve().polished()
    let descent = BlockCoordinateDescent(
      patternsAtOnce: 2, searchesStep: searchesStep, tolerance: 1e-4, tightening: 0.98, maximumSteps: 12)
    let approximate = try ConvexADMM(
      problem, patterns: patterns, settings: .init(update: .blockCoordinate(descent), penalty: rho, maximumIterations: 300)
    ).solve().repaired()
    let (best, reached) = (exact.objective, approximate.objective)
    #expect(reached >= best - 1e-6 && reached <= best * 1.02, "\(loss), search \(searchesStep): \(reached), exactly \(best)")
  }

  @Test func `what speeds the iterations up leaves the optimum where it is`() throws {
    let problem = try Fixture.teacher(20)
    let patterns = try Self.sampled(problem, 20)
    var settings = ConvexADMM.Settings.published(penalty: 0.1, maximumIterations: 40_000)
    (settings.primalTolerance, settings.dualTolerance) = (1e-9, 1e-9)
    let published = try ConvexADMM(problem, patterns: patterns, settings: settings).solve()
    let fast = try ConvexADMM(
      problem, patterns: patterns, settings: .init(maximumIterations: 40_000, primalTolerance: 1e-9, dualTolerance: 1e-9)
    ).solve()
    #expect(published.converged && fast.converged, "\(fast.iterations), \(published.iterations)")
    #expect(abs(published.objective - fast.objective) < 1e-6 * fast.objective, "\(published.objective), \(fast.objective)")
  }

  @Test func `a warm start along beta needs fewer iterations`() throws {
    let problem = try Fixture.teacher(20)
    let patterns = try Self.sampled(problem, 20)
    let settings = ConvexADMM.Settings(maximumIterations: 20_000, primalTolerance: 1e-6, dualTolerance: 1e-6, checkInterval: 10)
    let first = try ConvexADMM(problem, patterns: patterns, settings: settings).solve()
    let next = try ConvexADMM(problem.with(regularization: 0.06), patterns: patterns, settings: settings)
    let (warm, cold) = (next.solve(from: first), next.solve())
    #expect(warm.iterations < cold.iterations && abs(warm.objective - cold.objective) < 1e-4, "\(warm.iterations), \(cold.iterations)")
  }

  @Test func `the work of an iteration grows with the patterns, not with their square`() throws {
    let problem = try Fixture.teacher(20, width: 4)
    let patterns = try Self.sampled(problem, 64)
    func work(_ update: ConvexADMM.Update, _ count: Int) throws -> Double {
      try ConvexADMM(problem, patterns: patterns.prefix(count), settings: .init(update: update)).iterationPlan().flops
    }
    func exponent(_ update: ConvexADMM.Update) throws -> Double { try log2(work(update, 64) / work(update, 16)) / 2 }
    let (woodbury, dense) = (try exponent(.woodbury), try exponent(.cholesky))
    #expect(woodbury < 1.1 && dense > 1.6 && dense < 2.1, "\(woodbury), \(dense)")
  }

  @Test func `several classes, one against the others`() throws {
    let (features, _) = Fixture.clusters(perCluster: 8)
    let labels = Tensor((0..<32).map { Int32($0 / 8) })
    let x = Tensor.concatenate([features, Tensor.ones([32, 1], dtype: .float64)], axis: 1)
    var random = RandomStream(seed: 3)
    let patterns = try ActivationPatterns.sampled(features: x, count: 40, random: &random)
    let model = try OneVersusRest(
      features: x, labels: labels, classCount: 4, patterns: patterns, regularization: 0.01, lastColumnIsBias: true,
      settings: .init(maximumIterations: 600))
    let scores = model.scores(x)
    #expect(scores.argMax().array(of: Int64.self) == labels.array(of: Int64.self))
    #expect(model.layers(dtype: .float64)(features).isClose(to: scores, 1e-9))
  }

  @Test func `what cannot be posed is refused`() throws {
    let x = Tensor([1, 2, 3, 4] as [Double], shape: [2, 2])
    let y = Tensor([1.0, -1])
    func refused(_ words: String, _ body: () throws -> Void) {
      #expect { try body() } throws: { ($0 as? ConvexReLUError)?.description.contains(words) ?? false }
    }
    refused("at least one example") {
      _ = try ConvexReLUProblem(features: Tensor.zeros([0, 2]), targets: Tensor.zeros([0]), regularization: 1)
    }
    refused("example 1, column 0, is not finite") {
      _ = try ConvexReLUProblem(features: Tensor([1, 2, .nan, 4] as [Double], shape: [2, 2]), targets: y, regularization: 1)
    }
    refused("label of example 1 is 0.0") {
      _ = try ConvexReLUProblem(features: x, targets: Tensor([1.0, 0]), loss: .hinge, regularization: 1)
    }
    refused("beta is -1.0") { _ = try ConvexReLUProblem(features: x, targets: y, regularization: -1) }
    refused("example 1 are zero") {
      _ = try ConvexReLUProblem(features: Tensor([1, 2, 0, 0] as [Double], shape: [2, 2]), targets: y, regularization: 1)
    }
    refused("targets has shape [3]") { _ = try ConvexReLUProblem(features: x, targets: Tensor([1.0, 2, 3]), regularization: 1) }
    let problem = try ConvexReLUProblem(features: x, targets: y, regularization: 1)
    let patterns = try ActivationPatterns.enumerated(features: x)
    refused("epsilon is -0.1") { _ = try RobustConvexProgram(problem, patterns: patterns, radius: -0.1) }
    refused("rho is 0.0") { _ = try ConvexADMM(problem, patterns: patterns, settings: .init(penalty: 0)) }
  }
}
