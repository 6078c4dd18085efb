import Testing
import Training

@Suite("Names of points")
struct NamePlacementTests {
  private let area = NamePlacement(width: 600, height: 300)

  private func overlaps(_ places: [NamePlacement.Place]) -> Double {
    var sum = 0.0
    for (index, one) in places.enumerated() { for other in places[..<index] { sum += one.box.overlap(other.box) } }
    return sum
  }

  @Test func `a name alone stands beside its point, on the wanted side, without a line`() {
    for side in NamePlacement.Side.allCases {
      let place = area.places(of: [.init("layer 1", x: 0.5, y: 0.5, side: side)])[0]
      let (isRight, isUp) = (place.box.left > 300, place.box.bottom > 150)
      #expect(isRight == (side == .lowerRight || side == .upperRight) && isUp == (side == .upperLeft || side == .upperRight), "\(side)")
      #expect(place.leader == nil && !place.isCrowded)
    }
  }

  @Test func `names of near points stand apart, each near its own point`() {
    let anchors = (0..<8).map { index -> NamePlacement.Anchor in
      let (right, up) = (Double(index) * 0.002, Double(index % 3) * 0.003)
      return NamePlacement.Anchor("network \(index)", x: 0.5 + right, y: 0.5 + up)
    }
    let places = area.places(of: anchors)
    #expect(overlaps(places) == 0, "\(places)")
    #expect(places.allSatisfy { !$0.isCrowded } && places.contains { $0.leader != nil })
    for place in places {
      #expect(abs(place.box.left + place.box.width / 2 - place.anchor.x * 600) < 200 && abs(place.box.bottom - place.anchor.y * 300) < 120)
      // The line begins at the point and ends at the name.
      guard let leader = place.leader else { continue }
      #expect(abs(leader[0].x - place.anchor.x * 600) < 1e-9 && leader[1].x >= place.box.left - 1e-9)
    }
  }

  @Test func `no name leaves the plot`() {
    let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]
    for side in NamePlacement.Side.allCases {
      for place in area.places(of: corners.map { .init("a long name", x: $0.0, y: $0.1, side: side) }) {
        #expect(place.box.left >= -2 && place.box.left + place.box.width <= 602, "\(place)")
        #expect(place.box.bottom >= -2 && place.box.bottom + place.box.height <= 302, "\(place)")
      }
    }
  }

  @Test func `names keep off the points of the plot where they can`() {
    // A path that leaves the point to the lower right.
    let path = (0..<30).map { step -> (x: Double, y: Double) in
      let distance = Double(step) * 0.003
      return (0.5 + distance, 0.5 - distance)
    }
    let place = area.places(of: [.init("layer 5", x: 0.5, y: 0.5)], obstacles: path)[0]
    let hidden = path.count { point in
      let (x, y) = (point.x * 600, point.y * 300)
      return x > place.box.left && x < place.box.left + place.box.width && y > place.box.bottom && y < place.box.bottom + place.box.height
    }
    #expect(hidden == 0)
  }

  @Test func `where there is no room a name says so`() {
    let small = NamePlacement(width: 120, height: 40)
    let places = small.places(of: (0..<20).map { .init("name \($0)", x: 0.5, y: 0.5) })
    #expect(places.contains(where: \.isCrowded) && !places[0].isCrowded)
  }
}
