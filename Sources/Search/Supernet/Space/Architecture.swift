/// One network of a space: for each gene, the index of the candidate it takes, in canonical form.
///
/// Only a ``SearchSpace`` makes them, so equality means that the networks are the same.
public struct Architecture: Sendable, Hashable {
  public let choices: [Int]

  init(canonical choices: [Int]) { self.choices = choices }
}

extension Architecture: Comparable {
  /// By gene vector, lexicographically.
  public static func < (a: Architecture, b: Architecture) -> Bool { a.choices.lexicographicallyPrecedes(b.choices) }
}
