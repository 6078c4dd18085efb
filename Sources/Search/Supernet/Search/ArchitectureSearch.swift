/// What a search found.
public struct SearchOutcome: Sendable {
  public struct Found: Sendable, Hashable {
    public let architecture: Architecture
    /// Greater is better.
    public let score: Double
    public let cost: Double

    public init(_ architecture: Architecture, score: Double, cost: Double) {
      self.architecture = architecture
      self.score = score
      self.cost = cost
    }
  }

  public let best: Found
  /// The best score so far after every iteration.
  public let history: [Double]
  /// Everything that was scored, each architecture once.
  public let evaluated: [Found]

  /// What nothing else beats in score and cost, by ascending cost.
  public var paretoFront: [Found] {
    var front: [Found] = []
    for found in evaluated.sorted(by: { ($0.cost, -$0.score, $0.architecture) < ($1.cost, -$1.score, $1.architecture) })
    where found.score > front.last?.score ?? -.infinity { front.append(found) }
    return front
  }
}

extension SearchOutcome.Found {
  /// Better score; among equals the lower cost, then the lexicographically smaller gene vector.
  static func isBetter(_ a: Self, _ b: Self) -> Bool {
    if a.score != b.score { return a.score > b.score }
    return a.cost != b.cost ? a.cost < b.cost : a.architecture < b.architecture
  }
}

/// Scores architectures, some at a time; greater is better.
public typealias ArchitectureObjective = ([Architecture]) throws -> [Double]

/// Scores random architectures within a bound.
public struct RandomSearch: Sendable {
  public var count: Int
  public init(count: Int) {
    precondition(count >= 1, "RandomSearch: \(count) architectures")
    self.count = count
  }

  /// - Throws: `InfeasibleConstraint`; what `objective` throws.
  public func run(
    _ space: SearchSpace, mask: GeneMask? = nil, under constraint: CostConstraint, using random: inout some RandomNumberGenerator,
    objective: ArchitectureObjective
  ) throws -> SearchOutcome {
    var records = SearchRecords(constraint.model)
    var drawn: [Architecture] = []
    for _ in 0..<count { drawn.append(try space.sample(mask, under: constraint, using: &random)) }
    _ = try records.score(drawn, objective)
    records.endIteration()
    return records.outcome()
  }
}

/// Evolution with elitism (Cai et al., 2020; Real et al., 2019): the best survive as parents, half of their children are mutants, half crosses.
public struct EvolutionarySearch: Sendable {
  public var population: Int
  public var iterations: Int
  /// Share of the population that survives.
  public var parentRatio: Double
  /// Share of children that are mutants; the others are crosses.
  public var mutantRatio: Double
  public var mutationProbability: Double
  public var resolutionMutationProbability: Double

  public init(
    population: Int = 100, iterations: Int = 500, parentRatio: Double = 0.25, mutantRatio: Double = 0.5, mutationProbability: Double = 0.1,
    resolutionMutationProbability: Double = 0.5
  ) {
    precondition(population >= 4 && iterations >= 1, "EvolutionarySearch: a population of \(population) for \(iterations) iterations")
    precondition(
      (0...1).contains(parentRatio) && (0...1).contains(mutantRatio), "EvolutionarySearch: ratios \(parentRatio) and \(mutantRatio)")
    self.population = population
    self.iterations = iterations
    self.parentRatio = parentRatio
    self.mutantRatio = mutantRatio
    self.mutationProbability = mutationProbability
    self.resolutionMutationProbability = resolutionMutationProbability
  }

  /// - Throws: `InfeasibleConstraint`; what `objective` throws.
  public func run(
    _ space: SearchSpace, mask: GeneMask? = nil, under constraint: CostConstraint, using random: inout some RandomNumberGenerator,
    objective: ArchitectureObjective
  ) throws -> SearchOutcome {
    var records = SearchRecords(constraint.model)
    var first: [Architecture] = []
    for _ in 0..<population { first.append(try space.sample(mask, under: constraint, using: &random)) }
    var generation = try records.score(first, objective)
    records.endIteration()
    let parentCount = max(2, Int((parentRatio * Double(population)).rounded()))
    let mutantCount = Int((mutantRatio * Double(population)).rounded())
    for _ in 0..<iterations {
      let parents = Array(generation.sorted(by: SearchOutcome.Found.isBetter).prefix(parentCount))
      var children: [Architecture] = []
      for position in 0..<population {
        children.append(
          try child(isMutant: position < mutantCount, of: parents.map(\.architecture), space, mask, constraint, &random))
      }
      generation = parents + (try records.score(children, objective))
      records.endIteration()
    }
    return records.outcome()
  }

  /// A child that keeps the bound: drawn anew until it does, and after many vain draws a parent again.
  private func child(
    isMutant: Bool, of parents: [Architecture], _ space: SearchSpace, _ mask: GeneMask?, _ constraint: CostConstraint,
    _ random: inout some RandomNumberGenerator
  ) throws -> Architecture {
    for _ in 0..<1000 {
      let parent = parents.randomElement(using: &random)!
      let candidate =
        isMutant
        ? space.mutated(
          parent, probability: mutationProbability, resolutionProbability: resolutionMutationProbability, mask: mask, using: &random)
        : space.crossed(parent, parents.randomElement(using: &random)!, using: &random)
      if try constraint.allows(candidate) { return candidate }
    }
    return parents.randomElement(using: &random)!
  }
}

/// Scores every architecture once and remembers.
struct SearchRecords {
  private let model: any CostModel
  private var found: [Architecture: SearchOutcome.Found] = [:]
  private var order: [Architecture] = []
  private var best: SearchOutcome.Found?
  private var history: [Double] = []

  init(_ model: any CostModel) { self.model = model }

  mutating func score(_ architectures: [Architecture], _ objective: ArchitectureObjective) throws -> [SearchOutcome.Found] {
    var fresh: [Architecture] = []
    var seen: Set<Architecture> = []
    for architecture in architectures where found[architecture] == nil && seen.insert(architecture).inserted { fresh.append(architecture) }
    if !fresh.isEmpty {
      let scores = try objective(fresh)
      precondition(scores.count == fresh.count, "a search's objective gave \(scores.count) scores for \(fresh.count) architectures")
      for (architecture, score) in zip(fresh, scores) {
        let record = SearchOutcome.Found(architecture, score: score, cost: try model.cost(of: architecture))
        found[architecture] = record
        order.append(architecture)
        if best.map({ SearchOutcome.Found.isBetter(record, $0) }) ?? true { best = record }
      }
    }
    return architectures.map { found[$0]! }
  }

  mutating func endIteration() { history.append(best?.score ?? -.infinity) }

  func outcome() -> SearchOutcome { SearchOutcome(best: best!, history: history, evaluated: order.map { found[$0]! }) }
}
