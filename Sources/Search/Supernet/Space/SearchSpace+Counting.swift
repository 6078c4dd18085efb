extension SearchSpace {
  /// How many different architectures a mask leaves.
  public func count(_ mask: GeneMask? = nil) -> UInt128 {
    let mask = mask ?? GeneMask(all: self)
    func choiceCount(_ gene: Int) -> UInt128 { UInt128(mask.choices(of: gene).count) }
    var total: UInt128 = 1
    for (index, gene) in genes.enumerated() {
      if isSwitched(index) { continue }
      guard gene.kind == .depth, case .stage(let stage) = gene.scope else {
        total *= choiceCount(index)
        continue
      }
      // The sum over depths of what the blocks that run can be.
      let blocks = genes.indices.filter { if case .block(stage, _) = genes[$0].scope { true } else { false } }
      total *= mask.choices(of: index).reduce(0) { sum, choice in
        let depth = Int(gene.candidates[choice].number!)
        return sum
          + blocks.reduce(1) { product, block in
            guard case .block(_, let position) = genes[block].scope, position < depth else { return product }
            return product * choiceCount(block)
          }
      }
    }
    return total
  }

  /// Every architecture of a small space, in the order of gene vectors.
  /// - Throws: `SearchSpaceError` where there are more than `limit`.
  public func all(_ mask: GeneMask? = nil, limit: Int = 1_000_000) throws(SearchSpaceError) -> [Architecture] {
    let mask = mask ?? GeneMask(all: self)
    let total = count(mask)
    guard total <= UInt128(limit) else {
      throw SearchSpaceError(found: "\(total) architectures", expected: "at most \(limit) to list", advice: "restrict the space by a mask")
    }
    // Depth genes stand before the genes of their blocks or behind them: choices are made depths first, so that what does not run does not multiply.
    let order = genes.indices.filter { !isSwitched($0) } + genes.indices.filter(isSwitched)
    var partial = [genes.map { $0.candidates.count - 1 }]
    for gene in order {
      partial = partial.flatMap { choices -> [[Int]] in
        guard isActive(gene, choices) else { return [choices] }
        return mask.choices(of: gene).map { choice in
          var next = choices
          next[gene] = choice
          return next
        }
      }
    }
    return partial.map(canonical).sorted()
  }

  private func isSwitched(_ gene: Int) -> Bool {
    guard case .block(let stage, _) = genes[gene].scope else { return false }
    return genes.contains { $0.kind == .depth && $0.scope == .stage(stage) }
  }
}
