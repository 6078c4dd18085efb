/// A point of the plane in which characters are drawn: x to the right, y upwards, the base line at 0, capitals 1 high.
typealias Point = SIMD2<Float>

/// One movement of the pen, by points that it goes through.
struct StrokeTemplate: Sendable {
  struct ControlPoint: Sendable {
    var position: Point
    /// Whether the pen turns sharply here; elsewhere it moves smoothly.
    var isCorner: Bool
  }

  var points: [ControlPoint]

  /// Whether the pen comes back to where it began.
  var isClosed: Bool {
    let gap = points[0].position - points[points.count - 1].position
    return points.count > 4 && (gap * gap).sum() < 0.02
  }
}

/// One way of writing a character.
struct Glyph: Sendable {
  let strokes: [StrokeTemplate]

  /// Reads "x,y x,y* ... | x,y ...": points in hundredths, a star after a corner, a bar between strokes.
  init(_ notation: String) {
    strokes = notation.split(separator: "|").map { stroke in
      StrokeTemplate(
        points: stroke.split(separator: " ").map { point in
          let isCorner = point.hasSuffix("*")
          let numbers = (isCorner ? point.dropLast() : point).split(separator: ",").map { Float(String($0))! / 100 }
          precondition(numbers.count == 2, "Glyph: \"\(point)\" is no point")
          return StrokeTemplate.ControlPoint(position: Point(numbers[0], numbers[1]), isCorner: isCorner)
        })
    }
  }

  /// From the leftmost to the rightmost point of all strokes.
  var horizontalRange: ClosedRange<Float> {
    let xs = strokes.flatMap { $0.points.map(\.position.x) }
    return xs.min()!...xs.max()!
  }
}

/// The ways of writing each character, the usual one first.
enum Glyphs {
  static func forms(of character: Character) -> [Glyph] {
    guard let forms = all[character] else { preconditionFailure("Glyphs: there is no \"\(character)\"") }
    return forms
  }

  private static let all: [Character: [Glyph]] = {
    var all: [Character: [Glyph]] = [:]
    for alphabet in [digits, capitals, smallLetters] {
      for (character, notations) in alphabet { all[character] = notations.map(Glyph.init) }
    }
    return all
  }()
}
