/// A step length that fulfils the strong Wolfe conditions (Nocedal and Wright, 2006, algorithms 3.5 and 3.6): the value falls by a fair share
/// of what the slope promises, and the slope flattens.
struct WolfeSearch {
  private struct Point {
    var length: Double
    var value: Double
    var slope: Double
  }

  /// The function and its slope along the direction at a length.
  typealias Function = (Double) -> (value: Double, slope: Double)

  let maximumEvaluations: Int
  let sufficientDecrease = 1e-4
  let curvature = 0.9

  /// - Returns: the length found, or the best one seen when the evaluations are used up.
  func callAsFunction(from value: Double, slope: Double, trial: Double, _ function: Function) -> Double {
    let start = Point(length: 0, value: value, slope: slope)
    var previous = start
    var length = trial
    var best = start
    for count in 1...maximumEvaluations {
      let point = at(length, function)
      if point.value.isFinite, point.value < best.value { best = point }
      if !point.value.isFinite {
        // Outside the function's domain: come back.
        length = (previous.length + length) / 2
        continue
      }
      if !decreases(point, start) || (count > 1 && point.value >= previous.value) {
        return zoom(previous, point, start, maximumEvaluations - count, best, function)
      }
      if abs(point.slope) <= -curvature * slope { return point.length }
      if point.slope >= 0 { return zoom(point, previous, start, maximumEvaluations - count, best, function) }
      previous = point
      length *= 2
    }
    return best.length
  }

  private func at(_ length: Double, _ function: Function) -> Point {
    let (value, slope) = function(length)
    return Point(length: length, value: value, slope: slope)
  }

  private func decreases(_ point: Point, _ start: Point) -> Bool {
    point.value <= start.value + sufficientDecrease * point.length * start.slope
  }

  /// Narrows an interval whose lower end is the best point so far and which holds a length that fulfils the conditions.
  private func zoom(_ first: Point, _ second: Point, _ start: Point, _ evaluations: Int, _ seen: Point, _ function: Function) -> Double {
    var low = first
    var high = second
    var best = seen
    for _ in 0..<max(evaluations, 0) {
      if abs(high.length - low.length) * abs(start.slope) < 1e-18 { break }
      let point = at(between(low, high), function)
      if point.value < best.value { best = point }
      if !decreases(point, start) || point.value >= low.value {
        high = point
      } else {
        if abs(point.slope) <= -curvature * start.slope { return point.length }
        if point.slope * (high.length - low.length) >= 0 { high = low }
        low = point
      }
    }
    return best.length
  }

  /// The minimum of the cubic through both ends, kept away from them by a tenth of the interval.
  private func between(_ a: Point, _ b: Point) -> Double {
    let lower = min(a.length, b.length)
    let upper = max(a.length, b.length)
    let margin = 0.1 * (upper - lower)
    let sum = a.slope + b.slope - 3 * (a.value - b.value) / (a.length - b.length)
    let discriminant = sum * sum - a.slope * b.slope
    guard discriminant >= 0, discriminant.isFinite else { return (lower + upper) / 2 }
    let root = discriminant.squareRoot() * (b.length > a.length ? 1 : -1)
    let minimum = b.length - (b.length - a.length) * (b.slope + root - sum) / (b.slope - a.slope + 2 * root)
    guard minimum.isFinite else { return (lower + upper) / 2 }
    return min(max(minimum, lower + margin), upper - margin)
  }
}
