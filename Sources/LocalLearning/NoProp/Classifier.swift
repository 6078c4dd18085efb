import Layers
import Tensors

/// Anything that scores the classes of images, perhaps by chance: NoProp's inference starts from noise.
public protocol Classifier: Module {
  /// A score a class, (B, classes); softmax makes them probabilities, the largest is the prediction.
  /// - Parameter random: where an inference draws its noise from.
  func logits(of images: Tensor, random: inout RandomStream) -> Tensor
}

/// A classifier that learns from batches.
public protocol TrainableClassifier: Classifier {
  /// The parameters that the loss reaches; an optimiser leaves the others alone.
  var trainedParameters: [Parameter] { get }

  /// The loss of a batch and its derivatives with respect to `trainedParameters`, not computed yet where that can wait.
  /// - Parameters:
  ///   - images: (B, ...); labels: (B) integers.
  ///   - random: where noise and dropout draw from.
  func lossAndGradients(images: Tensor, labels: Tensor, random: inout RandomStream) -> (loss: Tensor, gradients: [Tensor?])

  /// Called after every update, for constraints on parameters.
  func constrain()
}

extension TrainableClassifier {
  public var trainedParameters: [Parameter] { trainableParameters }
  public func constrain() {}
}

/// A trainable classifier whose loss is an expression: its gradients are the engine's.
public protocol DifferentiableClassifier: TrainableClassifier {
  /// The loss of a batch, drawing its noise from `random`.
  func loss(images: Tensor, labels: Tensor, random: inout RandomStream) -> Tensor
}

extension DifferentiableClassifier {
  public func lossAndGradients(images: Tensor, labels: Tensor, random: inout RandomStream) -> (loss: Tensor, gradients: [Tensor?]) {
    let layers = random.split()
    let loss = withContext(.training, random: layers) { self.loss(images: images, labels: labels, random: &random) }
    return (loss, loss.gradients(withRespectTo: trainedParameters.map(\.value)))
  }
}

// MARK: - NoProp as classifiers

extension DiscreteTimeNoProp: Classifier {
  public func logits(of images: Tensor, random: inout RandomStream) -> Tensor {
    logits(features: features(of: images), rule: .sampled, random: &random)
  }

  /// One inference from features that may serve several.
  /// - Parameter rule: `.sampled` or `.mean`; a chain of blocks has no second evaluation to average with, so `.heun` is `.mean`.
  public func logits(features: [Tensor], rule: StepRule, random: inout RandomStream) -> Tensor {
    readout.logits(trajectory(features: features, rule: rule, random: &random).last!, embedding)
  }

  /// z_1 ... z_T of one inference.
  public func trajectory(features: [Tensor], rule: StepRule, random: inout RandomStream) -> [Tensor] {
    let shape: Shape = [features[0].shape[0], embedding.width]
    let noise = normals(1 + (rule == .sampled ? stepCount : 0), shape, embedding, &random)
    return trajectory(features: features, start: noise[0]) { rule == .sampled ? noise[$0] : nil }
  }
}

extension ContinuousTimeNoProp: DifferentiableClassifier {
  public func loss(images: Tensor, labels: Tensor, random: inout RandomStream) -> Tensor {
    let batch = labels.shape[0]
    let noise = normals(2, [batch, embedding.width], embedding, &random)
    let time = Tensor.uniform([batch], key: random.next(), dtype: embedding.weight.dtype)
    return objective(images: images, labels: labels, time: time, noise: noise[0], finalNoise: noise[1]).total
  }

  public func constrain() {
    if let limit = settings.endLimit { schedule.guardEnds(limit: limit) }
  }

  public func logits(of images: Tensor, random: inout RandomStream) -> Tensor {
    logits(features: block.features(of: images), steps: settings.steps, rule: settings.rule, random: &random)
  }

  /// One inference from features that may serve several.
  public func logits(features: Tensor, steps: Int, rule: StepRule, random: inout RandomStream) -> Tensor {
    let shape: Shape = [features.shape[0], embedding.width]
    let start = normals(1, shape, embedding, &random)[0]
    evaluate(features, start)
    let end = integrate(
      features: features, start: start, steps: steps, rule: rule, noise: { _ in normals(1, shape, embedding, &random)[0] })
    return readout.logits(end, embedding)
  }
}

extension FlowMatchingNoProp: DifferentiableClassifier {
  /// Without the anchor the readout is not part of the loss, and nothing may touch it.
  public var trainedParameters: [Parameter] {
    let untouched = usesAnchor ? [] : Set(readout.parameters.map { ObjectIdentifier($0) })
    return trainableParameters.filter { !untouched.contains(ObjectIdentifier($0)) }
  }

  public func loss(images: Tensor, labels: Tensor, random: inout RandomStream) -> Tensor {
    let batch = labels.shape[0]
    let noise = normals(settings.deviation > 0 ? 2 : 1, [batch, embedding.width], embedding, &random)
    let time = Tensor.uniform([batch], key: random.next(), dtype: embedding.weight.dtype)
    return objective(images: images, labels: labels, start: noise[0], time: time, noise: noise.count > 1 ? noise[1] : nil).total
  }

  public func logits(of images: Tensor, random: inout RandomStream) -> Tensor {
    logits(features: block.features(of: images), steps: settings.steps, solver: settings.solver, random: &random)
  }

  /// One inference from features that may serve several.
  public func logits(features: Tensor, steps: Int, solver: ODESolver, random: inout RandomStream) -> Tensor {
    let start = normals(1, [features.shape[0], embedding.width], embedding, &random)[0]
    evaluate(features, start)
    return scores(integrate(features: features, start: start, steps: steps, solver: solver))
  }
}

/// Some standard normal tensors of one shape, in the precision of the embedding.
func normals(_ count: Int, _ shape: Shape, _ embedding: LabelEmbedding, _ random: inout RandomStream) -> [Tensor] {
  (0..<count).map { _ in Tensor.normal(shape, key: random.next(), dtype: embedding.weight.dtype) }
}
