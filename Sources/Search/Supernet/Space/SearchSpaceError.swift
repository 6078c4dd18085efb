import Foundation

/// A search space, a mask or an architecture that cannot be.
public struct SearchSpaceError: Error, Sendable, Hashable {
  /// The gene at fault; nil where it is none.
  public let gene: String?
  public let found: String
  public let expected: String
  public let advice: String

  public init(gene: String? = nil, found: String, expected: String, advice: String = "") {
    self.gene = gene
    self.found = found
    self.expected = expected
    self.advice = advice
  }
}

extension SearchSpaceError: LocalizedError, CustomStringConvertible {
  public var description: String {
    (gene.map { "gene \($0): " } ?? "") + "found \(found), expected \(expected)" + (advice.isEmpty ? "" : "; \(advice)")
  }

  public var errorDescription: String? { description }
}

/// A bound on a cost that no architecture of a space keeps, or that random ones do not find.
public struct InfeasibleConstraint: Error, Sendable, Hashable, LocalizedError, CustomStringConvertible {
  /// What is bounded, with its unit, as in "multiply-adds".
  public let cost: String
  public let limit: Double
  /// The least cost in the space.
  public let minimum: Double
  /// Random architectures tried; 0 where the bound lies below the minimum.
  public let tries: Int

  public var description: String {
    tries == 0
      ? "no architecture has at most \(limit) \(cost): the least of the space has \(minimum)"
      : "none of \(tries) random architectures had at most \(limit) \(cost): the least of the space has \(minimum); raise the bound"
  }

  public var errorDescription: String? { description }
}
