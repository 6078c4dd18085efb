import Tensors

/// Cross entropy of picking each query's own key among all keys, by cosine similarity (van den Oord et al., 2018).
///
/// - Parameters:
///   - queries, keys: (count, features); rows of equal index belong together, the other keys are the negatives.
///   - temperature: divides the similarities.
///   - isSymmetric: averages with the loss of picking the query for each key (Radford et al., 2021).
///   - isNormalized: whether rows are scaled to unit length first.
public func infoNCE(
  _ queries: Tensor, _ keys: Tensor, temperature: Double, isSymmetric: Bool = false, isNormalized: Bool = true
) -> Tensor {
  precondition(
    queries.rank == 2 && queries.shape == keys.shape,
    "infoNCE: (count, features) twice is needed, the shapes are \(queries.shape) and \(keys.shape)")
  let scores =
    (isNormalized ? queries.unitLength() : queries).matmul((isNormalized ? keys.unitLength() : keys).transposed()) * (1 / temperature)
  let matches = Tensor.range(queries.shape[0], dtype: .int64)
  let loss = crossEntropy(scores, labels: matches)
  guard isSymmetric else { return loss }
  return (loss + crossEntropy(scores.transposed(), labels: matches)) * 0.5
}

/// The normalised, temperature-scaled cross entropy of SimCLR (Chen et al., 2020): each of 2 n views is to pick its partner among the others.
///
/// - Parameters:
///   - first, second: two views of the same samples, (count, features).
public func ntXent(_ first: Tensor, _ second: Tensor, temperature: Double = 0.5) -> Tensor {
  precondition(
    first.rank == 2 && first.shape == second.shape,
    "ntXent: (count, features) twice is needed, the shapes are \(first.shape) and \(second.shape)")
  let count = first.shape[0]
  let views = Tensor.concatenate([first, second]).unitLength()
  let scores = views.matmul(views.transposed()) * (1 / temperature)
  let index = Tensor.range(2 * count, dtype: .int64)
  let isSelf = index.expandingShape(at: 1) .== index
  // Finite, because 0 * -infinity in the cross entropy is not a number.
  let others = Tensor.select(isSelf, Tensor(-1e30, dtype: scores.dtype), scores)
  return crossEntropy(others, labels: (index + Double(count)) % Double(2 * count))
}

/// d^2 for equal pairs, max(0, margin - d)^2 for the others, where d is the distance (Hadsell et al., 2006, without the factor 1/2).
///
/// - Parameters:
///   - left, right: (..., features).
///   - same: bool, (...).
public func pairwiseContrastive(
  _ left: Tensor, _ right: Tensor, same: Tensor, margin: Double = 1, reduction: LossReduction = .mean
) -> Tensor {
  requireEqualShapes("pairwiseContrastive", left, right)
  precondition(same.dtype == .bool, "pairwiseContrastive: `same` must be bool, it is \(same.dtype)")
  let difference = left - right
  let apart = (margin - difference.lastAxisNorm()).relu().square()
  return reduction(Tensor.select(same, difference.square().sum(axes: [-1]), apart))
}

/// 1 - cos for pairs of sign 1, max(0, cos - margin) for pairs of sign -1.
///
/// - Parameters:
///   - left, right: (..., features).
///   - signs: -1 or 1, (...).
public func cosineEmbedding(
  _ left: Tensor, _ right: Tensor, signs: Tensor, margin: Double = 0, reduction: LossReduction = .mean
) -> Tensor {
  requireEqualShapes("cosineEmbedding", left, right)
  // The small number keeps vectors of length 0 from dividing by it.
  let lengths = (left.square().sum(axes: [-1]) + 1e-12) * (right.square().sum(axes: [-1]) + 1e-12)
  let cosine = (left * right).sum(axes: [-1]) / lengths.sqrt()
  return reduction(Tensor.select(signs .> 0, 1 - cosine, (cosine - margin).relu()))
}
