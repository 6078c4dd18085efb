import Foundation

/// A stroke as a chain of equally spaced points.
struct PenPath {
  static let pointCount = 24
  var points: [Point]

  /// Follows a template: smooth through its points (a cubic spline with tangents after Catmull and Rom), straight between two corners.
  init(following template: StrokeTemplate) {
    let control = template.points
    if control.count == 2 {
      self.init(resampling: control.map(\.position))
      return
    }
    let steps = 8
    var dense: [Point] = []
    dense.reserveCapacity((control.count - 1) * steps + 1)
    dense.append(control[0].position)
    for index in 0..<control.count - 1 {
      let (from, to) = (control[index].position, control[index + 1].position)
      let chord = to - from
      let leaves = index > 0 && !control[index].isCorner ? (to - control[index - 1].position) / 2 : nil
      let arrives = index + 2 < control.count && !control[index + 1].isCorner ? (control[index + 2].position - from) / 2 : nil
      // At an open end the curve is a parabola: its other tangent follows from the known one.
      let tangentFrom = leaves ?? arrives.map { 1.5 * chord - 0.5 * $0 } ?? chord
      let tangentTo = arrives ?? leaves.map { 1.5 * chord - 0.5 * $0 } ?? chord
      for step in 1...steps {
        let t = Float(step) / Float(steps)
        let (t2, t3) = (t * t, t * t * t)
        let start = (2 * t3 - 3 * t2 + 1) * from + (t3 - 2 * t2 + t) * tangentFrom
        dense.append(start + (3 * t2 - 2 * t3) * to + (t3 - t2) * tangentTo)
      }
    }
    self.init(resampling: dense)
  }

  /// Points at equal distances along a chain.
  init(resampling chain: [Point], count: Int = PenPath.pointCount) {
    points = []
    points.reserveCapacity(count)
    var lengths: [Float] = [0]
    lengths.reserveCapacity(chain.count)
    for index in 1..<chain.count {
      let step = chain[index] - chain[index - 1]
      lengths.append(lengths[index - 1] + (step * step).sum().squareRoot())
    }
    let total = lengths[chain.count - 1]
    guard total > 0 else {
      points = Array(repeating: chain[0], count: count)
      return
    }
    var segment = 1
    for index in 0..<count {
      let length = total * Float(index) / Float(count - 1)
      while segment < chain.count - 1, lengths[segment] < length { segment += 1 }
      let span = lengths[segment] - lengths[segment - 1]
      let share = span > 0 ? min(max((length - lengths[segment - 1]) / span, 0), 1) : 0
      points.append(chain[segment - 1] + share * (chain[segment] - chain[segment - 1]))
    }
  }

  var length: Float {
    var total: Float = 0
    for index in 1..<points.count {
      let step = points[index] - points[index - 1]
      total += (step * step).sum().squareRoot()
    }
    return total
  }

  /// Keeps every few points and draws straight between them.
  mutating func makeAngular() {
    let corners = (0..<7).map { points[$0 * (points.count - 1) / 6] }
    self = PenPath(resampling: corners)
  }

  /// Bends a nearly straight stroke to one side.
  mutating func bow(by amount: Float) {
    let chord = points[points.count - 1] - points[0]
    let length = (chord * chord).sum().squareRoot()
    guard length > 0.05, self.length < 1.05 * length else { return }
    let normal = Point(-chord.y, chord.x) / length
    for index in points.indices {
      let k = 2 * Float(index) / Float(points.count - 1) - 1
      points[index] += amount * 0.6 * (1 - k * k) * normal
    }
  }

  /// Goes on beyond both ends in their direction, or stops short of them.
  mutating func overshoot(by amount: Float) {
    func extend(_ end: Int, _ inner: Int) {
      let step = points[end] - points[inner]
      let length = (step * step).sum().squareRoot()
      if length > 1e-4 { points[end] += amount / length * step }
    }
    extend(0, 1)
    extend(points.count - 1, points.count - 2)
  }

  /// Shakes along the way: noise that adds up, with its mean taken off.
  mutating func tremble(_ amount: Float, random: inout SplitMix64) {
    var drift = Point.zero
    var mean = Point.zero
    var offsets: [Point] = []
    offsets.reserveCapacity(points.count)
    for _ in points.indices {
      drift += amount * 0.5 * Point(random.fastNormal(), random.fastNormal())
      mean += drift
      offsets.append(drift)
    }
    mean /= Float(points.count)
    for index in points.indices { points[index] += offsets[index] - mean }
  }
}

extension SplitMix64 {
  /// Nearly standard normal: the sum of four uniform numbers, scaled. Within 3.5 of 0, and cheap enough for every pixel.
  mutating func fastNormal() -> Float {
    let bits = next()
    let sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + bits >> 48
    return (Float(sum) - 131_070) * (1.732_050_8 / 65_536)
  }
}
