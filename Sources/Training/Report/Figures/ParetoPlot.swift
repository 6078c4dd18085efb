/// Points with two qualities, and the front of those that no other point beats in both.
public struct ParetoPlot: Sendable, Hashable {
  public enum Better: Sendable, Hashable {
    case lower
    case higher
  }

  public struct Point: Sendable, Hashable {
    public let name: String
    public let x: Double
    public let y: Double
    public let role: SeriesRole

    public init(_ name: String = "", x: Double, y: Double, role: SeriesRole = .method) {
      self.name = name
      self.x = x
      self.y = y
      self.role = role
    }
  }

  public let x: Axis
  public let y: Axis
  public let betterX: Better
  public let betterY: Better
  public let points: [Point]

  public init(x: Axis, _ betterX: Better, y: Axis, _ betterY: Better, _ points: [Point]) {
    self.x = x
    self.y = y
    self.betterX = betterX
    self.betterY = betterY
    self.points = points
  }

  /// The points that no other point beats: none is at least as good in both and better in one. In the order of x.
  public var front: [Point] {
    points.filter { point in
      !points.contains { other in
        isAtLeastAsGood(other, point) && (other.x != point.x || other.y != point.y)
      }
    }.sorted { ($0.x, $0.y) < ($1.x, $1.y) }
  }

  private func isAtLeastAsGood(_ a: Point, _ b: Point) -> Bool {
    (betterX == .lower ? a.x <= b.x : a.x >= b.x) && (betterY == .lower ? a.y <= b.y : a.y >= b.y)
  }
}
