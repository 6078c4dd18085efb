import Foundation

/// The image turned, scaled, sheared and shifted about its centre by random amounts, each uniform between minus and plus its limit.
///
/// What lies outside is 0. Defaults are those of the system `handwritten-cnn` (section 3.2).
public struct RandomAffine: Augmentation, Codable, Hashable {
  /// Largest rotation in degrees, either way.
  public let rotation: Float
  /// The factor of the size.
  public let scale: ClosedRange<Float>
  /// Largest shift of a column by its distance from the centre's row, as a share of that distance.
  public let shear: Float
  /// Largest shift along each axis, as a share of the image's extent.
  public let shift: Float
  /// In 0 ... 1.
  public let probability: Float

  public init(
    rotation: Float = 12, scale: ClosedRange<Float> = 0.88...1.12, shear: Float = 0.12, shift: Float = 0.08, probability: Float = 1
  ) {
    precondition(rotation >= 0 && shear >= 0 && shift >= 0, "RandomAffine: limits must be at least 0")
    precondition(scale.lowerBound > 0, "RandomAffine: the scale \(scale) must be positive")
    precondition((0...1).contains(probability), "RandomAffine: the probability \(probability) must be in 0 ... 1")
    self.rotation = rotation
    self.scale = scale
    self.shear = shear
    self.shift = shift
    self.probability = probability
  }

  public func apply(to image: inout ImageBuffer, random: inout SplitMix64) {
    guard random.bernoulli(probability) else { return }
    let angle = random.uniform(-rotation, rotation) * .pi / 180
    let factor = random.uniform(scale.lowerBound, scale.upperBound)
    let slant = random.uniform(-shear, shear)
    let down = random.uniform(-shift, shift) * Float(image.height)
    let right = random.uniform(-shift, shift) * Float(image.width)
    let (sine, cosine) = (sin(angle), cos(angle))
    let (middleY, middleX) = (Float(image.height - 1) / 2, Float(image.width - 1) / 2)
    // Every pixel of the result asks where it came from, so the map is the inverse one: shift, rotation, scale and shear undone in this order.
    image = image.sampled { row, column in
      let y = Float(row) - middleY - down
      let x = Float(column) - middleX - right
      let turnedX = (cosine * x + sine * y) / factor
      let turnedY = (cosine * y - sine * x) / factor
      return (middleY + turnedY, middleX + turnedX - slant * turnedY)
    }
  }
}

/// The image as on a rubber sheet: every pixel displaced by noise that a Gaussian has smoothed (Simard et al., 2003).
///
/// What lies outside is 0. Defaults are those of the system `handwritten-cnn` (section 3.2).
public struct ElasticDeformation: Augmentation, Codable, Hashable {
  /// Standard deviation of the Gaussian, in pixels: over which distance the sheet moves as one.
  public let sigma: Float
  /// Standard deviation of the displacement along each axis, in pixels, at every place of the image.
  public let amplitude: Float
  /// In 0 ... 1.
  public let probability: Float

  public init(sigma: Float = 4, amplitude: Float = 1.5, probability: Float = 0.3) {
    precondition(sigma > 0 && amplitude >= 0, "ElasticDeformation: sigma \(sigma) must be positive, the amplitude \(amplitude) at least 0")
    precondition((0...1).contains(probability), "ElasticDeformation: the probability \(probability) must be in 0 ... 1")
    self.sigma = sigma
    self.amplitude = amplitude
    self.probability = probability
  }

  public func apply(to image: inout ImageBuffer, random: inout SplitMix64) {
    guard random.bernoulli(probability) else { return }
    let (height, width) = (image.height, image.width)
    let down = field(height: height, width: width, random: &random)
    let right = field(height: height, width: width, random: &random)
    image = image.sampled { row, column in
      (Float(row) + down[row * width + column], Float(column) + right[row * width + column])
    }
  }

  /// Smoothed noise of the given standard deviation at every place, the border included.
  package func field(height: Int, width: Int, random: inout SplitMix64) -> [Float] {
    let noise = (0..<height * width).map { _ in random.fastNormal() }
    let rows = taps(extent: height)
    let columns = taps(extent: width)
    var smoothed = [Float](repeating: 0, count: height * width)
    for row in 0..<height {
      for column in 0..<width {
        var sum: Float = 0
        for (source, weight) in columns[column] { sum += weight * noise[row * width + source] }
        smoothed[row * width + column] = sum
      }
    }
    var result = [Float](repeating: 0, count: height * width)
    for row in 0..<height {
      for (source, weight) in rows[row] {
        for column in 0..<width { result[row * width + column] += weight * smoothed[source * width + column] }
      }
    }
    return result.map { $0 * amplitude }
  }

  /// The Gaussian around each place of an axis, scaled so that the squares of its weights add up to 1: noise keeps its variance, also where
  /// the border cuts the Gaussian.
  private func taps(extent: Int) -> [[(source: Int, weight: Float)]] {
    let reach = Int((3 * sigma).rounded(.up))
    return (0..<extent).map { place in
      let sources = max(place - reach, 0)...min(place + reach, extent - 1)
      let weights = sources.map { exp(-Float(($0 - place) * ($0 - place)) / (2 * sigma * sigma)) }
      let norm = weights.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return zip(sources, weights).map { ($0, $1 / norm) }
    }
  }
}

extension ImageBuffer {
  /// The image whose pixel (row, column) is the bilinear sample of this one at the place that `source` gives; 0 outside.
  func sampled(_ source: (_ row: Int, _ column: Int) -> (y: Float, x: Float)) -> ImageBuffer {
    var result = ImageBuffer(height: height, width: width, channels: channels)
    for row in 0..<height {
      for column in 0..<width {
        let (y, x) = source(row, column)
        guard y > -1, x > -1, y < Float(height), x < Float(width) else { continue }
        let (top, left) = (Int(y.rounded(.down)), Int(x.rounded(.down)))
        let (downShare, rightShare) = (y - Float(top), x - Float(left))
        let target = (row * width + column) * channels
        for (sourceRow, rowShare) in [(top, 1 - downShare), (top + 1, downShare)] where rowShare > 0 && sourceRow >= 0 && sourceRow < height
        {
          for (sourceColumn, share) in [(left, (1 - rightShare) * rowShare), (left + 1, rightShare * rowShare)]
          where share > 0 && sourceColumn >= 0 && sourceColumn < width {
            let start = (sourceRow * width + sourceColumn) * channels
            for channel in 0..<channels { result.values[target + channel] += share * values[start + channel] }
          }
        }
      }
    }
    return result
  }
}
