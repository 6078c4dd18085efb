import Foundation
import Tensors

/// Sinusoidal features of a time in [0, 1]: sin and cos of `scale` t f_k with f_k falling geometrically from 1 to 1/10,000
/// (Vaswani et al., 2017). NoProp leaves the form open; this one is ours.
public struct TimeEmbedding: Sendable, Hashable, Codable {
  /// Number of features: sines, then as many cosines.
  public let size: Int
  /// What a time is multiplied by first.
  public let scale: Double

  public init(size: Int = 64, scale: Double = 1000) {
    precondition(size >= 4 && size % 2 == 0, "TimeEmbedding: size is \(size); it must be even and at least 4")
    self.size = size
    self.scale = scale
  }

  /// - Parameter time: (B).
  /// - Returns: (B, size).
  public func callAsFunction(_ time: Tensor) -> Tensor {
    let half = size / 2
    let frequencies = (0..<half).map { exp(-log(10_000) * Double($0) / Double(half - 1)) }
    let phase = time.expandingShape(at: 1) * Tensor(frequencies.map { $0 * scale }).cast(to: time.dtype)
    return Tensor.concatenate([phase.sin(), phase.cos()], axis: 1)
  }
}
