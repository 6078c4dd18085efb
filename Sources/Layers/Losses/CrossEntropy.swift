import Tensors

/// Cross entropy of softmax(logits) against class labels.
///
/// - Parameters:
///   - logits: (..., classes).
///   - labels: integers of shape (...).
///   - smoothing: share of the target spread evenly over the classes, in 0 ... 1 (Szegedy et al., 2016).
///   - classWeights: (classes); a weighted mean divides by the sum of the labels' weights.
///   - ignored: a label that does not count (PyTorch: -100); without one, a label outside the classes stops the program.
public func crossEntropy(
  _ logits: Tensor, labels: Tensor, smoothing: Double = 0, classWeights: Tensor? = nil, ignoring ignored: Int? = nil,
  reduction: LossReduction = .mean
) -> Tensor {
  precondition((0...1).contains(smoothing), "crossEntropy: the smoothing \(smoothing) does not lie in 0 ... 1")
  guard let classWeights else {
    let losses = logits.softmaxCrossEntropy(labels: labels, smoothing: smoothing, ignoring: ignored)
    guard reduction == .mean, let ignored else { return reduction(losses) }
    return losses.sum() / (labels .!= Double(ignored)).cast(to: losses.dtype).sum()
  }
  let logProbabilities = logits.logSoftmax()
  let (losses, weights) = weightedLikelihoods(logProbabilities, labels, classWeights, ignored)
  var total = losses
  if smoothing > 0 {
    let isCounted = ignored.map { (labels .!= Double($0)).cast(to: logits.dtype) }
    let spread = (logProbabilities * classWeights).sum(axes: [-1]) * (-smoothing / Double(logits.shape.last!))
    total = losses * (1 - smoothing) + (isCounted.map { spread * $0 } ?? spread)
  }
  return reduction == .mean ? total.sum() / weights.sum() : reduction(total)
}

/// Cross entropy of softmax(logits) against target distributions.
///
/// - Parameters:
///   - logits: (..., classes).
///   - targets: probabilities, (..., classes).
///   - smoothing: share of the target spread evenly over the classes.
///   - classWeights: (classes).
/// - Returns: one value a position, reduced; the mean is over positions.
public func crossEntropy(
  _ logits: Tensor, targets: Tensor, smoothing: Double = 0, classWeights: Tensor? = nil, reduction: LossReduction = .mean
) -> Tensor {
  requireEqualShapes("crossEntropy", logits, targets)
  let smoothed = smoothing == 0 ? targets : targets * (1 - smoothing) + smoothing / Double(logits.shape.last!)
  let weighted = classWeights.map { smoothed * $0 } ?? smoothed
  return reduction(-(weighted * logits.logSoftmax()).sum(axes: [-1]))
}

/// The negative log probability of the labels.
///
/// - Parameters:
///   - logProbabilities: (..., classes).
///   - labels: integers of shape (...).
///   - classWeights: (classes); a weighted mean divides by the sum of the labels' weights.
///   - ignored: a label that does not count.
public func negativeLogLikelihood(
  _ logProbabilities: Tensor, labels: Tensor, classWeights: Tensor? = nil, ignoring ignored: Int? = nil,
  reduction: LossReduction = .mean
) -> Tensor {
  let (losses, weights) = weightedLikelihoods(logProbabilities, labels, classWeights, ignored)
  return reduction == .mean ? losses.sum() / weights.sum() : reduction(losses)
}

/// -weight * log probability of each label, and the weight; both 0 where the label is ignored.
private func weightedLikelihoods(
  _ logProbabilities: Tensor, _ labels: Tensor, _ classWeights: Tensor?, _ ignored: Int?
) -> (losses: Tensor, weights: Tensor) {
  precondition(
    logProbabilities.rank == labels.rank + 1 && logProbabilities.shape.dropLast().elementsEqual(labels.shape),
    "negativeLogLikelihood: labels must have the shape \(Shape(logProbabilities.shape.dropLast())), they have \(labels.shape)")
  let isCounted = ignored.map { labels .!= Double($0) } ?? Tensor(repeating: 1, shape: labels.shape, dtype: .bool)
  let safe = ignored == nil ? labels : Tensor.select(isCounted, labels, Tensor(0, dtype: labels.dtype))
  let picked = logProbabilities.takingAlong(axis: -1, safe.expandingShape(at: -1)).squeezed(-1)
  let counted = isCounted.cast(to: logProbabilities.dtype)
  let weights = classWeights.map { counted * $0.cast(to: logProbabilities.dtype).gathered(safe) } ?? counted
  return (-(picked * weights), weights)
}

/// -(1 - p)^gamma log p of the labels' probabilities: easy samples count less (Lin et al., 2017).
///
/// - Parameters:
///   - logits: (..., classes).
///   - labels: integers of shape (...).
public func focal(_ logits: Tensor, labels: Tensor, gamma: Double = 2, reduction: LossReduction = .mean) -> Tensor {
  let likelihoods = negativeLogLikelihood(logits.logSoftmax(), labels: labels, reduction: .none)
  return reduction((1 - (-likelihoods).exp()).pow(gamma) * likelihoods)
}
