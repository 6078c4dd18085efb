/// A cost as a sum over genes: c0 + sum_g b[g][choice of g], exact about one architecture when genes are changed one at a time.
///
/// Differentiable methods need this form: the expectation under independent choices is then a sum of products.
public struct AdditiveCost: Sendable {
  public let constant: Double
  /// By gene, by candidate: what the candidate adds over the reference.
  public let terms: [[Double]]

  public init(_ model: any CostModel, around reference: Architecture) throws {
    let space = model.design.space
    let base = try model.cost(of: reference)
    constant = base
    terms = try space.genes.indices.map { gene in
      try space.genes[gene].candidates.indices.map { choice in
        var choices = reference.choices
        choices[gene] = choice
        return try model.cost(of: space.architecture(choices: choices)) - base
      }
    }
  }

  public func cost(of architecture: Architecture) -> Double {
    zip(terms, architecture.choices).reduce(constant) { $0 + $1.0[$1.1] }
  }
}

/// What each block costs with each combination of its kernel and expansion, with resolution and widths fixed: the cost of the network is the sum over
/// the blocks that run, and a constant.
public struct BlockCostTable: Sendable {
  /// Of stem and head.
  public let constant: Double
  /// By block (all stages in a row), by kernel, by expansion.
  public let costs: [[[Double]]]

  /// - Parameter architecture: gives resolution and widths.
  public init(_ design: SupernetDesign, like architecture: Architecture, cost: (SubnetBlock) throws -> Double, constant: Double) rethrows {
    self.constant = constant
    let space = design.space
    // Depths at their largest, so that every block is there.
    let full = space.canonical(
      space.genes.indices.map { space.genes[$0].kind == .depth ? space.genes[$0].candidates.count - 1 : architecture.choices[$0] })
    let blocks = design.subnet(full).blocks
    costs = try blocks.indices.map { position in
      let genes = blocks[position].genes
      let (kernel, expansion) = (space.position(of: genes.kernel!)!, space.position(of: genes.expansion!)!)
      return try space.genes[kernel].candidates.indices.map { k in
        try space.genes[expansion].candidates.indices.map { e in
          var choices = full.choices
          choices[kernel] = k
          choices[expansion] = e
          return try cost(design.subnet(space.canonical(choices)).blocks[position])
        }
      }
    }
  }

  /// Multiply-adds.
  public init(multiplyAddsOf design: SupernetDesign, like architecture: Architecture) {
    let subnet = design.subnet(architecture)
    let outside = subnet.multiplyAdds - subnet.blocks.reduce(0) { $0 + $1.multiplyAdds }
    self.init(design, like: architecture, cost: { Double($0.multiplyAdds) }, constant: Double(outside))
  }
}

/// Multiply-adds of a training: three for each of forward and backward passes of the entries of its steps, one for forward passes of a teacher.
public struct TrainingCost: Sendable, Hashable, Codable {
  public private(set) var multiplyAdds = 0.0
  /// Networks that went forward and backward.
  public private(set) var passes = 0
  public init() {}

  /// - Parameter images: in a batch.
  public mutating func add(_ plan: StepPlan, _ design: SupernetDesign, images: Int) {
    var taught: Set<Int> = []
    for entry in plan.entries {
      let subnet = design.subnet(entry.architecture)
      multiplyAdds += 3 * Double(subnet.multiplyAdds * images)
      passes += 1
      // The teacher sees each resolution once a step.
      guard case .frozen(let teacher) = entry.teacher, taught.insert(subnet.resolution).inserted else { continue }
      let own = teacher.architecture.atResolution(subnet.resolution, teacher.supernet.design)
      multiplyAdds += Double(teacher.supernet.design.subnet(own).multiplyAdds * images)
    }
  }

  public static func + (a: TrainingCost, b: TrainingCost) -> TrainingCost {
    var sum = a
    sum.multiplyAdds += b.multiplyAdds
    sum.passes += b.passes
    return sum
  }
}
