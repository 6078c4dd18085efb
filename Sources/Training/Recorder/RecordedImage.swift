import Datasets
import Tensors

/// A picture as PNG bytes.
public struct RecordedImage: Sendable, Equatable, Codable {
  public let width: Int
  public let height: Int
  /// 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
  public let channels: Int
  public let png: [UInt8]

  public init(_ image: RasterImage) {
    width = image.width
    height = image.height
    channels = image.channels
    png = PNG.encode(image)
  }

  /// - Parameter tensor: (height, width, channels) or (height, width): uint8, or floating point from 0 (black) to 1, beyond which it is cut off.
  public init(_ tensor: Tensor) {
    precondition(
      (2...3).contains(tensor.rank) && (tensor.dtype == .uint8 || tensor.dtype.isFloatingPoint),
      "RecordedImage: \(tensor.dtype)\(tensor.shape), expected uint8 or floating point of (height, width, channels)")
    let bytes = tensor.dtype == .uint8 ? tensor : (tensor.clamped(0, 1) * 255 + 0.5).floor().cast(to: .uint8)
    self.init(
      RasterImage(
        height: tensor.shape[0], width: tensor.shape[1], channels: tensor.rank == 3 ? tensor.shape[2] : 1, pixels: bytes.array(of: UInt8.self)))
  }
}
