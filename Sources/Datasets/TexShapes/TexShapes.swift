import Foundation
import Tensors

/// Drawn pictures of striped shapes: five shapes times two directions of their stripes make ten classes.
///
/// Stripes of 2.6 to 4 pixels can only be told at full resolution, shapes only by looking far: a network needs both. Colours, places, sizes, periods and
/// phases are random, so that nothing but shape and direction helps.
public struct TexShapes: Sendable, Hashable, Codable {
  public enum Form: Int, Sendable, Hashable, Codable, CaseIterable { case disk, square, triangle, cross, ring }

  /// Pixels a side.
  public var side: Int
  /// Standard deviation of the noise on every value.
  public var noise: Float

  /// - Parameter side: at least 8.
  public init(side: Int = 20, noise: Float = 0.06) {
    precondition(side >= 8 && noise >= 0, "TexShapes: a side of \(side) pixels and noise of \(noise); at least 8 and 0 are needed")
    self.side = side
    self.noise = noise
  }

  /// The label is the shape's number, plus five where the stripes run along columns.
  public static let classNames = ["rows", "columns"].flatMap { stripes in Form.allCases.map { "\($0) with stripes along \(stripes)" } }

  /// Pictures of all classes, equally many of each (the first classes have one more where the number does not divide).
  /// - Parameter first: the number of the first picture: pictures with other numbers are others.
  /// - Returns: features float32 (count, side, side, 3), about -0.5 ... 0.5; labels int32.
  public func dataset(_ count: Int, from first: Int = 0, seed: Int) -> Dataset {
    let classCount = Self.classNames.count
    let labels = (0..<count).map { Int32($0 % classCount) }
    let size = side * side * 3
    let features = Tensor(shape: [count, side, side, 3], dtype: .float32) { bytes in
      let values = bytes.bindMemory(to: Float.self)
      for index in 0..<count {
        var random = SplitMix64(seed: seed, 0x7465_7873, first + index)
        draw(
          label: Int(labels[index]), into: UnsafeMutableBufferPointer(rebasing: values[index * size..<(index + 1) * size]), random: &random)
      }
    }
    return Dataset(name: "texshapes", features: features, labels: Tensor(labels), classNames: Self.classNames)
  }

  /// Training and test pictures.
  public func splits(training: Int, test: Int, seed: Int) -> (training: Dataset, test: Dataset) {
    (dataset(training, seed: seed), dataset(test, from: training, seed: seed))
  }

  private func draw(label: Int, into values: UnsafeMutableBufferPointer<Float>, random: inout SplitMix64) {
    let form = Form(rawValue: label % Form.allCases.count)!
    let extent = Float(side)
    let radius = random.uniform(0.24, 0.36) * extent
    let centre = (x: random.uniform(radius, extent - radius), y: random.uniform(radius, extent - radius))
    let (inner, outer) = colours(&random)
    let stripes = Wave(isAlongColumns: label >= Form.allCases.count, period: 2.6...4, amplitude: 0.45, random: &random)
    let ground = Wave(isAlongColumns: random.bernoulli(0.5), period: 6...14, amplitude: 0.25, random: &random)
    for row in 0..<side {
      for column in 0..<side {
        let (u, v) = ((Float(column) + 0.5 - centre.x) / radius, (Float(row) + 0.5 - centre.y) / radius)
        let isInside = form.contains(u, v)
        let wave = isInside ? stripes : ground
        let brightness = wave(row: row, column: column)
        let colour = isInside ? inner : outer
        for channel in 0..<3 {
          values[(row * side + column) * 3 + channel] = colour[channel] * brightness - 0.5 + random.normal(0, noise)
        }
      }
    }
  }

  /// Two colours that differ by 0.9 or more in all.
  private func colours(_ random: inout SplitMix64) -> (inner: [Float], outer: [Float]) {
    while true {
      let one = (0..<3).map { _ in random.uniform() }
      let other = (0..<3).map { _ in random.uniform() }
      if zip(one, other).reduce(0, { $0 + abs($1.0 - $1.1) }) >= 0.9 { return (one, other) }
    }
  }

  /// Brightness that varies along rows (from row to row) or along columns.
  private struct Wave {
    let isAlongColumns: Bool
    let period: Float
    let phase: Float
    let amplitude: Float

    init(isAlongColumns: Bool, period: ClosedRange<Float>, amplitude: Float, random: inout SplitMix64) {
      self.isAlongColumns = isAlongColumns
      self.period = random.uniform(period.lowerBound, period.upperBound)
      phase = random.uniform(0, 2 * .pi)
      self.amplitude = amplitude
    }

    func callAsFunction(row: Int, column: Int) -> Float {
      1 + amplitude * sin(2 * .pi * Float(isAlongColumns ? column : row) / period + phase)
    }
  }
}

extension TexShapes.Form {
  /// Whether a point belongs to the shape of radius 1 around the origin; v grows downwards.
  func contains(_ u: Float, _ v: Float) -> Bool {
    switch self {
    case .disk: u * u + v * v <= 1
    case .square: abs(u) <= 0.82 && abs(v) <= 0.82
    case .triangle: v >= -1 && v <= 0.8 && abs(u) <= (v + 1) / 1.8
    case .cross: (abs(u) <= 0.33 && abs(v) <= 1) || (abs(v) <= 0.33 && abs(u) <= 1)
    case .ring: (0.3...1).contains(u * u + v * v)
    }
  }
}
