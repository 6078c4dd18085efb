/// One image while it is being prepared: float32, channels last, row-major, values normally in [0, 1].
public struct ImageBuffer: Sendable {
  public private(set) var height: Int
  public private(set) var width: Int
  public let channels: Int
  /// height * width * channels values.
  public var values: [Float]

  public init(height: Int, width: Int, channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
    values = Array(repeating: 0, count: height * width * channels)
  }

  public init(height: Int, width: Int, channels: Int, values: [Float]) {
    precondition(
      values.count == height * width * channels, "ImageBuffer: \(values.count) values do not fill \(height) x \(width) x \(channels)")
    self.height = height
    self.width = width
    self.channels = channels
    self.values = values
  }

  /// Changes the extents; the values are undefined afterwards.
  public mutating func resize(height: Int, width: Int) {
    self.height = height
    self.width = width
    let count = height * width * channels
    if values.count != count { values = Array(repeating: 0, count: count) }
  }

  public subscript(row: Int, column: Int, channel: Int) -> Float {
    get { values[(row * width + column) * channels + channel] }
    set { values[(row * width + column) * channels + channel] = newValue }
  }
}

/// A random change of an image that leaves its label true.
public protocol Augmentation: Sendable {
  /// Changes the image. All randomness comes from `random`, which the seed, the epoch and the sample fix.
  func apply(to image: inout ImageBuffer, random: inout SplitMix64)
  /// The extents of the result.
  func outputSize(for size: (height: Int, width: Int)) -> (height: Int, width: Int)
}

extension Augmentation {
  public func outputSize(for size: (height: Int, width: Int)) -> (height: Int, width: Int) { size }
}
