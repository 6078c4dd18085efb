import Tensors

/// Parameters that are optimised alike.
public struct ParameterGroup: Sendable {
  public var parameters: [Parameter]
  /// The group's learning rate as a multiple of the optimiser's, which a schedule changes.
  public var rateScale: Double
  /// The group's weight decay; nil means the optimiser's.
  public var weightDecay: Double?

  public init(_ parameters: [Parameter], rateScale: Double = 1, weightDecay: Double? = nil) {
    self.parameters = parameters
    self.rateScale = rateScale
    self.weightDecay = weightDecay
  }
}

extension Module {
  /// The weights in two groups: matrices and kernels with the optimiser's weight decay; vectors, that is biases and the scales and shifts of
  /// normalisations, without.
  public func groupsDecayingMatricesOnly() -> [ParameterGroup] {
    let weights = parameters
    return [
      ParameterGroup(weights.filter { $0.shape.rank > 1 }), ParameterGroup(weights.filter { $0.shape.rank <= 1 }, weightDecay: 0),
    ]
  }
}
