import Tensors

/// Cross entropy of sigmoid(logits) against targets in 0 ... 1, elementwise; accurate for logits of any size.
///
/// - Parameter positiveWeight: multiplies the loss of positive targets; broadcasts.
public func binaryCrossEntropy(
  logits: Tensor, targets: Tensor, positiveWeight: Tensor? = nil, reduction: LossReduction = .mean
) -> Tensor {
  requireEqualShapes("binaryCrossEntropy", logits, targets)
  // log sigmoid(x) = -softplus(-x), log(1 - sigmoid(x)) = -softplus(x).
  let positive = targets * (-logits).softplus()
  return reduction((positiveWeight.map { positive * $0 } ?? positive) + (1 - targets) * logits.softplus())
}

/// Cross entropy of probabilities against targets in 0 ... 1, elementwise. Logarithms are cut off at -100.
public func binaryCrossEntropy(_ probabilities: Tensor, targets: Tensor, reduction: LossReduction = .mean) -> Tensor {
  requireEqualShapes("binaryCrossEntropy", probabilities, targets)
  return reduction(-(targets * probabilities.boundedLog() + (1 - targets) * (1 - probabilities).boundedLog()))
}

/// Binary cross entropy times alpha_t (1 - p_t)^gamma: easy elements count less (Lin et al., 2017, equation 5).
///
/// - Parameter alpha: weight of positive targets, in 0 ... 1; negative ones have 1 - alpha. Nil weighs them equally.
public func sigmoidFocal(
  _ logits: Tensor, targets: Tensor, alpha: Double? = 0.25, gamma: Double = 2, reduction: LossReduction = .mean
) -> Tensor {
  requireEqualShapes("sigmoidFocal", logits, targets)
  let p = logits.sigmoid()
  let disagreement = targets * (1 - p) + (1 - targets) * p
  let entropy = binaryCrossEntropy(logits: logits, targets: targets, reduction: .none)
  let focused = (gamma == 2 ? disagreement.square() : disagreement.pow(gamma)) * entropy
  return reduction(alpha.map { focused * (targets * $0 + (1 - targets) * (1 - $0)) } ?? focused)
}

extension Tensor {
  fileprivate func boundedLog() -> Tensor {
    let isPositive = self .> 0
    let logarithm = Tensor.select(isPositive, self, Tensor(1, dtype: dtype)).log()
    return Tensor.select(isPositive, logarithm.maximum(-100), Tensor(-100, dtype: dtype))
  }
}
