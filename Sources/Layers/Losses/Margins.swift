import Tensors

/// max(0, margin - sign * score).
///
/// - Parameter signs: -1 or 1, of the shape of the scores.
public func hinge(_ scores: Tensor, signs: Tensor, margin: Double = 1, reduction: LossReduction = .mean) -> Tensor {
  requireEqualShapes("hinge", scores, signs)
  return reduction((margin - signs * scores).relu())
}

/// max(0, margin - sign * score)^2.
public func squaredHinge(_ scores: Tensor, signs: Tensor, margin: Double = 1, reduction: LossReduction = .mean) -> Tensor {
  requireEqualShapes("squaredHinge", scores, signs)
  return reduction((margin - signs * scores).relu().square())
}

/// The sum over wrong classes of max(0, margin - score of the label + score)^power, divided by the number of classes.
///
/// - Parameters:
///   - scores: (batch, classes).
///   - labels: integers, (batch).
///   - power: 1 or 2.
public func multiclassHinge(
  _ scores: Tensor, labels: Tensor, margin: Double = 1, power: Int = 1, reduction: LossReduction = .mean
) -> Tensor {
  precondition(
    scores.rank == 2 && labels.shape == [scores.shape[0]],
    "multiclassHinge: scores (batch, classes) and labels (batch) are needed, their shapes are \(scores.shape) and \(labels.shape)")
  precondition(power == 1 || power == 2, "multiclassHinge: the power must be 1 or 2, it is \(power)")
  let classes = scores.shape[1]
  let right = scores.takingAlong(axis: 1, labels.expandingShape(at: 1))
  let violation = (margin - right + scores).relu()
  let isWrong = 1 - labels.oneHot(classes, dtype: scores.dtype)
  return reduction(((power == 2 ? violation.square() : violation) * isWrong).sum(axes: [1]) * (1 / Double(classes)))
}

/// max(0, |anchor - positive| - |anchor - negative| + margin) (Balntas et al., 2016).
///
/// - Parameters: anchor, positive, negative: (..., features).
public func tripletMargin(
  anchor: Tensor, positive: Tensor, negative: Tensor, margin: Double = 1, reduction: LossReduction = .mean
) -> Tensor {
  requireEqualShapes("tripletMargin", anchor, positive)
  requireEqualShapes("tripletMargin", anchor, negative)
  return reduction(((anchor - positive).lastAxisNorm() - (anchor - negative).lastAxisNorm() + margin).relu())
}
