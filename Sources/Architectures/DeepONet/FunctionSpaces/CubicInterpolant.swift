/// Values between the points of an even grid: the cubic polynomial through the four nearest points.
///
/// The error falls with the fourth power of the spacing. Nothing is continued beyond the grid.
public struct CubicInterpolant: Sendable {
  public let start: Double
  public let spacing: Double
  public let values: [Double]

  /// - Parameter values: at start, start + spacing, ...; at least 2.
  public init(start: Double, spacing: Double, values: [Double]) {
    precondition(values.count >= 2 && spacing > 0, "CubicInterpolant: \(values.count) values at a spacing of \(spacing)")
    self.start = start
    self.spacing = spacing
    self.values = values
  }

  public var end: Double { start + spacing * Double(values.count - 1) }

  /// The value at a point of the grid's range; rounding may put it a hair outside.
  public func callAsFunction(_ x: Double) -> Double {
    let place = (x - start) / spacing
    precondition(
      place > -1e-6 && place < Double(values.count - 1) + 1e-6, "CubicInterpolant: \(x) lies outside of \(start) ... \(end)")
    let width = min(4, values.count)
    let first = min(max(Int(place.rounded(.down)) - (width / 2 - 1), 0), values.count - width)
    // Lagrange's polynomial on the points 0, 1, 2, 3.
    let t = place - Double(first)
    var sum = 0.0
    for i in 0..<width {
      var weight = 1.0
      for j in 0..<width where j != i { weight *= (t - Double(j)) / Double(i - j) }
      sum += weight * values[first + i]
    }
    return sum
  }
}
