/// Squares of the image blotted out; their centres are uniform in the image, beyond whose border they may reach (DeVries and Taylor, 2017).
public struct Cutout: Augmentation, Codable, Hashable {
  /// Side of a square in pixels; 0 does nothing.
  public let size: Int
  /// Number of squares.
  public let count: Int
  /// What stands in them.
  public let fill: Float

  public init(size: Int, count: Int = 1, fill: Float = 0) {
    precondition(size >= 0 && count >= 0, "Cutout: size \(size) and count \(count) must be at least 0")
    self.size = size
    self.count = count
    self.fill = fill
  }

  public func apply(to image: inout ImageBuffer, random: inout SplitMix64) {
    for _ in 0..<count {
      let top = random.integer(below: image.height) - size / 2
      let left = random.integer(below: image.width) - size / 2
      let columns = max(left, 0)..<max(min(left + size, image.width), max(left, 0))
      for row in max(top, 0)..<max(min(top + size, image.height), max(top, 0)) {
        for column in columns {
          for channel in 0..<image.channels { image[row, column, channel] = fill }
        }
      }
    }
  }
}
