import Layers
import Tensors

/// Trains a classifier whose parameters all move together: NoProp in continuous time, flow matching, and the baselines.
public final class ClassifierTrainer<Model: TrainableClassifier> {
  public let model: Model
  public let optimizer: any Optimizer
  /// Where noise and dropout are drawn from; part of a checkpoint.
  public var random: RandomStream

  /// - Parameter optimizer: makes the optimiser of the model's trained parameters.
  public init(_ model: Model, random: RandomStream, optimizer: ([Parameter]) -> any Optimizer) {
    self.model = model
    self.random = random
    self.optimizer = optimizer(model.trainedParameters)
  }

  /// One step on a batch.
  /// - Parameters:
  ///   - images: (B, ...); labels: (B).
  /// - Returns: the loss before the step, computed.
  @discardableResult
  public func step(images: Tensor, labels: Tensor) -> Tensor {
    let (loss, gradients) = model.lossAndGradients(images: images, labels: labels, random: &random)
    optimizer.step(gradients: gradients)
    model.constrain()
    evaluate(loss)
    return loss
  }

  /// The Euclidean length of the gradient of a batch, by parameter name. Changes nothing.
  public func gradientNorms(images: Tensor, labels: Tensor) -> [(name: String, norm: Double)] {
    var random = random
    let gradients = model.lossAndGradients(images: images, labels: labels, random: &random).gradients
    let names = Dictionary(model.namedParameters.map { (ObjectIdentifier($0.parameter), $0.name) }, uniquingKeysWith: { first, _ in first })
    let norms = gradients.map { $0?.norm() }
    evaluate(norms.compactMap { $0 })
    return zip(model.trainedParameters, norms).compactMap { parameter, norm in
      norm.map { (names[ObjectIdentifier(parameter)] ?? "", $0.scalar(as: Double.self)) }
    }
  }

  /// What a step computes and holds: forward and backward pass, without the update. Runs nothing, but for a model that integrates as it
  /// goes.
  ///
  /// Recording it draws noise and, with batch normalisation, marks running statistics: use a model of its own.
  public func plan(images: Tensor, labels: Tensor) -> PlanSummary {
    let (loss, gradients) = model.lossAndGradients(images: images, labels: labels, random: &random)
    return PlanSummary(of: [loss] + gradients.compactMap { $0 })
  }
}
