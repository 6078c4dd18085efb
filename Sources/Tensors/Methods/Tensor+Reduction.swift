// Reductions. Without axes, all of them.

extension Tensor {
  private func reduced(_ reduction: Reduction, _ axes: [Int]?, keepingAxes: Bool) -> Tensor {
    let set = axes.map { resolve($0, "\(reduction)") } ?? .all(rank: rank)
    let kept: Tensor
    if set.isEmpty {
      kept = self
    } else {
      kept = Tensor.record(Reduce(reduction: reduction, axes: set), [self], TensorType(shape.reduced(set, keeping: true), dtype))
    }
    return keepingAxes ? kept : kept.reshaped(to: shape.reduced(set, keeping: false))
  }

  /// Booleans are counted, in int32.
  private var countable: Tensor { dtype == .bool ? cast(to: .int32) : self }

  public func sum(axes: [Int]?, keepingAxes: Bool = false) -> Tensor { countable.reduced(.sum, axes, keepingAxes: keepingAxes) }
  public func product(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    countable.reduced(.product, axes, keepingAxes: keepingAxes)
  }
  public func max(axes: [Int]?, keepingAxes: Bool = false) -> Tensor { reduced(.maximum, axes, keepingAxes: keepingAxes) }
  public func min(axes: [Int]?, keepingAxes: Bool = false) -> Tensor { reduced(.minimum, axes, keepingAxes: keepingAxes) }
  public func sum(_ axes: Int..., keepingAxes: Bool = false) -> Tensor { sum(axes: axes.isEmpty ? nil : axes, keepingAxes: keepingAxes) }
  public func max(_ axes: Int..., keepingAxes: Bool = false) -> Tensor { max(axes: axes.isEmpty ? nil : axes, keepingAxes: keepingAxes) }
  public func min(_ axes: Int..., keepingAxes: Bool = false) -> Tensor { min(axes: axes.isEmpty ? nil : axes, keepingAxes: keepingAxes) }
  public func mean(_ axes: Int..., keepingAxes: Bool = false) -> Tensor { mean(axes: axes.isEmpty ? nil : axes, keepingAxes: keepingAxes) }

  /// The arithmetic mean; integers become float32.
  public func mean(axes: [Int]?, keepingAxes: Bool = false) -> Tensor {
    let real = dtype.isFloatingPoint ? self : cast(to: .float32)
    return real.sum(axes: axes, keepingAxes: keepingAxes) * (1 / Double(Swift.max(count(axes), 1)))
  }

  /// The variance about the mean, divided by the number of elements less `correction`.
  public func variance(axes: [Int]? = nil, correction: Int = 0, keepingAxes: Bool = false) -> Tensor {
    let real = dtype.isFloatingPoint ? self : cast(to: .float32)
    let deviation = real - real.mean(axes: axes, keepingAxes: true)
    return deviation.square().sum(axes: axes, keepingAxes: keepingAxes) * (1 / Double(Swift.max(count(axes) - correction, 1)))
  }

  public func standardDeviation(axes: [Int]? = nil, correction: Int = 0, keepingAxes: Bool = false) -> Tensor {
    variance(axes: axes, correction: correction, keepingAxes: keepingAxes).sqrt()
  }

  /// The Euclidean norm. Its derivative at 0, where none exists, is 0.
  public func norm(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    let real = dtype.isFloatingPoint ? self : cast(to: .float32)
    let squared = real.square().sum(axes: axes, keepingAxes: keepingAxes)
    // The root's own slope is infinite at 0, and would make not-a-numbers of it.
    let isZero = squared .== 0
    return Tensor.select(isZero, squared, Tensor.select(isZero, Tensor(1, dtype: real.dtype), squared).sqrt())
  }

  /// self / max(norm, epsilon): vectors of length 1 along the given axes.
  public func unitNormalized(axes: [Int] = [-1], epsilon: Double = 1e-12) -> Tensor {
    let real = dtype.isFloatingPoint ? self : cast(to: .float32)
    return real / real.norm(axes: axes, keepingAxes: true).maximum(epsilon)
  }

  /// log(sum(exp(self))), without overflow.
  public func logSumExp(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    let top = max(axes: axes, keepingAxes: true).stopGradient()
    let finite = Tensor.select(top.isFinite(), top, Tensor(0, dtype: dtype))
    let result = (self - finite).exp().sum(axes: axes, keepingAxes: true).log() + finite
    return keepingAxes
      ? result : result.reshaped(to: shape.reduced(axes.map { resolve($0, "logSumExp") } ?? .all(rank: rank), keeping: false))
  }

  /// Whether some element is true.
  public func any(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    (self .!= 0).reduced(.maximum, axes, keepingAxes: keepingAxes)
  }

  /// Whether every element is true.
  public func all(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
    (self .!= 0).reduced(.minimum, axes, keepingAxes: keepingAxes)
  }

  private func count(_ axes: [Int]?) -> Int {
    guard let axes else { return elementCount }
    return resolve(axes, "mean").elements.reduce(1) { $0 * shape[$1] }
  }

  /// Sums away what broadcasting to this shape from `target` repeated.
  func summed(toShape target: Shape) -> Tensor {
    if shape == target { return self }
    let lead = rank - target.rank
    let axes = (0..<rank).filter { $0 < lead || (target[$0 - lead] == 1 && shape[$0] != 1) }
    return sum(axes: axes, keepingAxes: true).reshaped(to: target)
  }
}
