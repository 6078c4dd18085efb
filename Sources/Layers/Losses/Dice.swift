import Tensors

/// 1 - (2 overlap + smoothing) / (total + smoothing) of each image and class.
///
/// - Parameters:
///   - probabilities: (batch, ..., classes).
///   - targets: 0 or 1, or probabilities, of that shape.
///   - smoothing: keeps classes that are absent from both apart from 0 / 0.
///   - isSquared: whether the total adds squares (Milletari et al., 2016) or the values themselves.
/// - Returns: one value an image and class, (batch, classes), reduced.
public func dice(
  _ probabilities: Tensor, targets: Tensor, smoothing: Double = 1, isSquared: Bool = false, reduction: LossReduction = .mean
) -> Tensor {
  requireEqualShapes("dice", probabilities, targets)
  precondition(probabilities.rank >= 3, "dice: (batch, positions..., classes) is needed, the shape is \(probabilities.shape)")
  let positions = Array(1..<(probabilities.rank - 1))
  let overlap = (probabilities * targets).sum(axes: positions)
  let total = isSquared ? probabilities.square() + targets.square() : probabilities + targets
  return reduction(1 - (overlap * 2 + smoothing) / (total.sum(axes: positions) + smoothing))
}
