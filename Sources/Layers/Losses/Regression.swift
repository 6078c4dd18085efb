import Tensors

/// (prediction - target)^2.
public func meanSquaredError(_ predictions: Tensor, targets: Tensor, reduction: LossReduction = .mean) -> Tensor {
  requireEqualShapes("meanSquaredError", predictions, targets)
  return reduction((predictions - targets).square())
}

/// |prediction - target|.
public func meanAbsoluteError(_ predictions: Tensor, targets: Tensor, reduction: LossReduction = .mean) -> Tensor {
  requireEqualShapes("meanAbsoluteError", predictions, targets)
  return reduction((predictions - targets).abs())
}

/// d^2 / 2 up to a distance of delta, delta (|d| - delta / 2) beyond (Huber, 1964).
public func huber(_ predictions: Tensor, targets: Tensor, delta: Double = 1, reduction: LossReduction = .mean) -> Tensor {
  requireEqualShapes("huber", predictions, targets)
  precondition(delta > 0, "huber: delta must be positive, it is \(delta)")
  let distance = (predictions - targets).abs()
  let near = distance.minimum(delta)
  return reduction(near.square() * 0.5 + (distance - near) * delta)
}

/// Huber's loss divided by its threshold: d^2 / (2 beta) up to a distance of beta, |d| - beta / 2 beyond (Girshick, 2015).
public func smoothL1(_ predictions: Tensor, targets: Tensor, beta: Double = 1, reduction: LossReduction = .mean) -> Tensor {
  huber(predictions, targets: targets, delta: beta, reduction: reduction) * (1 / beta)
}

/// target (log target - log probability), whose sum is the divergence of Kullback and Leibler of the model from the target.
///
/// - Parameters:
///   - logProbabilities: of the model.
///   - targets: probabilities, or their logarithms if `areTargetsLogarithms`.
///   - reduction: `.batchMean` gives the divergence by definition, averaged over the first axis.
public func klDivergence(
  _ logProbabilities: Tensor, targets: Tensor, areTargetsLogarithms: Bool = false, reduction: LossReduction = .batchMean
) -> Tensor {
  requireEqualShapes("klDivergence", logProbabilities, targets)
  if areTargetsLogarithms { return reduction(targets.exp() * (targets - logProbabilities)) }
  // 0 log 0 = 0, also in the derivative.
  let isPositive = targets .> 0
  let logarithm = Tensor.select(isPositive, targets, Tensor(1, dtype: targets.dtype)).log()
  return reduction(targets * (logarithm - logProbabilities))
}
