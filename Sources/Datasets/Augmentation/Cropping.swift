import Foundation

/// What stands beyond the border of an image.
public enum Border: Codable, Hashable, Sendable {
  /// One value everywhere.
  case constant(Float)
  /// The nearest pixel of the border.
  case edge
  /// The image mirrored at its border, whose own pixels are not repeated.
  case reflection

  /// The pixel along an axis of `extent` that stands for `position`; nil for the constant.
  func source(_ position: Int, extent: Int) -> Int? {
    if position >= 0 && position < extent { return position }
    switch self {
    case .constant: return nil
    case .edge: return min(max(position, 0), extent - 1)
    case .reflection:
      guard extent > 1 else { return 0 }
      let period = 2 * (extent - 1)
      let place = ((position % period) + period) % period
      return place < extent ? place : period - place
    }
  }

  var constantValue: Float { if case .constant(let value) = self { value } else { 0 } }
}

/// A window of the image, padded on all sides before, at a place that is uniform among all that fit.
///
/// With a padding of 4 and no size it is the augmentation usual for CIFAR (He et al., 2016).
public struct RandomCrop: Augmentation, Codable, Hashable {
  /// Height of the window in pixels; nil keeps the image's.
  public let height: Int?
  /// Width of the window in pixels; nil keeps the image's.
  public let width: Int?
  /// Pixels added on each side, at least 0.
  public let padding: Int
  public let border: Border

  public init(height: Int? = nil, width: Int? = nil, padding: Int = 0, border: Border = .constant(0)) {
    precondition(padding >= 0, "RandomCrop: the padding \(padding) must be at least 0")
    precondition((height ?? 1) >= 1 && (width ?? 1) >= 1, "RandomCrop: a window of \(height ?? 0) x \(width ?? 0) must be positive")
    self.height = height
    self.width = width
    self.padding = padding
    self.border = border
  }

  public func outputSize(for size: (height: Int, width: Int)) -> (height: Int, width: Int) {
    let result = (height: height ?? size.height, width: width ?? size.width)
    precondition(
      result.height <= size.height + 2 * padding && result.width <= size.width + 2 * padding,
      "RandomCrop: a window of \(result.height) x \(result.width) does not fit \(size.height) x \(size.width) with a padding of \(padding)")
    return result
  }

  public func apply(to image: inout ImageBuffer, random: inout SplitMix64) {
    let size = outputSize(for: (image.height, image.width))
    let top = random.integer(below: image.height + 2 * padding - size.height + 1) - padding
    let left = random.integer(below: image.width + 2 * padding - size.width + 1) - padding
    image = image.window(top: top, left: left, height: size.height, width: size.width, border: border)
  }
}

/// A window of random area and shape, resized bilinearly to a fixed size (Szegedy et al., 2015).
public struct RandomResizedCrop: Augmentation, Codable, Hashable {
  public let height: Int
  public let width: Int
  /// Share of the image's area, within 0 ... 1; uniform.
  public let area: ClosedRange<Float>
  /// Width by height; its logarithm is uniform.
  public let aspect: ClosedRange<Float>

  public init(height: Int, width: Int, area: ClosedRange<Float> = 0.08...1, aspect: ClosedRange<Float> = 0.75...4 / 3) {
    precondition(height >= 1 && width >= 1, "RandomResizedCrop: a size of \(height) x \(width) must be positive")
    precondition(area.lowerBound > 0 && area.upperBound <= 1, "RandomResizedCrop: shares of the area \(area) must be within 0 ... 1")
    precondition(aspect.lowerBound > 0, "RandomResizedCrop: aspects \(aspect) must be positive")
    self.height = height
    self.width = width
    self.area = area
    self.aspect = aspect
  }

  public func outputSize(for size: (height: Int, width: Int)) -> (height: Int, width: Int) { (height, width) }

  public func apply(to image: inout ImageBuffer, random: inout SplitMix64) {
    let total = Float(image.height * image.width)
    // A window that does not fit is drawn again; after ten, the whole image serves.
    for _ in 0..<10 {
      let share = total * random.uniform(area.lowerBound, area.upperBound)
      let shape = exp(random.uniform(log(aspect.lowerBound), log(aspect.upperBound)))
      let columns = Int((share * shape).squareRoot().rounded())
      let rows = Int((share / shape).squareRoot().rounded())
      guard rows >= 1, columns >= 1, rows <= image.height, columns <= image.width else { continue }
      let top = random.integer(below: image.height - rows + 1)
      let left = random.integer(below: image.width - columns + 1)
      image = image.resampled(top: top, left: left, rows: rows, columns: columns, height: height, width: width)
      return
    }
    image = image.resampled(top: 0, left: 0, rows: image.height, columns: image.width, height: height, width: width)
  }
}

extension ImageBuffer {
  func window(top: Int, left: Int, height: Int, width: Int, border: Border) -> ImageBuffer {
    var result = ImageBuffer(height: height, width: width, channels: channels)
    let fill = border.constantValue
    let columns = (0..<width).map { border.source(left + $0, extent: self.width) }
    for row in 0..<height {
      let sourceRow = border.source(top + row, extent: self.height)
      for column in 0..<width {
        let target = (row * width + column) * channels
        if let sourceRow, let sourceColumn = columns[column] {
          let source = (sourceRow * self.width + sourceColumn) * channels
          for channel in 0..<channels { result.values[target + channel] = values[source + channel] }
        } else {
          for channel in 0..<channels { result.values[target + channel] = fill }
        }
      }
    }
    return result
  }

  /// A window, bilinearly at another size; pixels have their centres at halves.
  func resampled(top: Int, left: Int, rows: Int, columns: Int, height: Int, width: Int) -> ImageBuffer {
    var result = ImageBuffer(height: height, width: width, channels: channels)
    func taps(_ position: Int, _ from: Int, _ extent: Int, _ target: Int) -> (low: Int, high: Int, share: Float) {
      let place = min(max((Float(position) + 0.5) * Float(extent) / Float(target) - 0.5, 0), Float(extent - 1))
      let low = Int(place)
      return (from + low, from + min(low + 1, extent - 1), place - Float(low))
    }
    for row in 0..<height {
      let y = taps(row, top, rows, height)
      for column in 0..<width {
        let x = taps(column, left, columns, width)
        for channel in 0..<channels {
          let upper = self[y.low, x.low, channel] * (1 - x.share) + self[y.low, x.high, channel] * x.share
          let lower = self[y.high, x.low, channel] * (1 - x.share) + self[y.high, x.high, channel] * x.share
          result[row, column, channel] = upper * (1 - y.share) + lower * y.share
        }
      }
    }
    return result
  }
}
