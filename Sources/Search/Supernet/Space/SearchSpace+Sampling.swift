extension SearchSpace {
  /// An architecture whose genes are drawn independently and uniformly among what the mask allows ("op-uniform").
  public func sample(_ mask: GeneMask? = nil, using random: inout some RandomNumberGenerator) -> Architecture {
    let mask = mask ?? GeneMask(all: self)
    return canonical(genes.indices.map { mask.choices(of: $0).randomElement(using: &random)! })
  }

  /// A random architecture within a bound, by rejection.
  /// - Throws: `InfeasibleConstraint` when the bound lies below the least of the space, or `tries` draws find nothing.
  public func sample(
    _ mask: GeneMask? = nil, under constraint: CostConstraint, tries: Int = 10_000, using random: inout some RandomNumberGenerator
  ) throws -> Architecture {
    for _ in 0..<tries {
      let candidate = sample(mask, using: &random)
      if try constraint.allows(candidate) { return candidate }
    }
    let least = try constraint.model.cost(of: minimum(mask ?? GeneMask(all: self)))
    throw InfeasibleConstraint(
      cost: constraint.model.name, limit: constraint.limit, minimum: least, tries: constraint.limit < least ? 0 : tries)
  }

  /// The architecture with each gene drawn anew with the given probability; resolutions have their own.
  public func mutated(
    _ architecture: Architecture, probability: Double, resolutionProbability: Double? = nil, mask: GeneMask? = nil,
    using random: inout some RandomNumberGenerator
  ) -> Architecture {
    let mask = mask ?? GeneMask(all: self)
    var choices = architecture.choices
    for (index, gene) in genes.enumerated() {
      let rate = gene.kind == .resolution ? resolutionProbability ?? probability : probability
      if Double.random(in: 0..<1, using: &random) < rate { choices[index] = mask.choices(of: index).randomElement(using: &random)! }
    }
    return canonical(choices)
  }

  /// Each gene from one of two parents, with equal chances.
  public func crossed(_ a: Architecture, _ b: Architecture, using random: inout some RandomNumberGenerator) -> Architecture {
    canonical(zip(a.choices, b.choices).map { Bool.random(using: &random) ? $0 : $1 })
  }
}
