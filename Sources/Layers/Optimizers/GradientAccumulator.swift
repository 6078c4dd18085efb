import Tensors

/// Adds up the gradients of several batches before a step, so that a large batch needs the memory of a small one.
public final class GradientAccumulator {
  public let optimizer: any Optimizer
  private var sums: [Tensor?]
  /// Batches added since the last step.
  public private(set) var count = 0

  public init(_ optimizer: any Optimizer) {
    self.optimizer = optimizer
    sums = optimizer.parameters.map { _ in nil }
  }

  /// Adds the gradients of a loss.
  ///
  /// - Returns: the loss, not computed yet; reading it computes the sums along with it.
  @discardableResult
  public func add(_ loss: Tensor) -> Tensor {
    for (index, gradient) in optimizer.gradients(of: loss).enumerated() {
      guard let gradient else { continue }
      let sum = sums[index].map { $0 + gradient } ?? gradient
      sums[index] = sum
      attachUpdate(of: loss, to: sum)
    }
    count += 1
    return loss
  }

  /// Records a step along the mean of the gradients added, and begins anew.
  public func step() {
    guard count > 0 else { return }
    let share = 1 / Double(count)
    optimizer.step(gradients: sums.map { $0.map { $0 * share } })
    sums = sums.map { _ in nil }
    count = 0
  }
}
