/// A claim in words: what was asked, and what was found.
struct ClaimWords {
  let claim: Claim

  private var isRatio: Bool { claim.relation == .atLeastTimes || claim.relation == .atMostTimes }
  /// Differences of hundredths are points.
  private var differenceUnit: Unit { claim.unit == .percent ? "points" : claim.unit }

  var verdict: String { claim.holds ? "Holds" : "Does not hold" }

  /// "at least the baseline + 2 points".
  var condition: String {
    let margin = NumberText.value(abs(claim.margin), differenceUnit)
    let baseline = "\(claim.baselineName)"
    return switch claim.relation {
    case .atLeast, .above:
      (claim.relation == .atLeast ? "at least " : "more than ") + baseline
        + (claim.margin == 0 ? "" : claim.margin > 0 ? " + \(margin)" : " − \(margin)") + (claim.relation == .above ? chanceWords : "")
    case .atMost, .below:
      (claim.relation == .atMost ? "at most " : "less than ") + baseline
        + (claim.margin == 0 ? "" : claim.margin > 0 ? " − \(margin)" : " + \(margin)") + (claim.relation == .below ? chanceWords : "")
    case .within: "within \(margin) of \(baseline)"
    case .atLeastTimes: "at least \(NumberText.value(claim.margin)) × \(baseline)"
    case .atMostTimes: "at most \(NumberText.value(claim.margin)) × \(baseline)"
    }
  }

  private var chanceWords: String {
    claim.measured.difference(from: claim.baseline).standardError == nil ? "" : ", beyond two standard errors"
  }

  /// "+0.85 ± 0.21 points" or "0.10 ×".
  var difference: String {
    if isRatio { return NumberText.value(claim.measured.mean / claim.baseline.mean, "×") }
    let (mean, error) = claim.measured.difference(from: claim.baseline)
    // Two values with this mean and this standard error.
    let text = NumberText.measurement(error.map { Measurement([mean - $0, mean + $0]) } ?? Measurement(mean), differenceUnit)
    return mean > 0 ? "+" + text : text
  }

  var seeds: String {
    let count = max(claim.measured.values.count, claim.baseline.values.count)
    return count == 1 ? "one seed" : "\(count) seeds"
  }
}
