/// A picture as PNG bytes.
public struct RecordedImage: Sendable, Equatable, Codable {
  public let width: Int
  public let height: Int
  /// 1 grey, 3 RGB.
  public let channels: Int
  public let png: [UInt8]

  public init(png: [UInt8], width: Int, height: Int, channels: Int) {
    self.png = png
    self.width = width
    self.height = height
    self.channels = channels
  }
}
