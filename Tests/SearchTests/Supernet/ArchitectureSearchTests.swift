import Layers
import Search
import Tensors
import TestSupport
import Testing

@Suite struct ArchitectureSearchTests {
  /// 1,620 networks.
  private static let small = SupernetConfiguration(
    inputChannels: 1, classCount: 10, resolutions: [16, 20, 24], stem: .init(widths: [8], activation: .relu),
    stages: [
      .init("A", widths: [8], depths: [1, 2], kernels: [3, 5], expansions: [2, 3, 4], stride: 2, activation: .relu),
      .init("B", widths: [16], depths: [1], kernels: [3, 5, 7], expansions: [2, 3], stride: 2, activation: .relu),
    ], head: .init())

  /// A made-up accuracy with interactions.
  private func score(_ architecture: Architecture) -> Double {
    let c = architecture.choices.map(Double.init)
    let square = c.enumerated().reduce(0) { $0 + ($1.offset % 2 == 0 ? 1 : -0.7) * $1.element * Double($1.offset + 1) }
    return square + (c.count > 3 ? c[2] * c[3] : 0) + 3 * c[0]
  }

  @Test func `evolution keeps the bound and finds the optimum of a small space`() throws {
    let design = try SupernetDesign(Self.small)
    #expect(design.space.count() <= 2000)
    let constraint = try CostConstraint(MultiplyAdds(design), atMost: 90_000)
    var random = TestRandom(seed: 1)
    let outcome = try EvolutionarySearch(population: 50, iterations: 60).run(design.space, under: constraint, using: &random) {
      $0.map(self.score)
    }
    for found in outcome.evaluated { #expect(try constraint.allows(found.architecture) && found.cost <= 90_000) }
    let best = try design.space.all().filter { try constraint.allows($0) }.map(score).max()
    #expect(outcome.best.score == best)
    #expect(zip(outcome.history, outcome.history.dropFirst()).allSatisfy(<=))
    let front = outcome.paretoFront
    #expect(zip(front, front.dropFirst()).allSatisfy { $0.cost < $1.cost && $0.score < $1.score })
    var again = TestRandom(seed: 1)
    let repeated = try EvolutionarySearch(population: 50, iterations: 60).run(design.space, under: constraint, using: &again) {
      $0.map(self.score)
    }
    #expect(repeated.best == outcome.best)
    #expect(throws: InfeasibleConstraint.self) { try CostConstraint(MultiplyAdds(design), atMost: 100) }
  }

  @Test func `random search keeps the bound`() throws {
    let design = try SupernetDesign(Self.small)
    let constraint = try CostConstraint(MultiplyAdds(design), atMost: 90_000)
    var random = TestRandom(seed: 2)
    let outcome = try RandomSearch(count: 50).run(design.space, under: constraint, using: &random) { $0.map(self.score) }
    #expect(outcome.evaluated.allSatisfy { $0.cost <= 90_000 })
  }

  @Test func `coarse to fine starts from a grid and never gets worse`() throws {
    let design = try SupernetDesign(.fiveBlocksNarrow())
    let search = CoarseToFineSearch(mutations: 50)
    let skeletons = search.skeletons(design.space)
    #expect(Set(skeletons).count == skeletons.count && skeletons.contains(design.space.minimum) && skeletons.contains(design.space.maximum))
    let bounds = try [150_000.0, 250_000].map { try CostConstraint(MultiplyAdds(design), atMost: $0) }
    var random = TestRandom(seed: 3)
    let (coarse, fine) = try search.run(design.space, under: bounds, using: &random) { $0.map(self.score) }
    for (outcome, bound) in zip(fine, bounds) {
      #expect(outcome.best.cost <= bound.limit)
      let start = coarse.filter { $0.cost <= bound.limit }.map(\.score).max()!
      #expect(outcome.best.score >= start && outcome.evaluated.allSatisfy { $0.cost <= bound.limit })
    }
  }

  @Test func `a predictor learns an additive score, and belongs to its space`() throws {
    let design = try SupernetDesign(Self.small)
    let all = try design.space.all()
    let examples = all.enumerated().filter { $0.offset % 6 == 0 }.map { _, architecture in
      MeasuredArchitecture(architecture, accuracy: 0.5 + 0.02 * Double(architecture.choices.reduce(0, +)))
    }
    var stream = RandomStream(seed: 1)
    let (predictor, quality) = try AccuracyPredictor.trained(on: examples, in: design.space, epochs: 60, units: 64, random: &stream)
    #expect(quality.rankCorrelation > 0.9 && quality.error < 0.03, "\(quality)")
    let other = try SupernetDesign(.fiveBlocks()).space
    #expect(throws: SearchSpaceError.self) { try predictor.predict([other.maximum], in: other) }
    #expect(kendallCorrelation([1, 2, 3, 4], [1, 3, 2, 4]) == 4.0 / 6)
    #expect(kendallCorrelation([1, 1, 1], [1, 2, 3]) == 0)
  }

  @Test func `features are zero for what does not run`() throws {
    let space = try SupernetDesign(.fiveBlocks()).space
    let encoder = ArchitectureEncoder()
    let whole = encoder.features(of: space.maximum, in: space)
    #expect(whole.count == 5 * 3 + 5 * 3 + 3 && whole.reduce(0, +) == 11)
    #expect(encoder.features(of: space.minimum, in: space).reduce(0, +) == 5)
  }
}
