import Tensors

/// How the losses of single samples or elements become one number.
public enum LossReduction: String, Sendable, Hashable, Codable {
  case mean
  case sum
  /// They stay as they are.
  case none
  /// The sum divided by the extent of the first axis.
  case batchMean

  func callAsFunction(_ losses: Tensor) -> Tensor {
    switch self {
    case .mean: losses.mean()
    case .sum: losses.sum()
    case .none: losses
    case .batchMean: losses.sum() * (1 / Double(max(losses.shape.first ?? 1, 1)))
    }
  }
}

func requireEqualShapes(_ name: String, _ a: Tensor, _ b: Tensor) {
  precondition(a.shape == b.shape, "\(name): shapes \(a.shape) and \(b.shape) must be equal")
}

extension Tensor {
  /// Euclidean norm along the last axis, whose derivative at 0 is 0.
  func lastAxisNorm() -> Tensor {
    let squares = square().sum(axes: [-1])
    let isZero = squares .== 0
    let one = Tensor(1, dtype: dtype)
    return Tensor.select(isZero, squares, Tensor.select(isZero, one, squares).sqrt())
  }

  /// Divided by the norm along the last axis.
  func unitLength() -> Tensor { self / lastAxisNorm().maximum(1e-12).expandingShape(at: -1) }
}
