import Tensors

/// An image of 8-bit samples in memory: rows from the top, channels last (1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha).
public struct RasterImage: Sendable, Hashable {
  public let height: Int
  public let width: Int
  public let channels: Int
  public let pixels: [UInt8]

  /// Images beyond this many pixels are refused before room is made for them.
  static let maximumPixelCount = 1 << 28

  public init(height: Int, width: Int, channels: Int, pixels: [UInt8]) {
    precondition((1...4).contains(channels), "RasterImage: \(channels) channels, must be 1 ... 4")
    precondition(
      pixels.count == height * width * channels, "RasterImage: \(pixels.count) samples do not fill \(height) x \(width) x \(channels)")
    self.height = height
    self.width = width
    self.channels = channels
    self.pixels = pixels
  }

  /// uint8 (height, width, channels).
  public var tensor: Tensor { Tensor(bytes: pixels, shape: [height, width, channels], dtype: .uint8) }
}

extension RasterImage {
  /// The image in grey (1) or RGB (3). Grey is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601); transparent parts lie over white.
  public func converted(toChannels target: Int) -> RasterImage {
    precondition(target == 1 || target == 3, "RasterImage.converted: \(target) channels, must be 1 or 3")
    if target == channels { return self }
    let isColor = channels >= 3
    let hasAlpha = channels == 2 || channels == 4
    var result = [UInt8](repeating: 0, count: height * width * target)
    for pixel in 0..<height * width {
      let start = pixel * channels
      let alpha = hasAlpha ? Int(pixels[start + channels - 1]) : 255
      func sample(_ channel: Int) -> Int {
        (Int(pixels[start + (isColor ? channel : 0)]) * alpha + 255 * (255 - alpha) + 127) / 255
      }
      if target == 3 {
        for channel in 0..<3 { result[pixel * 3 + channel] = UInt8(sample(channel)) }
      } else if isColor {
        result[pixel] = UInt8((299 * sample(0) + 587 * sample(1) + 114 * sample(2) + 500) / 1000)
      } else {
        result[pixel] = UInt8(sample(0))
      }
    }
    return RasterImage(height: height, width: width, channels: target, pixels: result)
  }

  /// The image at another size: the mean of the area that a pixel covers where it shrinks, bilinear where it grows.
  public func resized(height newHeight: Int, width newWidth: Int) -> RasterImage {
    precondition(newHeight >= 1 && newWidth >= 1, "RasterImage.resized: \(newHeight) x \(newWidth) must be positive")
    let rows = Self.weights(from: height, to: newHeight)
    let columns = Self.weights(from: width, to: newWidth)
    var narrow = [Float](repeating: 0, count: height * newWidth * channels)
    for row in 0..<height {
      for (column, taps) in columns.enumerated() {
        for channel in 0..<channels {
          var sum: Float = 0
          for (source, weight) in taps { sum += weight * Float(pixels[(row * width + source) * channels + channel]) }
          narrow[(row * newWidth + column) * channels + channel] = sum
        }
      }
    }
    var result = [UInt8](repeating: 0, count: newHeight * newWidth * channels)
    let stride = newWidth * channels
    for (row, taps) in rows.enumerated() {
      for position in 0..<stride {
        var sum: Float = 0
        for (source, weight) in taps { sum += weight * narrow[source * stride + position] }
        result[row * stride + position] = UInt8(min(max(sum + 0.5, 0), 255))
      }
    }
    return RasterImage(height: newHeight, width: newWidth, channels: channels, pixels: result)
  }

  /// For each new position along an axis, the old ones that it is made of.
  private static func weights(from old: Int, to new: Int) -> [[(source: Int, weight: Float)]] {
    let scale = Float(old) / Float(new)
    return (0..<new).map { position in
      if new >= old {
        let place = min(max((Float(position) + 0.5) * scale - 0.5, 0), Float(old - 1))
        let source = min(Int(place), old - 1)
        let share = place - Float(source)
        guard share > 0 else { return [(source: source, weight: 1)] }
        return [(source: source, weight: 1 - share), (source: source + 1, weight: share)]
      }
      let start = Float(position) * scale
      let end = Float(position + 1) * scale
      return (Int(start)...Swift.min(Int(end), old - 1)).compactMap { source in
        let covered = min(end, Float(source + 1)) - max(start, Float(source))
        return covered > 1e-6 ? (source: source, weight: covered / scale) : nil
      }
    }
  }
}
