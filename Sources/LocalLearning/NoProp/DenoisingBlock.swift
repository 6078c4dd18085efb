import Layers
import Tensors

/// One block of discrete-time NoProp: it looks at an image and a noised label embedding and says which class the embedding belongs to.
///
/// Any module will do. The work is in two parts, so that repeated inference computes what depends on the image alone only once; a block that
/// does not split returns the image from `features(of:)`.
public protocol DenoisingBlock: Module {
  /// What the block draws from the image alone.
  func features(of image: Tensor) -> Tensor
  /// - Parameters:
  ///   - features: what `features(of:)` gave, (B, ...).
  ///   - state: z_{t-1}, (B, width).
  /// - Returns: a logit a class, (B, classes).
  func logits(features: Tensor, state: Tensor) -> Tensor
}

extension DenoisingBlock {
  /// net(x, z).
  public func callAsFunction(_ image: Tensor, _ state: Tensor) -> Tensor { logits(features: features(of: image), state: state) }
}

/// A block that serves every time in [0, 1]: continuous-time NoProp, flow matching, and the neural ordinary differential equation.
public protocol TimedDenoisingBlock: Module {
  /// What the block draws from the image alone.
  func features(of image: Tensor) -> Tensor
  /// - Parameters:
  ///   - features: what `features(of:)` gave, (B, ...).
  ///   - state: z_t, (B, width).
  ///   - time: t, (B), or (1) where it is the same for all.
  /// - Returns: a logit a class, (B, classes).
  func logits(features: Tensor, state: Tensor, time: Tensor) -> Tensor
}

extension TimedDenoisingBlock {
  /// net(x, z, t).
  public func callAsFunction(_ image: Tensor, _ state: Tensor, at time: Tensor) -> Tensor {
    logits(features: features(of: image), state: state, time: time)
  }
}
