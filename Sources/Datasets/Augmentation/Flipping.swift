/// The image mirrored left to right, with a probability. Not for characters: it turns b into d.
public struct HorizontalFlip: Augmentation, Codable, Hashable {
  /// In 0 ... 1.
  public let probability: Float

  public init(probability: Float = 0.5) {
    precondition((0...1).contains(probability), "HorizontalFlip: the probability \(probability) must be in 0 ... 1")
    self.probability = probability
  }

  public func apply(to image: inout ImageBuffer, random: inout SplitMix64) {
    guard random.bernoulli(probability) else { return }
    for row in 0..<image.height {
      for column in 0..<image.width / 2 { image.swapPixels(row, column, row, image.width - 1 - column) }
    }
  }
}

/// The image turned upside down as in a lake, with a probability.
public struct VerticalFlip: Augmentation, Codable, Hashable {
  /// In 0 ... 1.
  public let probability: Float

  public init(probability: Float = 0.5) {
    precondition((0...1).contains(probability), "VerticalFlip: the probability \(probability) must be in 0 ... 1")
    self.probability = probability
  }

  public func apply(to image: inout ImageBuffer, random: inout SplitMix64) {
    guard random.bernoulli(probability) else { return }
    for row in 0..<image.height / 2 {
      for column in 0..<image.width { image.swapPixels(row, column, image.height - 1 - row, column) }
    }
  }
}

extension ImageBuffer {
  fileprivate mutating func swapPixels(_ row: Int, _ column: Int, _ otherRow: Int, _ otherColumn: Int) {
    let start = (row * width + column) * channels
    let other = (otherRow * width + otherColumn) * channels
    for channel in 0..<channels { values.swapAt(start + channel, other + channel) }
  }
}
