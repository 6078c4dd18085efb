import Tensors

/// The Euclidean norm of all gradients taken together.
public func globalNorm(of gradients: [Tensor?]) -> Tensor {
  let squares = gradients.compactMap { $0?.square().sum() }
  guard let first = squares.first else { return Tensor(0) }
  return squares.dropFirst().reduce(first) { $0 + $1 }.sqrt()
}

/// The gradients, scaled down together so that their norm is at most `limit` (Pascanu et al., 2013).
///
/// - Returns: the gradients, and the norm they had before.
public func clipped(_ gradients: [Tensor?], toNorm limit: Double) -> (gradients: [Tensor?], norm: Tensor) {
  precondition(limit > 0, "clipped: the norm's limit must be positive, it is \(limit)")
  let norm = globalNorm(of: gradients)
  let factor = (limit / norm).minimum(1)
  return (gradients.map { $0.map { $0 * factor.cast(to: $0.dtype) } }, norm)
}

/// The gradients, each element cut off at +-limit.
public func clipped(_ gradients: [Tensor?], toValue limit: Double) -> [Tensor?] {
  precondition(limit > 0, "clipped: the limit must be positive, it is \(limit)")
  return gradients.map { $0?.clamped(-limit, limit) }
}
