/// Points in the plane, in one or more series.
public struct ScatterPlot: Sendable, Hashable {
  public struct Point: Sendable, Hashable {
    public let x: Double
    public let y: Double

    public init(_ x: Double, _ y: Double) {
      self.x = x
      self.y = y
    }
  }

  public struct Series: Sendable, Hashable {
    public let name: String
    public let role: SeriesRole
    public let points: [Point]

    public init(_ name: String, _ points: [Point], role: SeriesRole = .method) {
      self.name = name
      self.role = role
      self.points = points
    }
  }

  public let x: Axis
  public let y: Axis
  public let series: [Series]

  public init(x: Axis, y: Axis, _ series: [Series]) {
    self.x = x
    self.y = y
    self.series = series
  }
}
