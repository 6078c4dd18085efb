/// Paths through a plane whose colour says how far along a third quantity - such as the epoch - each point is.
///
/// Colours run from dark to light in the order of "viridis" (van der Walt and Smith, 2015), which readers who see no red or no green can follow.
public struct TrajectoryPlot: Sendable, Hashable {
  public struct Point: Sendable, Hashable {
    public let x: Double
    public let y: Double
    /// What the colour says.
    public let value: Double

    public init(_ x: Double, _ y: Double, at value: Double) {
      self.x = x
      self.y = y
      self.value = value
    }
  }

  public struct Path: Sendable, Hashable {
    /// Stands at the path's last point; may be empty.
    public let name: String
    /// In the order of the path.
    public let points: [Point]

    public init(_ name: String, _ points: [Point]) {
      self.name = name
      self.points = points
    }
  }

  public let x: Axis
  public let y: Axis
  /// What the colour stands for.
  public let value: Axis
  public let paths: [Path]
  /// Drawn in grey under the paths, as a bound; its name is written at its end.
  public let reference: [Path]
  /// Points are joined by a line; false shows a cloud of points.
  public let isJoined: Bool

  public init(x: Axis, y: Axis, value: Axis, _ paths: [Path], reference: [Path] = [], isJoined: Bool = true) {
    self.x = x
    self.y = y
    self.value = value
    self.paths = paths
    self.reference = reference
    self.isJoined = isJoined
  }
}
