/// One decision of an architecture: what it is about, and what it can be.
public struct Gene: Sendable, Hashable, Codable {
  /// The part of the network that it is about.
  public enum Scope: Sendable, Hashable, Codable {
    case network
    case stage(Int)
    case block(stage: Int, index: Int)
    case edge(from: Int, to: Int)
  }

  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    /// Side of the input in pixels.
    case resolution
    /// Number of blocks of a stage that run: the first ones.
    case depth
    /// Output channels of a stage, the stem or the head.
    case width
    /// Middle channels of a block, as a multiple of its input (of its output in bottlenecks).
    case expand
    /// Side of a depthwise kernel.
    case kernel
    /// Heads of an attention.
    case heads
    /// Width of an embedding.
    case embed
    /// Hidden units of a feed-forward network, as a multiple of its input.
    case mlpRatio
    /// A named operation on an edge.
    case operation
    /// Whether an edge takes part: 0 or 1.
    case gate
  }

  /// Unique within a space, as in "B.2.kernel".
  public let id: String
  public let scope: Scope
  public let kind: Kind
  /// By ascending cost.
  public let candidates: [GeneValue]
  /// The row of a cost table that the gene belongs to; by default its identifier.
  public let costTag: String

  /// - Throws: `SearchSpaceError` for no candidates, repeated ones, numbers that do not ascend, kernels that have no centre, and a depth that leaves out
  ///   a stage's first block.
  public init(_ id: String, _ scope: Scope, _ kind: Kind, _ candidates: [GeneValue], costTag: String? = nil) throws(SearchSpaceError) {
    func refuse(_ found: String, _ expected: String) -> SearchSpaceError { SearchSpaceError(gene: id, found: found, expected: expected) }
    guard !candidates.isEmpty else { throw refuse("no candidates", "at least one") }
    guard Set(candidates).count == candidates.count else { throw refuse("candidates \(candidates)", "each once") }
    let numbers = candidates.compactMap(\.number)
    if kind == .operation {
      guard numbers.isEmpty else { throw refuse("candidates \(candidates)", "names of operations") }
    } else {
      guard numbers.count == candidates.count else { throw refuse("candidates \(candidates)", "numbers") }
      guard zip(numbers, numbers.dropFirst()).allSatisfy(<) else { throw refuse("candidates \(candidates)", "numbers in ascending order") }
    }
    switch kind {
    case .kernel:
      guard candidates.allSatisfy({ if case .integer(let side) = $0 { side > 0 && side % 2 == 1 } else { false } }) else {
        throw refuse("kernels \(candidates)", "odd sides: a kernel without a centre cannot be cropped around it")
      }
    case .depth:
      guard candidates.allSatisfy({ if case .integer(let depth) = $0 { depth >= 1 } else { false } }) else {
        throw refuse("depths \(candidates)", "at least 1: the first block of a stage changes resolution or width and cannot be left out")
      }
    case .gate:
      guard candidates.allSatisfy({ $0 == 0 || $0 == 1 }) else { throw refuse("gates \(candidates)", "0 and 1") }
    case .resolution, .width, .heads, .embed:
      guard candidates.allSatisfy({ if case .integer(let value) = $0 { value > 0 } else { false } }) else {
        throw refuse("candidates \(candidates)", "positive whole numbers")
      }
    case .expand, .mlpRatio: guard numbers.allSatisfy({ $0 > 0 }) else { throw refuse("candidates \(candidates)", "positive numbers") }
    case .operation: break
    }
    self.id = id
    self.scope = scope
    self.kind = kind
    self.candidates = candidates
    self.costTag = costTag ?? id
  }
}
