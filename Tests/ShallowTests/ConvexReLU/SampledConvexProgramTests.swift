import Foundation
import Shallow
import Tensors
import Testing

@Suite struct SampledConvexProgramTests {
  @Test(arguments: [OutputLoss.squared, .squaredHinge, .crossEntropy])
  func `the gap closes, and more neurons never hurt`(loss: OutputLoss) throws {
    let problem = try Fixture.teacher(30, loss: loss)
    var random = RandomStream(seed: 4)
    let directions = SampledConvexProgram.directions(width: 3, count: 400, random: &random)
    #expect(directions.square().sum(axes: [0]).isClose(to: Tensor.ones([400], dtype: .float64), 1e-12))
    var before = Double.infinity
    for count in [10, 50, 400] {
      let solution = try SampledConvexProgram(problem, directions: directions[.all, 0..<count]).solve()
      let certificate = solution.certificate
      #expect(certificate.gap >= -1e-12 && certificate.gap < 1e-6 * certificate.primal, "\(loss), \(count): \(certificate)")
      #expect(certificate.primal <= before * (1 + 1e-6), "\(loss), \(count)")
      before = certificate.primal
      // The network is the program's, and no worse in (N).
      #expect(abs(problem.objective(of: solution.network())[0] - certificate.primal) < 1e-6 * certificate.primal)
    }
  }

  @Test func `a sampled optimum is above the exact one and comes near it`() throws {
    let problem = try Fixture.teacher(12)
    let exact = try ConvexADMM(
      problem, patterns: ActivationPatterns.enumerated(features: problem.features),
      settings: .init(maximumIterations: 500)
    ).solve().polished()
    var random = RandomStream(seed: 4)
    let many = try SampledConvexProgram(problem, directions: SampledConvexProgram.directions(width: 3, count: 1500, random: &random))
      .solve(tolerance: 1e-6)
    #expect(many.objective >= exact.certificate().dual && many.objective < exact.objective * 1.03)
  }

  @Test func `after as many draws as theorem A asks for, one more rarely helps`() throws {
    var improved = 0
    let trials = 20
    let problem = try Fixture.teacher(8, beta: 0.2)
    let draws = try ActivationPatterns.required(examples: 8, improvement: 0.2, risk: 0.1)
    for trial in 0..<trials {
      var random = RandomStream(seed: 100 + trial)
      let directions = SampledConvexProgram.directions(width: 3, count: draws + 1, random: &random)
      func optimum(_ count: Int) throws -> OptimalityCertificate {
        try SampledConvexProgram(problem, directions: directions[.all, 0..<count]).solve(tolerance: 2e-8).certificate
      }
      let (one, two) = (try optimum(draws), try optimum(draws + 1))
      if two.primal < one.primal * (1 - 1e-6) { improved += 1 }
    }
    #expect(Double(improved) / Double(trials) <= 0.2, "\(improved) of \(trials)")
  }
}
