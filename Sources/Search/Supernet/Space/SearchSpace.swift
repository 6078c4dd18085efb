/// An ordered list of genes, and what follows from it: canonical forms, extremes, identity.
public struct SearchSpace: Sendable, Hashable {
  public let genes: [Gene]
  /// Hash of the list of genes: what belongs to one space - a file, a predictor - is tied to it by this.
  public let fingerprint: String
  private let positions: [String: Int]
  /// For each gene of a block, the position of the depth gene that can switch the block off, and the block's index in the stage.
  private let switches: [(depth: Int, index: Int)?]

  /// - Throws: `SearchSpaceError` for an empty list and for two genes of one name.
  public init(_ genes: [Gene]) throws(SearchSpaceError) {
    guard !genes.isEmpty else { throw SearchSpaceError(found: "a space without genes", expected: "at least one") }
    var positions: [String: Int] = [:]
    for (index, gene) in genes.enumerated() {
      guard positions.updateValue(index, forKey: gene.id) == nil else {
        throw SearchSpaceError(gene: gene.id, found: "the name twice", expected: "names that are unique")
      }
    }
    var depths: [Int: Int] = [:]
    for (index, gene) in genes.enumerated() {
      if gene.kind == .depth, case .stage(let stage) = gene.scope { depths[stage] = index }
    }
    self.genes = genes
    self.positions = positions
    switches = genes.map { gene in
      guard case .block(let stage, let index) = gene.scope, let depth = depths[stage] else { return nil }
      return (depth, index)
    }
    fingerprint = Self.hash(genes)
  }

  public static func == (a: SearchSpace, b: SearchSpace) -> Bool { a.genes == b.genes }
  public func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }

  /// FNV-1a of 64 bits, in hexadecimal.
  private static func hash(_ genes: [Gene]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for gene in genes {
      for byte in "\(gene.id)|\(gene.scope)|\(gene.kind.rawValue)|\(gene.candidates)\n".utf8 {
        hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
      }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  public func position(of id: String) -> Int? { positions[id] }

  // MARK: Architectures

  /// The architecture with these candidates, in canonical form: genes of blocks that do not run take their last candidate.
  /// - Throws: `SearchSpaceError` for another number of genes, and for candidates that there are not.
  public func architecture(choices: [Int]) throws(SearchSpaceError) -> Architecture {
    guard choices.count == genes.count else {
      throw SearchSpaceError(found: "\(choices.count) choices", expected: "one for each of \(genes.count) genes")
    }
    for (gene, choice) in zip(genes, choices) where !gene.candidates.indices.contains(choice) {
      throw SearchSpaceError(gene: gene.id, found: "candidate number \(choice)", expected: "0 to \(gene.candidates.count - 1)")
    }
    return canonical(choices)
  }

  /// The architecture with these values, others as in `base` (the largest unless given).
  /// - Throws: `SearchSpaceError` for a gene or a value that the space does not have.
  public func architecture(_ values: [String: GeneValue], others base: Architecture? = nil) throws(SearchSpaceError) -> Architecture {
    var choices = (base ?? maximum).choices
    for (id, value) in values.sorted(by: { $0.key < $1.key }) {
      guard let position = positions[id] else {
        throw SearchSpaceError(gene: id, found: "a gene that the space does not have", expected: genes.map(\.id).joined(separator: ", "))
      }
      guard let choice = genes[position].candidates.firstIndex(of: value) else {
        throw SearchSpaceError(gene: id, found: "\(value)", expected: genes[position].candidates.map(\.description).joined(separator: ", "))
      }
      choices[position] = choice
    }
    return canonical(choices)
  }

  func canonical(_ choices: [Int]) -> Architecture {
    var choices = choices
    for (index, gene) in genes.enumerated() where !isActive(index, choices) { choices[index] = gene.candidates.count - 1 }
    return Architecture(canonical: choices)
  }

  /// Whether the block of a gene runs.
  func isActive(_ gene: Int, _ choices: [Int]) -> Bool {
    guard let (depth, index) = switches[gene] else { return true }
    guard case .integer(let count) = genes[depth].candidates[choices[depth]] else { return true }
    return index < count
  }

  /// Whether the gene decides anything: the block it belongs to runs.
  public func isActive(_ gene: Int, in architecture: Architecture) -> Bool { isActive(gene, architecture.choices) }

  public func value(of gene: Int, in architecture: Architecture) -> GeneValue { genes[gene].candidates[architecture.choices[gene]] }

  /// The value of the gene called `id`; nil where there is none.
  public func value(of id: String, in architecture: Architecture) -> GeneValue? {
    positions[id].map { value(of: $0, in: architecture) }
  }

  public func values(of architecture: Architecture) -> [String: GeneValue] {
    Dictionary(uniqueKeysWithValues: genes.indices.map { (genes[$0].id, value(of: $0, in: architecture)) })
  }

  /// Every gene at its last candidate.
  public var maximum: Architecture { canonical(genes.map { $0.candidates.count - 1 }) }
  /// Every gene at its first candidate.
  public var minimum: Architecture { canonical(genes.map { _ in 0 }) }

  /// Every gene at the middle of its list; the smaller of two in the middle.
  public var middle: Architecture { canonical(genes.map { ($0.candidates.count - 1) / 2 }) }

  /// The largest and the smallest of a masked space.
  public func maximum(_ mask: GeneMask) -> Architecture { canonical(genes.indices.map { mask.choices(of: $0).last! }) }
  public func minimum(_ mask: GeneMask) -> Architecture { canonical(genes.indices.map { mask.choices(of: $0).first! }) }
}
