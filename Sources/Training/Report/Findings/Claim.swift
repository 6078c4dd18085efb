/// How a measured value has to lie against a baseline for a claim to hold.
public enum Relation: String, Sendable, Codable, CaseIterable {
  /// measured - baseline >= margin, by their means.
  case atLeast = ">="
  /// baseline - measured >= margin, by their means.
  case atMost = "<="
  /// measured - baseline > margin, beyond chance: by more than two standard errors of the difference.
  case above = ">"
  /// baseline - measured > margin, beyond chance: by more than two standard errors of the difference.
  case below = "<"
  /// |measured - baseline| <= margin, by their means.
  case within
  /// measured >= margin * baseline, by their means.
  case atLeastTimes = ">= times"
  /// measured <= margin * baseline, by their means.
  case atMostTimes = "<= times"
}

/// A statement of a paper as code: the figures that decide it, and the verdict they give.
///
/// The margin is how far on the right side the measured value must lie; a negative margin is how far on the wrong side it may lie. For the
/// relations with "times", it is the factor. Whether a claim holds is always computed, never given.
public struct Claim: Sendable, Hashable {
  /// Lower case words joined by hyphens, unique within the study.
  public let id: String
  /// One sentence.
  public let statement: String
  public let measured: Measurement
  public let relation: Relation
  public let baseline: Measurement
  public let margin: Double
  public let unit: Unit
  /// What `measured` is, as in "NoProp-DT, test accuracy".
  public let measuredName: String
  /// What `baseline` is, as in "back-propagation, same blocks".
  public let baselineName: String

  public init(
    _ id: String, _ statement: String, measured: Measurement, _ relation: Relation, baseline: Measurement, margin: Double? = nil,
    unit: Unit = .none, measuredName: String = "measured", baselineName: String = "baseline"
  ) {
    self.id = id
    self.statement = statement
    self.measured = measured
    self.relation = relation
    self.baseline = baseline
    self.margin = margin ?? (relation == .atLeastTimes || relation == .atMostTimes ? 1 : 0)
    self.unit = unit
    self.measuredName = measuredName
    self.baselineName = baselineName
  }

  /// The verdict. A value that is not a number holds nothing.
  public var holds: Bool {
    let (difference, error) = measured.difference(from: baseline)
    let chance = 2 * (error ?? 0)
    return switch relation {
    case .atLeast: difference >= margin
    case .atMost: -difference >= margin
    case .above: difference > margin + chance
    case .below: -difference > margin + chance
    case .within: abs(difference) <= margin
    case .atLeastTimes: measured.mean >= margin * baseline.mean
    case .atMostTimes: measured.mean <= margin * baseline.mean
    }
  }
}
