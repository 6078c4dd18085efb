/// Coarse to fine (Yu et al., 2020, section 3.3): a grid over the whole network's resolution, depth, width and kernel settings, then small changes around
/// the best skeleton.
public struct CoarseToFineSearch: Sendable {
  /// Depth settings of the grid: each stage takes the candidate at this share of its list.
  public var depthSettings: Int
  public var widthSettings: Int
  /// Kernel settings: all smallest, all largest, and patterns along the network between them.
  public var kernelSettings: Int
  public var mutations: Int
  /// For each gene to change to another candidate.
  public var mutationProbability: Double

  public init(
    depthSettings: Int = 4, widthSettings: Int = 2, kernelSettings: Int = 4, mutations: Int = 200, mutationProbability: Double = 0.1
  ) {
    precondition(
      depthSettings >= 1 && widthSettings >= 1 && kernelSettings >= 1 && mutations >= 0,
      "CoarseToFineSearch: \(depthSettings), \(widthSettings) and \(kernelSettings) settings, \(mutations) mutations")
    self.depthSettings = depthSettings
    self.widthSettings = widthSettings
    self.kernelSettings = kernelSettings
    self.mutations = mutations
    self.mutationProbability = mutationProbability
  }

  /// The skeletons: every resolution with every depth, width and kernel setting, each network once.
  public func skeletons(_ space: SearchSpace) -> [Architecture] {
    var result: [Architecture] = []
    var seen: Set<Architecture> = []
    let resolutions = space.genes.first { $0.kind == .resolution }?.candidates.count ?? 1
    for resolution in 0..<resolutions {
      for depth in 0..<depthSettings {
        for width in 0..<widthSettings {
          for kernel in 0..<kernelSettings {
            let architecture = skeleton(space, resolution, depth, width, kernel)
            if seen.insert(architecture).inserted { result.append(architecture) }
          }
        }
      }
    }
    return result
  }

  private func skeleton(_ space: SearchSpace, _ resolution: Int, _ depth: Int, _ width: Int, _ kernel: Int) -> Architecture {
    func share(_ setting: Int, of settings: Int) -> Double { settings == 1 ? 1 : Double(setting) / Double(settings - 1) }
    func choice(_ share: Double, _ gene: Gene) -> Int { Int((share * Double(gene.candidates.count - 1)).rounded()) }
    let stages = max(1, (space.genes.map { $0.stage ?? 0 }.max() ?? 0) + 1)
    return space.canonical(
      space.genes.map { gene in
        switch gene.kind {
        case .resolution: resolution
        case .depth: choice(share(depth, of: depthSettings), gene)
        case .width, .expand, .embed, .heads, .mlpRatio: choice(share(width, of: widthSettings), gene)
        case .kernel:
          // Settings between all smallest and all largest enlarge the last stages first.
          Double(gene.stage ?? 0) >= Double(stages) * (1 - share(kernel, of: kernelSettings)) && kernel > 0 ? gene.candidates.count - 1 : 0
        case .operation, .gate: gene.candidates.count - 1
        }
      })
  }

  /// - Returns: the outcome of both phases for each bound, and the skeletons as they were scored.
  /// - Throws: `InfeasibleConstraint` for a bound that no skeleton and no architecture keeps; what `objective` throws.
  public func run(
    _ space: SearchSpace, under constraints: [CostConstraint], using random: inout some RandomNumberGenerator,
    objective: ArchitectureObjective
  ) throws -> (coarse: [SearchOutcome.Found], fine: [SearchOutcome]) {
    precondition(!constraints.isEmpty, "CoarseToFineSearch: no bounds")
    var shared = SearchRecords(constraints[0].model)
    let coarse = try shared.score(skeletons(space), objective)
    var fine: [SearchOutcome] = []
    for constraint in constraints {
      let within = try coarse.filter { try constraint.allows($0.architecture) }
      // The smallest network is a skeleton, so a feasible bound has one.
      let start = within.min(by: SearchOutcome.Found.isBetter)?.architecture ?? space.minimum
      guard try constraint.allows(start) else {
        throw InfeasibleConstraint(
          cost: constraint.model.name, limit: constraint.limit, minimum: try constraint.model.range().lowerBound, tries: coarse.count)
      }
      var records = SearchRecords(constraint.model)
      let known = Dictionary(uniqueKeysWithValues: coarse.map { ($0.architecture, $0.score) })
      func scores(_ architectures: [Architecture]) throws -> [Double] {
        try architectures.map { try known[$0] ?? objective([$0])[0] }
      }
      _ = try records.score([start], scores)
      records.endIteration()
      for _ in 0..<mutations {
        let candidate = changed(start, space, &random)
        if try constraint.allows(candidate) { _ = try records.score([candidate], scores) }
        records.endIteration()
      }
      fine.append(records.outcome())
    }
    return (coarse, fine)
  }

  /// Each gene changes to another of its candidates with the mutation probability.
  private func changed(_ architecture: Architecture, _ space: SearchSpace, _ random: inout some RandomNumberGenerator) -> Architecture {
    var choices = architecture.choices
    for (index, gene) in space.genes.enumerated() where gene.candidates.count > 1 {
      guard Double.random(in: 0..<1, using: &random) < mutationProbability else { continue }
      choices[index] = gene.candidates.indices.filter { $0 != choices[index] }.randomElement(using: &random)!
    }
    return space.canonical(choices)
  }
}

extension Gene {
  /// The stage that the gene belongs to; nil for those of the whole network and of edges.
  var stage: Int? {
    switch scope {
    case .stage(let stage), .block(let stage, _): stage
    case .network, .edge: nil
    }
  }
}
