import Foundation

/// A claim at a glance: a line with the baseline as a tick, the values that satisfy the claim as a bar, and the measured value as a dot.
struct ClaimGlyph {
  let claim: Claim

  /// Measured values for which the claim holds, as far as the means decide.
  private var target: (from: Double, to: Double) {
    let base = claim.baseline.mean
    let chance = 2 * (claim.measured.difference(from: claim.baseline).standardError ?? 0)
    return switch claim.relation {
    case .atLeast: (base + claim.margin, .infinity)
    case .above: (base + claim.margin + chance, .infinity)
    case .atMost: (-.infinity, base - claim.margin)
    case .below: (-.infinity, base - claim.margin - chance)
    case .within: (base - claim.margin, base + claim.margin)
    case .atLeastTimes: (base * claim.margin, .infinity)
    case .atMostTimes: (-.infinity, base * claim.margin)
    }
  }

  var svg: String {
    let error = claim.measured.standardError ?? 0
    let marks = [claim.measured.mean - error, claim.measured.mean + error, claim.baseline.mean, target.from, target.to].filter(\.isFinite)
    guard claim.measured.mean.isFinite, claim.baseline.mean.isFinite, let low = marks.min(), let high = marks.max() else { return "" }
    let (width, height, edge) = (150.0, 20.0, 10.0)
    let span = high > low ? high - low : 1
    func x(_ value: Double) -> String {
      let part = (value - low) / span
      return String(format: "%.1f", value == .infinity ? width : value == -.infinity ? 0 : edge + part * (width - 2 * edge))
    }
    let color = claim.holds ? "s3" : "s2"
    let (middle, from, to) = (height / 2, x(target.from), x(target.to))
    return """
      <svg class="glyph" viewBox="0 0 \(Int(width)) \(Int(height))" width="\(Int(width))" height="\(Int(height))" aria-hidden="true">\
      <line class="k-line" x1="0" x2="\(Int(width))" y1="\(middle)" y2="\(middle)"/>\
      <line class="k-\(color) target" x1="\(from)" x2="\(to)" y1="\(middle)" y2="\(middle)"/>\
      <line class="k-soft tick" x1="\(x(claim.baseline.mean))" x2="\(x(claim.baseline.mean))" y1="3" y2="\(height - 3)"/>\
      <line class="k-\(color) error" x1="\(x(claim.measured.mean - error))" x2="\(x(claim.measured.mean + error))" y1="\(middle)" y2="\(middle)"/>\
      <circle class="f-\(color)" cx="\(x(claim.measured.mean))" cy="\(middle)" r="4.5"/></svg>
      """
  }
}
