/// Turns pen paths into pixels: the ink of a pixel falls from 1 to 0 over the soft edge, by its distance to the nearest segment.
struct Rasterizer {
  let size: Int
  /// Squared distance of each pixel's centre to the nearest path so far.
  private var distances: [Float]

  init(size: Int) {
    self.size = size
    distances = Array(repeating: .infinity, count: size * size)
  }

  /// - Parameters:
  ///   - paths: in pixels, x to the right and y downwards, pixel centres at whole numbers.
  ///   - penWidth: full width, in pixels.
  ///   - edgeBlur: half the width of the soft edge, in pixels.
  ///   - ink: darkness of full ink, in [0, 1].
  ///   - noise: standard deviation of what is added to each pixel.
  mutating func draw(
    _ paths: [PenPath], penWidth: Float, edgeBlur: Float, ink: Float, noise: Float, random: inout SplitMix64,
    into pixels: UnsafeMutableBufferPointer<UInt8>
  ) {
    let reach = penWidth / 2 + edgeBlur
    let size = size
    distances.withUnsafeMutableBufferPointer { distances in
      distances.update(repeating: .infinity)
      for path in paths {
        for index in 1..<path.points.count {
          Self.measure(from: path.points[index - 1], to: path.points[index], reach: reach, size: size, into: distances)
        }
      }
      let scale = ink / (2 * edgeBlur)
      for position in 0..<size * size {
        var value: Float = 0
        if distances[position] < reach * reach {
          value = min(scale * (reach - distances[position].squareRoot()), ink)
        }
        value += noise * random.fastNormal()
        pixels[position] = UInt8(min(max(value, 0), 1) * 255 + 0.5)
      }
    }
  }

  private static func measure(
    from start: Point, to end: Point, reach: Float, size: Int, into distances: UnsafeMutableBufferPointer<Float>
  ) {
    func clamped(_ value: Float) -> Int { Int(min(max(value, 0), Float(size))) }
    let columns =
      clamped(
        (min(start.x, end.x) - reach).rounded(.up))..<max(
        clamped((min(start.x, end.x) - reach).rounded(.up)), clamped((max(start.x, end.x) + reach).rounded(.down) + 1))
    let rows =
      clamped(
        (min(start.y, end.y) - reach).rounded(.up))..<max(
        clamped((min(start.y, end.y) - reach).rounded(.up)), clamped((max(start.y, end.y) + reach).rounded(.down) + 1))
    let step = end - start
    let squaredLength = (step * step).sum()
    let inverse = squaredLength > 1e-12 ? 1 / squaredLength : 0
    for row in rows {
      let dy = Float(row) - start.y
      for column in columns {
        let dx = Float(column) - start.x
        let along = min(max((dx * step.x + dy * step.y) * inverse, 0), 1)
        let (x, y) = (dx - along * step.x, dy - along * step.y)
        let position = row * size + column
        distances[position] = min(distances[position], x * x + y * y)
      }
    }
  }
}
