import Dispatch
import Foundation
import Tensors

/// Handwritten-looking characters, made rather than collected: for demonstrations, tests, and study of what a writer's hand does to a
/// classifier.
///
/// Characters are pen strokes designed for this library. A writer has a style (slant, size, pen, form of each letter, ...), and every sample
/// varies it; the model of deformation is that of the system `handwritten-cnn`. Ink is 255 on 0, in a frame that keeps the size of
/// characters, so that case can be told by it.
///
///     let (training, test) = Handwriting(.digits).splits(training: 10_000, test: 2_000, seed: 1)
public struct Handwriting: Sendable, Codable, Hashable {
  /// Which characters, and what their classes are.
  public enum Characters: String, Codable, Sendable, CaseIterable {
    case digits
    /// Capitals and small letters together in 26 classes.
    case letters
    case capitals
    case smallLetters = "small-letters"
    /// Capitals and small letters apart, in 52 classes.
    case letters52
    /// Digits, capitals and small letters, in 62 classes.
    case alphanumeric

    /// The characters of each class.
    var classes: [[Character]] {
      let digits = Array("0123456789")
      let capitals = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
      let small = Array("abcdefghijklmnopqrstuvwxyz")
      return switch self {
      case .digits: digits.map { [$0] }
      case .letters: zip(capitals, small).map { [$0, $1] }
      case .capitals: capitals.map { [$0] }
      case .smallLetters: small.map { [$0] }
      case .letters52: (capitals + small).map { [$0] }
      case .alphanumeric: (digits + capitals + small).map { [$0] }
      }
    }

    public var classNames: [String] { classes.map { String($0[0]) } }
  }

  public var characters: Characters
  /// Height and width of an image in pixels, in 8 ... 64.
  public var size: Int
  /// How many hands write the set.
  public var writers: Int
  /// How much the traits of an untrained hand show: angles, open loops, uneven proportions, head lines. 0 is practised, 1 a learner of the
  /// script.
  public var strength: Float

  public init(_ characters: Characters, size: Int = 28, writers: Int = 64, strength: Float = 0.5) {
    precondition((8...64).contains(size), "Handwriting: size \(size) must be in 8 ... 64")
    precondition(writers >= 1, "Handwriting: there must be a writer")
    precondition(strength >= 0 && strength <= 2, "Handwriting: strength \(strength) must be in 0 ... 2")
    self.characters = characters
    self.size = size
    self.writers = writers
    self.strength = strength
  }

  /// Samples of all classes in turn, each writer writing all before the next does.
  ///
  /// - Returns: features uint8 (count, size, size, 1), labels int32, groups int32: the number of the writer.
  public func dataset(count: Int, seed: Int) -> Dataset { dataset(count: count, seed: seed, firstWriter: 0, writers: writers, name: name) }

  /// Two sets by different writers: a fifth of them, and at least one, write the test set only.
  public func splits(training: Int, test: Int, seed: Int) -> (training: Dataset, test: Dataset) {
    let testWriters = max(1, writers / 5)
    return (
      dataset(count: training, seed: seed, firstWriter: 0, writers: max(1, writers - testWriters), name: "\(name) training"),
      dataset(count: test, seed: seed, firstWriter: writers, writers: testWriters, name: "\(name) test")
    )
  }

  private var name: String { "generated \(characters.rawValue)" }

  private func dataset(count: Int, seed: Int, firstWriter: Int, writers: Int, name: String) -> Dataset {
    let classes = characters.classes
    let pens = (0..<writers).map { Writer(seed: seed, number: firstWriter + $0, strength: strength) }
    @Sendable func writer(of index: Int) -> Int { index / classes.count % writers }
    let perImage = size * size
    let features = Tensor(shape: [count, size, size, 1], dtype: .uint8) { target in
      nonisolated(unsafe) let pixels = target.bindMemory(to: UInt8.self)
      let chunk = 256
      DispatchQueue.concurrentPerform(iterations: (count + chunk - 1) / chunk) { part in
        var rasterizer = Rasterizer(size: size)
        for index in part * chunk..<min((part + 1) * chunk, count) {
          let forms = classes[index % classes.count]
          var random = SplitMix64(seed: seed, 13, firstWriter, index)
          draw(
            forms[random.integer(below: forms.count)], by: pens[writer(of: index)], random: &random, rasterizer: &rasterizer,
            into: UnsafeMutableBufferPointer(rebasing: pixels[index * perImage..<(index + 1) * perImage]))
        }
      }
    }
    return Dataset(
      name: name, features: features, labels: Tensor((0..<count).map { Int32($0 % classes.count) }),
      groups: Tensor((0..<count).map { Int32(firstWriter + writer(of: $0)) }), classNames: characters.classNames)
  }

  private func draw(
    _ character: Character, by writer: Writer, random: inout SplitMix64, rasterizer: inout Rasterizer,
    into pixels: UnsafeMutableBufferPointer<UInt8>
  ) {
    var paths = writer.glyph(of: character).map { path(of: $0, by: writer, random: &random) }
    if writer.hasHeadLine, character.isLetter, random.bernoulli(0.7) {
      let xs = paths.flatMap { $0.points.map(\.x) }
      let bar = [Point(xs.min()! - 0.05, 1.06), Point(xs.max()! + 0.05, 1.06 + random.normal(0, 0.02))]
      paths.append(PenPath(resampling: bar))
    }
    place(&paths, by: writer, random: &random)
    let unit = Float(size) / 32
    rasterizer.draw(
      paths, penWidth: writer.penWidth * exp(random.normal(0, 0.1)) * unit, edgeBlur: writer.edgeBlur * max(unit, 0.6), ink: writer.ink,
      noise: 0.03, random: &random, into: pixels)
  }

  /// One stroke with all that happens to it before it is put into its place.
  private func path(of template: StrokeTemplate, by writer: Writer, random: inout SplitMix64) -> PenPath {
    var template = template
    for index in template.points.indices { template.points[index].position += 0.018 * Point(random.fastNormal(), random.fastNormal()) }
    var path = PenPath(following: template)
    if writer.isAngular && template.points.count > 3 { path.makeAngular() }
    if template.isClosed && random.bernoulli(writer.gapProbability) {
      path.points.removeLast(1 + random.integer(below: 4))
    }
    path.bow(by: writer.curvature + random.normal(0, 0.05))
    if path.length > 0.2 { path.overshoot(by: writer.overshoot * 0.5 + random.normal(0, 0.015)) }
    if writer.proportionJitter > 0 {
      let s = writer.proportionJitter
      let angle = random.normal(0, 0.8 * s)
      let (sine, cosine) = (sin(angle), cos(angle))
      let scale = Point(exp(random.normal(0, s)), exp(random.normal(0, s)))
      let shift = Point(random.normal(0, 0.35 * s), random.normal(0, 0.35 * s))
      let center = path.points.reduce(.zero, +) / Float(path.points.count)
      for index in path.points.indices {
        let offset = (path.points[index] - center) * scale
        path.points[index] = center + shift + Point(cosine * offset.x - sine * offset.y, sine * offset.x + cosine * offset.y)
      }
    }
    path.tremble(writer.tremor + 0.004, random: &random)
    return path
  }

  /// From the plane of the templates to pixels.
  private func place(_ paths: inout [PenPath], by writer: Writer, random: inout SplitMix64) {
    var (left, right) = (Float.infinity, -Float.infinity)
    for path in paths {
      for point in path.points {
        left = min(left, point.x)
        right = max(right, point.x)
      }
    }
    let extent = Float(size)
    let angle = writer.rotation + random.normal(0, 0.05)
    let (sine, cosine) = (sin(angle), cos(angle))
    let slant = writer.slant + random.normal(0, 0.05)
    let aspect = writer.aspect * exp(random.normal(0, 0.05))
    let scale = writer.size * 0.8 * extent * exp(random.normal(0, 0.06))
    let center = Point((extent - 1) / 2 + random.normal(0, 0.035 * extent), 0.52 * extent - 0.5 + random.normal(0, 0.035 * extent))
    for path in paths.indices {
      for index in paths[path].points.indices {
        var point = paths[path].points[index]
        point.x = (point.x - (left + right) / 2) * aspect + slant * (point.y - 0.5)
        point.y -= 0.4
        let turned = Point(cosine * point.x - sine * point.y, sine * point.x + cosine * point.y)
        paths[path].points[index] = center + scale * Point(turned.x, -turned.y)
      }
    }
  }
}
