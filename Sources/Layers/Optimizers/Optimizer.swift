import Tensors

/// Something that changes parameters along their gradients.
public protocol Optimizer: AnyObject {
  /// The parameters, in the order in which gradients are given.
  var parameters: [Parameter] { get }

  /// Length of a step; parameter groups scale it.
  var learningRate: Double { get set }

  /// Records one update of the parameters and computes nothing: reading whatever needs the old values performs it.
  ///
  /// - Parameter gradients: one a parameter, in the same order. A parameter without a gradient is left alone: no decay, no change of its state.
  func step(gradients: [Tensor?])

  /// Everything a checkpoint needs to go on as if there had been no interruption, named by the position of the parameter ("3.momentum").
  var state: [String: Tensor] { get set }
}

extension Optimizer {
  /// Records the gradients of a scalar loss and a step along them.
  ///
  /// - Returns: the loss, not computed yet; reading it runs forward pass, backward pass and update in one plan.
  @discardableResult
  public func minimize(_ loss: Tensor) -> Tensor {
    step(gradients: gradients(of: loss))
    return loss
  }

  /// The derivatives of a loss with respect to the parameters; none for frozen ones.
  public func gradients(of loss: Tensor) -> [Tensor?] {
    let parameters = parameters
    let positions = parameters.indices.filter { parameters[$0].isTrainable }
    let derivatives = loss.gradients(withRespectTo: positions.map { parameters[$0].value })
    var result = [Tensor?](repeating: nil, count: parameters.count)
    for (position, derivative) in zip(positions, derivatives) { result[position] = derivative }
    return result
  }
}
