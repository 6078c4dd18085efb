import Tensors

/// The fraction of rows whose greatest value stands at the label, as a scalar.
/// - Parameters:
///   - logits: (..., classes); any scores of which the greatest wins, the first of equal ones.
///   - labels: (...), whole numbers in 0 ..< classes.
public func accuracy(logits: Tensor, labels: Tensor) -> Tensor {
  precondition(
    logits.rank >= 1 && Shape(logits.shape.dropLast()) == labels.shape,
    "accuracy: logits \(logits.shape) need labels of the shape \(Shape(logits.shape.dropLast())), found \(labels.shape)")
  return (logits.argMax(axis: -1) .== labels.cast(to: .int64)).cast(to: .float32).mean()
}

/// The fraction of rows whose label is among the `k` greatest values, as a scalar.
///
/// A label counts when fewer than `k` others are greater, so equal scores are in its favour.
/// - Parameters:
///   - logits: (..., classes).
///   - labels: (...), whole numbers in 0 ..< classes.
///   - k: in 1 ... classes.
public func topAccuracy(_ k: Int, logits: Tensor, labels: Tensor) -> Tensor {
  precondition(
    logits.rank >= 1 && Shape(logits.shape.dropLast()) == labels.shape,
    "topAccuracy: logits \(logits.shape) need labels of the shape \(Shape(logits.shape.dropLast())), found \(labels.shape)")
  let classes = logits.shape[logits.rank - 1]
  precondition((1...classes).contains(k), "topAccuracy: k is \(k), allowed are 1 ... \(classes)")
  let isLabel = Tensor.range(classes, dtype: .int64) .== labels.cast(to: .int64).reshaped(to: Shape(labels.shape.dimensions + [1]))
  let score = Tensor.select(isLabel, logits, Tensor.zeros(.scalar, dtype: logits.dtype)).sum(axes: [-1], keepingAxes: true)
  let greater = (logits .> score).cast(to: .int32).sum(axes: [-1])
  return (greater .< Double(k)).cast(to: .float32).mean()
}
