import Tensors

/// Batch normalisation over all axes but the last (Ioffe and Szegedy, 2015).
///
/// In training it uses the statistics of the batch and keeps running ones up; in inference it uses the running ones.
public struct BatchNorm: Layer, ConfiguredModule {
  public struct Configuration: Sendable, Hashable, Codable {
    /// Extent of the last axis.
    public var features: Int
    /// Added to the variance.
    public var epsilon: Double
    /// Share of a new batch in the running statistics.
    public var momentum: Double
    /// Whether the result is scaled and shifted by weights.
    public var isAffine: Bool

    public init(features: Int, epsilon: Double = 1e-5, momentum: Double = 0.1, isAffine: Bool = true) {
      self.features = features
      self.epsilon = epsilon
      self.momentum = momentum
      self.isAffine = isAffine
    }
  }

  public let configuration: Configuration
  /// Scale, (features).
  public let weight: Parameter?
  /// Shift, (features).
  public let bias: Parameter?
  public let runningMean: Parameter
  /// The unbiased variance.
  public let runningVariance: Parameter
  private let identity = LayerIdentity()

  public init(_ configuration: Configuration) {
    self.configuration = configuration
    let shape: Shape = [configuration.features]
    weight = configuration.isAffine ? Parameter(.ones(shape)) : nil
    bias = configuration.isAffine ? Parameter(.zeros(shape)) : nil
    runningMean = Parameter(.zeros(shape), role: .statistic)
    runningVariance = Parameter(.ones(shape), role: .statistic)
  }

  public init(features: Int, epsilon: Double = 1e-5, momentum: Double = 0.1, isAffine: Bool = true) {
    self.init(Configuration(features: features, epsilon: epsilon, momentum: momentum, isAffine: isAffine))
  }

  /// - Parameter input: (batch, ..., features).
  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(
      input.rank >= 2 && input.shape[input.rank - 1] == configuration.features,
      "BatchNorm: the input must be (batch, ..., \(configuration.features)), its shape is \(input.shape)")
    let output = Context.current.isTraining ? normalizedByBatch(input) : normalizedByRunningStatistics(input)
    return recorded(output, of: input, by: identity, as: "BatchNorm", multiplyAdds: output.elementCount)
  }

  private func normalizedByBatch(_ input: Tensor) -> Tensor {
    let count = input.elementCount / max(configuration.features, 1)
    precondition(count > 1, "BatchNorm: a batch needs more than one value a feature to be trained on, the shape is \(input.shape)")
    let (output, mean, variance) = input.batchNormalized(scale: weight?.value, shift: bias?.value, epsilon: configuration.epsilon)
    keepUp(runningMean, mean, along: output)
    keepUp(runningVariance, variance * (Double(count) / Double(count - 1)), along: output)
    return output
  }

  private func keepUp(_ statistic: Parameter, _ batch: Tensor, along output: Tensor) {
    let updated = statistic.value * (1 - configuration.momentum) + batch.cast(to: statistic.dtype) * configuration.momentum
    statistic.value = updated
    // Nothing else in training reads the running statistics, so the update rides along with the layer's output.
    attachUpdate(of: output, to: updated)
  }

  private func normalizedByRunningStatistics(_ input: Tensor) -> Tensor {
    // One multiplication and one addition an element: the vectors are combined first.
    let scale = (runningVariance.value + configuration.epsilon).rsqrt() * (weight?.value ?? Tensor.ones([configuration.features]))
    let shift = (bias?.value ?? Tensor.zeros([configuration.features])) - runningMean.value * scale
    return input * scale.cast(to: input.dtype) + shift.cast(to: input.dtype)
  }
}
