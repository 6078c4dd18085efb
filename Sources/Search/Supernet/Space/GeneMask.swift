/// Which candidates of which genes a search or a phase of training may use.
public struct GeneMask: Sendable, Hashable {
  /// By gene, by candidate.
  public private(set) var allowed: [[Bool]]

  /// Everything a space has.
  public init(all space: SearchSpace) { allowed = space.genes.map { $0.candidates.map { _ in true } } }

  /// - Throws: `SearchSpaceError` for other numbers of genes or candidates than the space has, and for a gene without any candidate left.
  public init(_ allowed: [[Bool]], of space: SearchSpace) throws(SearchSpaceError) {
    guard allowed.count == space.genes.count else {
      throw SearchSpaceError(found: "a mask of \(allowed.count) genes", expected: "one of \(space.genes.count)")
    }
    for (gene, row) in zip(space.genes, allowed) {
      guard row.count == gene.candidates.count else {
        throw SearchSpaceError(gene: gene.id, found: "a mask of \(row.count) candidates", expected: "one of \(gene.candidates.count)")
      }
      guard row.contains(true) else {
        throw SearchSpaceError(gene: gene.id, found: "a mask that allows nothing", expected: "at least one candidate")
      }
    }
    self.allowed = allowed
  }

  /// The indices of the candidates of a gene that are allowed; at least one.
  public func choices(of gene: Int) -> [Int] { allowed[gene].indices.filter { allowed[gene][$0] } }

}

extension SearchSpace {
  /// Whether a mask leaves an architecture; genes of blocks that do not run do not count.
  public func allows(_ architecture: Architecture, _ mask: GeneMask) -> Bool {
    genes.indices.allSatisfy { mask.allowed[$0][architecture.choices[$0]] || !isActive($0, architecture.choices) }
  }

  /// The mask in which the genes chosen by `isRestricted` keep only candidates for which `keeps` holds; others stay free.
  /// - Throws: `SearchSpaceError` when a gene is left without candidates.
  public func mask(
    _ mask: GeneMask? = nil, where isRestricted: (Gene) -> Bool = { _ in true }, keeping keeps: (Gene, Int) -> Bool
  ) throws(SearchSpaceError) -> GeneMask {
    var allowed = (mask ?? GeneMask(all: self)).allowed
    for (index, gene) in genes.enumerated() where isRestricted(gene) {
      for choice in gene.candidates.indices where !keeps(gene, choice) { allowed[index][choice] = false }
    }
    return try GeneMask(allowed, of: self)
  }
}
