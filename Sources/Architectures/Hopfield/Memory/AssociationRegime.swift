import Tensors

/// What a state is associated with: all patterns, some, or one. Told by the number of patterns that carry 90 % of the softmax (Ramsauer et al., 2021, figure 2).
public enum AssociationRegime: String, Sendable, Hashable, Codable, CaseIterable {
  /// More than half of the patterns: a global average.
  case veryLarge = "very large"
  /// 1/8 to 1/2: a metastable state over many patterns.
  case large
  /// 1/32 to 1/8: a metastable state over a cluster.
  case medium
  /// At most 1/32: one pattern, or a few.
  case small

  /// - Parameters:
  ///   - patternsOfMass: k, the number of patterns that carry the mass.
  ///   - count: N, the number of all patterns.
  public init(patternsOfMass: Int, of count: Int) {
    let share = Double(patternsOfMass) / Double(count)
    self = share > 1 / 2.0 ? .veryLarge : share > 1 / 8.0 ? .large : share > 1 / 32.0 ? .medium : .small
  }

  /// The smallest k for which the k largest weights sum to at least `mass`, for each state.
  ///
  /// - Parameter association: (..., N), weights that sum to 1.
  /// - Returns: int64 (...).
  public static func patternsOfMass(_ mass: Double = 0.9, in association: Tensor) -> Tensor {
    precondition((0...1).contains(mass), "patternsOfMass: the mass \(mass) must lie in 0 ... 1")
    // A sum that falls short of the mass by rounding alone counts.
    let cumulative = association.sorted(descending: true).cumulativeSum(axis: -1)
    let isShort = cumulative .< mass * (1 - 1e-6)
    return (isShort.cast(to: .int64).sum(axes: [-1]) + 1).minimum(Double(association.shape.last!)).cast(to: .int64)
  }

  /// The median over states of k for the association (N, H, L, S) of each head, and its class: one a head.
  public static func ofHeads(_ association: Tensor, mass: Double = 0.9) -> [(median: Double, regime: AssociationRegime)] {
    precondition(association.rank == 4, "ofHeads: the association must be (batch, heads, states, patterns), it is \(association.shape)")
    let counts = patternsOfMass(mass, in: association)
    return (0..<association.shape[1]).map { head in
      let sorted = counts[.all, head].flattened().sorted().array(of: Int64.self)
      let middle = sorted.count / 2
      let median = sorted.count % 2 == 1 ? Double(sorted[middle]) : Double(sorted[middle - 1] + sorted[middle]) / 2
      return (median, AssociationRegime(patternsOfMass: Int(median.rounded(.up)), of: association.shape[3]))
    }
  }
}
