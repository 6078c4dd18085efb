/// Finds room for the names of points: none over another, over a point or beyond the plot. A name that has to stand away from its point gets a line to it.
package struct NamePlacement {
  /// A point with a name; its place in hundredths of nothing less than the plot: 0 is left or below, 1 right or above.
  package struct Anchor: Sendable, Hashable {
    package let name: String
    package let x: Double
    package let y: Double
    /// The side on which the name stands where there is room on all.
    package let side: Side

    package init(_ name: String, x: Double, y: Double, side: Side = .lowerRight) {
      self.name = name
      self.x = x
      self.y = y
      self.side = side
    }
  }

  package enum Side: Sendable, CaseIterable {
    case lowerRight, upperRight, upperLeft, lowerLeft

    var right: Double { self == .lowerRight || self == .upperRight ? 1 : -1 }
    var up: Double { self == .upperRight || self == .upperLeft ? 1 : -1 }
  }

  /// Where a name stands, in pixels from the plot's lower left corner.
  package struct Place: Sendable, Hashable {
    package let anchor: Anchor
    package let box: Box
    /// The ends of the line to the point.
    package let leader: [Point]?
    /// Whether it stands over another name, or beyond the plot, for want of room.
    package let isCrowded: Bool
  }

  package struct Point: Sendable, Hashable {
    package let x: Double
    package let y: Double
  }

  package struct Box: Sendable, Hashable {
    package let left: Double
    package let bottom: Double
    package let width: Double
    package let height: Double

    package func overlap(_ other: Box) -> Double {
      let across = min(left + width, other.left + other.width) - max(left, other.left)
      let up = min(bottom + height, other.bottom + other.height) - max(bottom, other.bottom)
      return across > 0 && up > 0 ? across * up : 0
    }

    func contains(_ point: Point, margin: Double) -> Bool {
      point.x > left - margin && point.x < left + width + margin && point.y > bottom - margin && point.y < bottom + height + margin
    }

    /// The point of the box that is nearest to another.
    func nearest(to point: Point) -> Point {
      Point(x: min(max(point.x, left), left + width), y: min(max(point.y, bottom), bottom + height))
    }
  }

  /// Of the plot between its axes, in pixels.
  package let width: Double
  package let height: Double
  /// Pixels of a character and a line in the figures' font.
  private static let character = 7.0
  private static let line = 15.0

  package init(width: Double, height: Double) {
    self.width = width
    self.height = height
  }

  /// A place for each name, in the order given: the first have the choice.
  /// - Parameter obstacles: points that names should not hide, in the units of anchors.
  package func places(of anchors: [Anchor], obstacles: [(x: Double, y: Double)] = []) -> [Place] {
    let points = (anchors.map { ($0.x, $0.y) } + obstacles.map { ($0.x, $0.y) }).map { Point(x: $0.0 * width, y: $0.1 * height) }
    var taken: [Box] = []
    var lines: [[Point]] = []
    return anchors.map { anchor in
      let from = Point(x: anchor.x * width, y: anchor.y * height)
      var best: (cost: Double, box: Box, crowding: Double)?
      for (rank, box) in candidates(for: anchor, at: from).enumerated() {
        let crowding = taken.reduce(0) { $0 + $1.overlap(box) }
        let area = box.width * box.height
        let outside = area - box.overlap(Box(left: -2, bottom: -2, width: width + 4, height: height + 4))
        let hidden = Double(points.count { box.contains($0, margin: 2) })
        let leader = Self.leader(from: from, to: box)
        let crossings = Double(lines.count { Self.passes($0, box) } + taken.count { box in leader.map { Self.passes($0, box) } ?? false })
        // Names that touch or leave the plot are worse than a long line.
        let cost = (crowding + outside > 0 ? 20 : 0) + (crowding + outside) / area * 100 + min(hidden, 8) * 1.5 + crossings * 6 + Double(rank) * 0.25
        if cost < best?.cost ?? .infinity { best = (cost, box, crowding + outside) }
      }
      let box = best!.box
      taken.append(box)
      let leader = Self.leader(from: from, to: box)
      if let leader { lines.append(leader) }
      return Place(anchor: anchor, box: box, leader: leader, isCrowded: best!.crowding > 1)
    }
  }

  /// Beside the point, on the wanted side first; then further away all around it.
  private func candidates(for anchor: Anchor, at point: Point) -> [Box] {
    let size = (width: Double(anchor.name.count) * Self.character + 2, height: Self.line)
    func box(_ right: Double, _ up: Double, _ distance: Double) -> Box {
      // right and up are -1, 0 or 1 times the distance: the side or corner of the box that is nearest stands there.
      let left = point.x + right * distance - (right < 0 ? size.width : right == 0 ? size.width / 2 : 0)
      let bottom = point.y + up * distance - (up < 0 ? size.height : up == 0 ? size.height / 2 : 0)
      return Box(left: left, bottom: bottom, width: size.width, height: size.height)
    }
    let (right, up) = (anchor.side.right, anchor.side.up)
    let directions: [(Double, Double)] = [
      (right, up), (right, 0), (right, -up), (-right, up), (-right, 0), (-right, -up), (0, up), (0, -up),
    ]
    return directions.map { box($0.0, $0.1, $0.0 == 0 || $0.1 == 0 ? 8 : 4) }
      + [18.0, 34, 52, 72, 96].flatMap { distance in directions.map { box($0.0, $0.1, distance) } }
  }

  /// From a point to the name that stands away from it.
  private static func leader(from point: Point, to box: Box) -> [Point]? {
    let near = box.nearest(to: point)
    let distance = ((near.x - point.x) * (near.x - point.x) + (near.y - point.y) * (near.y - point.y)).squareRoot()
    return distance > 14 ? [point, near] : nil
  }

  /// Whether a line passes a box, looked at in sixteen places.
  private static func passes(_ line: [Point], _ box: Box) -> Bool {
    (0...16).contains { step in
      let share = Double(step) / 16
      let point = Point(x: line[0].x + share * (line[1].x - line[0].x), y: line[0].y + share * (line[1].y - line[0].y))
      return box.contains(point, margin: 0)
    }
  }
}

extension GnuplotScript {
  /// A name with its point in the units of the axes; an optional one is left out where there is no room.
  typealias PointName = (name: String, x: Double, y: Double, color: Palette.Color, side: NamePlacement.Side, isOptional: Bool)

  /// Names of points, where there is room for them at both widths of a figure.
  ///
  /// - Parameters:
  ///   - names: the axes have to be set before.
  ///   - points: of the plot, which names should not hide.
  ///   - rightMargin: pixels right of the plot.
  mutating func names(
    _ names: [PointName], points: [(x: Double, y: Double)], rightMargin: Double = 20, height: (_ width: Int) -> Int
  ) {
    guard let horizontal = horizontalSpan, let vertical = verticalSpan else { return }
    for width in [FigureSize.wide, FigureSize.narrow] {
      // Left of the plot stand the marks' numbers, over it the name of the vertical axis, under it marks and name of the horizontal one.
      let area = NamePlacement(width: Double(width) - 46 - rightMargin, height: Double(height(width)) - 36 - 48)
      let places = area.places(
        of: names.map { .init($0.name, x: horizontal.share($0.x), y: vertical.share($0.y), side: $0.side) },
        obstacles: points.map { (horizontal.share($0.x), vertical.share($0.y)) })
      let condition = width == FigureSize.wide ? "if (!narrow) " : "if (narrow) "
      func position(_ x: Double, _ y: Double) -> String {
        "graph \(NumberText.exact(x / area.width)), graph \(NumberText.exact(y / area.height))"
      }
      for (place, (_, _, _, color, _, isOptional)) in zip(places, names) where !(isOptional && place.isCrowded) {
        let box = place.box
        if let leader = place.leader {
          add(
            "\(condition)set arrow from \(position(leader[0].x, leader[0].y)) to \(position(leader[1].x, leader[1].y)) nohead front "
              + "linecolor rgb \"\(Palette.line.hex)\" linewidth 0.7")
        }
        label(
          place.anchor.name, at: position(box.left + box.width / 2, box.bottom + box.height / 2), "center", color: color,
          condition: condition)
      }
    }
  }
}
