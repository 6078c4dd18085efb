import Foundation

/// A few operations on an image, drawn from a list of fifteen, all of one magnitude (Cubuk et al., 2020).
///
/// Magnitudes go from 0 to 10, and every operation gets stronger with them; each drawn operation is left out half of the time, as in the
/// common implementation ("rand-m7-mstd0.5-inc1"). What lies outside is mid-grey. Needs grey or RGB images with values in [0, 1].
public struct RandAugment: Augmentation, Codable, Hashable {
  /// Operations drawn for an image.
  public let operations: Int
  /// 0 ... 10.
  public let magnitude: Float
  /// Standard deviation of the magnitude from image to image.
  public let magnitudeDeviation: Float

  public init(operations: Int = 2, magnitude: Float = 9, magnitudeDeviation: Float = 0.5) {
    precondition(
      operations >= 0 && (0...10).contains(magnitude) && magnitudeDeviation >= 0,
      "RandAugment: \(operations) operations of magnitude \(magnitude) +- \(magnitudeDeviation); at least 0, and magnitudes from 0 to 10")
    self.operations = operations
    self.magnitude = magnitude
    self.magnitudeDeviation = magnitudeDeviation
  }

  private enum Operation: CaseIterable {
    case autoContrast, equalize, invert, rotate, posterize, solarize, solarizeAdd, color, contrast, brightness, sharpness, shearX, shearY
    case translateX, translateY
  }

  public func apply(to image: inout ImageBuffer, random: inout SplitMix64) {
    precondition(image.channels == 1 || image.channels == 3, "RandAugment: needs grey or RGB images, found \(image.channels) channels")
    for _ in 0..<operations {
      let operation = Operation.allCases[random.integer(below: Operation.allCases.count)]
      let isApplied = random.bernoulli(0.5)
      let level = min(max(random.normal(magnitude, magnitudeDeviation), 0), 10) / 10
      let sign: Float = random.bernoulli(0.5) ? -1 : 1
      if isApplied { Self.apply(operation, level, sign, to: &image) }
    }
  }

  private static func apply(_ operation: Operation, _ level: Float, _ sign: Float, to image: inout ImageBuffer) {
    /// How far brightness, contrast, colour and sharpness go from the image itself, which is 1.
    let factor = max(0.1, 1 + 0.9 * level * sign)
    switch operation {
    case .autoContrast: image.mapChannels { values in stretched(values) }
    case .equalize: image.mapChannels { values in equalized(values) }
    case .invert: for place in image.values.indices { image.values[place] = 1 - image.values[place] }
    case .posterize:
      let steps = exp2(Float(4 - Int(level * 4)))
      for place in image.values.indices {
        image.values[place] = (image.values[place] * 255 / (256 / steps)).rounded(.down) * (256 / steps) / 255
      }
    case .solarize:
      let threshold = 1 - level
      for place in image.values.indices where image.values[place] >= threshold { image.values[place] = 1 - image.values[place] }
    case .solarizeAdd:
      let addition = level * 110 / 255
      for place in image.values.indices where image.values[place] < 128.0 / 255 {
        image.values[place] = min(image.values[place] + addition, 1)
      }
    case .brightness: image.blend(with: { _ in 0 }, factor)
    case .contrast:
      let mean = image.greyMean
      image.blend(with: { _ in mean }, factor)
    case .color:
      let before = image
      image.blend(with: { before.grey($0 / before.channels) }, factor)
    case .sharpness:
      let smooth = image.smoothed
      image.blend(with: { smooth.values[$0] }, factor)
    case .rotate:
      let angle = sign * level * 30 * .pi / 180
      image.transform { (cos(angle) * $0 - sin(angle) * $1, sin(angle) * $0 + cos(angle) * $1) }
    case .shearX: image.transform { ($0, $1 + sign * level * 0.3 * $0) }
    case .shearY: image.transform { ($0 + sign * level * 0.3 * $1, $1) }
    case .translateX:
      let distance = sign * level * 0.45 * Float(image.width)
      image.transform { ($0, $1 + distance) }
    case .translateY:
      let distance = sign * level * 0.45 * Float(image.height)
      image.transform { ($0 + distance, $1) }
    }
  }

  /// Values stretched to the whole range.
  private static func stretched(_ values: [Float]) -> [Float] {
    guard let low = values.min(), let high = values.max(), high > low else { return values }
    return values.map { ($0 - low) / (high - low) }
  }

  /// Values replaced by their ranks among 256 levels.
  private static func equalized(_ values: [Float]) -> [Float] {
    let levels = values.map { Int(min(max($0, 0), 1) * 255 + 0.5) }
    var counts = [Int](repeating: 0, count: 256)
    for level in levels { counts[level] += 1 }
    var below = 0
    let cumulative = counts.map { count in
      below += count
      return below
    }
    guard let first = cumulative.first(where: { $0 > 0 }), first < values.count else { return values }
    return levels.map { Float(cumulative[$0] - first) / Float(values.count - first) }
  }
}

/// A rectangle of random size, shape and place filled with noise (Zhong et al., 2020).
public struct RandomErasing: Augmentation, Codable, Hashable {
  public let probability: Float
  /// Of the image's area.
  public let area: ClosedRange<Float>
  /// Height by width.
  public let aspect: ClosedRange<Float>

  public init(probability: Float = 0.25, area: ClosedRange<Float> = 0.02...1 / 3, aspect: ClosedRange<Float> = 0.3...1 / 0.3) {
    precondition((0...1).contains(probability), "RandomErasing: the probability \(probability) must be in 0 ... 1")
    precondition(area.lowerBound >= 0 && area.upperBound <= 1 && aspect.lowerBound > 0, "RandomErasing: area \(area) and aspect \(aspect)")
    self.probability = probability
    self.area = area
    self.aspect = aspect
  }

  public func apply(to image: inout ImageBuffer, random: inout SplitMix64) {
    guard random.bernoulli(probability) else { return }
    for _ in 0..<10 {
      let share = random.uniform(area.lowerBound, area.upperBound) * Float(image.height * image.width)
      let ratio = exp(random.uniform(log(aspect.lowerBound), log(aspect.upperBound)))
      let (height, width) = (Int((share * ratio).squareRoot().rounded()), Int((share / ratio).squareRoot().rounded()))
      guard height >= 1, width >= 1, height < image.height, width < image.width else { continue }
      let top = random.integer(below: image.height - height + 1)
      let left = random.integer(below: image.width - width + 1)
      for row in top..<top + height {
        for column in left..<left + width {
          for channel in 0..<image.channels { image[row, column, channel] = random.normal(0.5, 0.25) }
        }
      }
      return
    }
  }
}

extension ImageBuffer {
  /// The grey value of a pixel (ITU-R BT.601).
  fileprivate func grey(_ pixel: Int) -> Float {
    let start = pixel * channels
    guard channels == 3 else { return values[start] }
    return 0.299 * values[start] + 0.587 * values[start + 1] + 0.114 * values[start + 2]
  }

  fileprivate var greyMean: Float {
    let pixels = height * width
    return (0..<pixels).reduce(0) { $0 + grey($1) } / Float(max(pixels, 1))
  }

  /// other + factor (self - other), cut off to [0, 1].
  fileprivate mutating func blend(with other: (_ place: Int) -> Float, _ factor: Float) {
    for place in values.indices {
      let base = other(place)
      values[place] = min(max(base + factor * (values[place] - base), 0), 1)
    }
  }

  fileprivate mutating func mapChannels(_ change: ([Float]) -> [Float]) {
    for channel in 0..<channels {
      let places = stride(from: channel, to: values.count, by: channels)
      for (place, value) in zip(places, change(places.map { values[$0] })) { values[place] = value }
    }
  }

  /// The weighted mean of each pixel and its neighbours (5 for itself, 1 for each of the eight); the border stays as it is.
  fileprivate var smoothed: ImageBuffer {
    var result = self
    guard height > 2, width > 2 else { return result }
    for row in 1..<height - 1 {
      for column in 1..<width - 1 {
        for channel in 0..<channels {
          var sum = 4 * self[row, column, channel]
          for y in row - 1...row + 1 { for x in column - 1...column + 1 { sum += self[y, x, channel] } }
          result[row, column, channel] = sum / 13
        }
      }
    }
    return result
  }

  /// Each pixel of the result asks where it came from, in distances from the centre; what lies outside is mid-grey.
  fileprivate mutating func transform(_ source: (_ y: Float, _ x: Float) -> (y: Float, x: Float)) {
    let (middleY, middleX) = (Float(height - 1) / 2, Float(width - 1) / 2)
    // Sampling gives 0 outside: shifted so that mid-grey is 0.
    for place in values.indices { values[place] -= 0.5 }
    self = sampled { row, column in
      let (y, x) = source(Float(row) - middleY, Float(column) - middleX)
      return (middleY + y, middleX + x)
    }
    for place in values.indices { values[place] += 0.5 }
  }
}
