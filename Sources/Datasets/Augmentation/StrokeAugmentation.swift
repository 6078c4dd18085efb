/// Strokes a pixel thicker or thinner: the largest or smallest value among a pixel and its four neighbours, each with its probability.
///
/// Ink is bright on a dark ground. Beyond the border there is nothing to compare with.
public struct StrokeWidthJitter: Augmentation, Codable, Hashable {
  /// Probability of thicker strokes (dilation).
  public let dilation: Float
  /// Probability of thinner strokes (erosion).
  public let erosion: Float

  public init(dilation: Float = 0.15, erosion: Float = 0.15) {
    precondition(
      dilation >= 0 && erosion >= 0 && dilation + erosion <= 1,
      "StrokeWidthJitter: the probabilities \(dilation) and \(erosion) must be at least 0 and together at most 1")
    self.dilation = dilation
    self.erosion = erosion
  }

  public func apply(to image: inout ImageBuffer, random: inout SplitMix64) {
    let draw = random.uniform()
    if draw < dilation {
      image = image.neighbourhood(max)
    } else if draw < dilation + erosion {
      image = image.neighbourhood(min)
    }
  }
}

/// Independent normal noise on every value, which stays within 0 ... 1.
public struct AdditiveNoise: Augmentation, Codable, Hashable {
  public let standardDeviation: Float

  public init(standardDeviation: Float = 0.03) {
    precondition(standardDeviation >= 0, "AdditiveNoise: the standard deviation \(standardDeviation) must be at least 0")
    self.standardDeviation = standardDeviation
  }

  public func apply(to image: inout ImageBuffer, random: inout SplitMix64) {
    guard standardDeviation > 0 else { return }
    for place in image.values.indices {
      image.values[place] = min(max(image.values[place] + standardDeviation * random.fastNormal(), 0), 1)
    }
  }
}

extension [any Augmentation] {
  /// What a hand varies from one character to the next: the augmentation of the system `handwritten-cnn` (section 3.2). No flips, which would
  /// make other characters.
  ///
  /// - Parameter size: height and width of the images; elastic displacements are given for 32 pixels and grow with it.
  public static func handwriting(size: Int = 32) -> [any Augmentation] {
    let unit = Float(size) / 32
    return [
      RandomAffine(), ElasticDeformation(sigma: 4 * unit, amplitude: 1.5 * unit), StrokeWidthJitter(), AdditiveNoise(),
    ]
  }
}

extension ImageBuffer {
  fileprivate func neighbourhood(_ choose: (Float, Float) -> Float) -> ImageBuffer {
    var result = self
    for row in 0..<height {
      for column in 0..<width {
        for channel in 0..<channels {
          var value = self[row, column, channel]
          if row > 0 { value = choose(value, self[row - 1, column, channel]) }
          if row + 1 < height { value = choose(value, self[row + 1, column, channel]) }
          if column > 0 { value = choose(value, self[row, column - 1, channel]) }
          if column + 1 < width { value = choose(value, self[row, column + 1, channel]) }
          result[row, column, channel] = value
        }
      }
    }
    return result
  }
}
