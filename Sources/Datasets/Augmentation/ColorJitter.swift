/// Brightness, contrast, saturation and hue changed by random amounts, in random order (Howard, 2013).
///
/// Values stay within 0 ... 1. A grey image has neither saturation nor hue to change.
public struct ColorJitter: Augmentation, Codable, Hashable {
  /// The factor of all values is uniform in 1 - brightness ... 1 + brightness, but at least 0.
  public let brightness: Float
  /// The factor of the distance from the image's mean grey, likewise.
  public let contrast: Float
  /// The factor of the distance from the pixel's own grey, likewise.
  public let saturation: Float
  /// Turns the hue by up to this share of the circle either way, in 0 ... 0.5.
  public let hue: Float

  public init(brightness: Float = 0, contrast: Float = 0, saturation: Float = 0, hue: Float = 0) {
    precondition(
      brightness >= 0 && contrast >= 0 && saturation >= 0,
      "ColorJitter: brightness \(brightness), contrast \(contrast) and saturation \(saturation) must be at least 0")
    precondition((0...0.5).contains(hue), "ColorJitter: the hue \(hue) must be in 0 ... 0.5")
    self.brightness = brightness
    self.contrast = contrast
    self.saturation = saturation
    self.hue = hue
  }

  public func apply(to image: inout ImageBuffer, random: inout SplitMix64) {
    precondition(image.channels == 1 || image.channels == 3, "ColorJitter: needs grey or RGB images, found \(image.channels) channels")
    for step in random.permutation(4) {
      switch step {
      case 0:
        let factor = Self.factor(brightness, &random)
        if factor != 1 { for place in image.values.indices { image.values[place] = Self.clamped(image.values[place] * factor) } }
      case 1:
        let factor = Self.factor(contrast, &random)
        if factor != 1 { Self.changeContrast(of: &image, by: factor) }
      case 2:
        let factor = Self.factor(saturation, &random)
        if factor != 1, image.channels == 3 { Self.changeSaturation(of: &image, by: factor) }
      default:
        let turn = random.uniform(-hue, hue)
        if turn != 0, image.channels == 3 { Self.turnHue(of: &image, by: turn) }
      }
    }
  }

  private static func factor(_ amount: Float, _ random: inout SplitMix64) -> Float { random.uniform(max(1 - amount, 0), 1 + amount) }

  private static func clamped(_ value: Float) -> Float { min(max(value, 0), 1) }

  /// ITU-R BT.601.
  private static func grey(_ image: ImageBuffer, _ start: Int) -> Float {
    guard image.channels == 3 else { return image.values[start] }
    return 0.299 * image.values[start] + 0.587 * image.values[start + 1] + 0.114 * image.values[start + 2]
  }

  private static func changeContrast(of image: inout ImageBuffer, by factor: Float) {
    var sum = 0.0
    for start in stride(from: 0, to: image.values.count, by: image.channels) { sum += Double(grey(image, start)) }
    let mean = Float(sum / Double(image.height * image.width))
    for place in image.values.indices { image.values[place] = clamped(mean + (image.values[place] - mean) * factor) }
  }

  private static func changeSaturation(of image: inout ImageBuffer, by factor: Float) {
    for start in stride(from: 0, to: image.values.count, by: 3) {
      let grey = grey(image, start)
      for place in start..<start + 3 { image.values[place] = clamped(grey + (image.values[place] - grey) * factor) }
    }
  }

  /// By way of hue, saturation and value (Smith, 1978).
  private static func turnHue(of image: inout ImageBuffer, by turn: Float) {
    for start in stride(from: 0, to: image.values.count, by: 3) {
      let (red, green, blue) = (image.values[start], image.values[start + 1], image.values[start + 2])
      let value = max(red, green, blue)
      let chroma = value - min(red, green, blue)
      guard chroma > 0 else { continue }
      let sector: Float =
        value == red ? (green - blue) / chroma : value == green ? 2 + (blue - red) / chroma : 4 + (red - green) / chroma
      var hue = sector + 6 * turn
      hue -= 6 * (hue / 6).rounded(.down)
      func channel(_ offset: Float) -> Float {
        var place = offset + hue
        if place >= 6 { place -= 6 }
        return value - chroma * max(0, min(place, 4 - place, 1))
      }
      image.values[start] = channel(5)
      image.values[start + 1] = channel(3)
      image.values[start + 2] = channel(1)
    }
  }
}
