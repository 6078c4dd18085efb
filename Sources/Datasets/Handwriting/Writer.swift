import Foundation

/// What all characters by one hand have in common.
///
/// Distributions after the model of writers in the specification of the system `handwritten-cnn` (section 6, synthetic generator).
struct Writer: Sendable {
  /// Shear of the upper end to the right, in heights.
  let slant: Float
  /// Width by height, of what the templates show.
  let aspect: Float
  /// Height of a capital, of 0.8 image heights.
  let size: Float
  /// Width of the pen, in 32nds of the image's height.
  let penWidth: Float
  let tremor: Float
  /// In radians.
  let rotation: Float
  /// How much straight strokes bow.
  let curvature: Float
  /// How far strokes go on after their end, in heights; negative where they stop early.
  let overshoot: Float
  /// How likely a loop stays open.
  let gapProbability: Float
  /// Darkness of full ink.
  let ink: Float
  /// Half the width of the soft edge of a stroke, in 32nds of the image's height.
  let edgeBlur: Float
  /// How far strokes of a character vary against each other.
  let proportionJitter: Float
  /// Draws straight between a few corners.
  let isAngular: Bool
  /// Used to a script whose words hang from a line, and tends to draw it.
  let hasHeadLine: Bool

  private let seed: Int
  private let number: Int

  /// - Parameter strength: how much the traits of an untrained hand show; 0 is a practised one.
  init(seed: Int, number: Int, strength: Float) {
    self.seed = seed
    self.number = number
    var random = SplitMix64(seed: seed, 11, number)
    slant = random.normal(0.06, 0.15)
    aspect = exp(random.normal(0, 0.13))
    size = random.normal(0.74, 0.06)
    penWidth = min(max(random.normal(1.6, 0.45), 0.8), 3)
    rotation = random.normal(0, 0.05)
    ink = random.uniform(0.7, 1)
    edgeBlur = random.uniform(0.4, 0.9)
    tremor = abs(random.normal(0, 0.012))
    curvature = random.normal(0, 0.07)
    overshoot = random.normal(0, 0.05)
    gapProbability = strength * random.uniform(0, 0.5)
    proportionJitter = strength * abs(random.normal(0.06, 0.03))
    isAngular = random.bernoulli(0.25 * strength)
    hasHeadLine = random.bernoulli(0.12 * strength)
  }

  /// This writer's own version of a character: a choice among its forms, with every point a little elsewhere.
  func glyph(of character: Character) -> [StrokeTemplate] {
    let forms = Glyphs.forms(of: character)
    var random = SplitMix64(seed: seed, 12, number, Int(character.unicodeScalars.first!.value))
    // The usual form is a little more usual.
    let choice = max(random.integer(below: forms.count + 1) - 1, 0)
    return forms[choice].strokes.map { stroke in
      var stroke = stroke
      for index in stroke.points.indices {
        stroke.points[index].position += Point(random.normal(0, 0.025), random.normal(0, 0.025))
      }
      return stroke
    }
  }
}
