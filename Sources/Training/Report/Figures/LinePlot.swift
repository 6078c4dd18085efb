/// Curves over a common axis, each with a band over its seeds.
public struct LinePlot: Sendable, Hashable {
  public let x: Axis
  public let y: Axis
  public let curves: [Curve]

  public init(x: Axis, y: Axis, _ curves: [Curve]) {
    self.x = x
    self.y = y
    self.curves = curves
  }
}
