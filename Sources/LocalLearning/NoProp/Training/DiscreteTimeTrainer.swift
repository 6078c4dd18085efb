import Layers
import Tensors

/// Trains a whole chain: for every epoch, every block, every batch, one step of that block, of the readout and of W where it is learned.
public final class DiscreteTimeTrainer<Block: DenoisingBlock> {
  public let model: DiscreteTimeNoProp<Block>
  public let options: DiscreteTimeOptions
  /// Block t's is `blockTrainers[t - 1]`.
  public let blockTrainers: [BlockTrainer<Block>]
  /// Of the readout and W. Blocks have optimisers of their own: one that is not trained in a step is neither decayed nor moved.
  public let sharedOptimizer: any Optimizer
  /// Where the noise of z_T is drawn from.
  public var sharedRandom: RandomStream

  /// - Parameter random: split into a stream a block and one for the shared parts.
  /// - Throws: `denoisingWeight` or `setting` for options out of range.
  public init(_ model: DiscreteTimeNoProp<Block>, options: DiscreteTimeOptions = .init(), random: RandomStream) throws(NoPropError) {
    try options.validate()
    self.model = model
    self.options = options
    var random = random
    var trainers: [BlockTrainer<Block>] = []
    for block in 1...model.stepCount {
      trainers.append(try BlockTrainer(model, block: block, options: options, random: random.split()))
    }
    blockTrainers = trainers
    sharedRandom = random.split()
    let embedding = model.embedding.weight
    sharedOptimizer = options.optimizer(model.readout.parameters + (embedding.isTrainable ? [embedding] : []))
  }

  /// One step at block t on a batch.
  /// - Parameters:
  ///   - images: (B, ...); labels: (B).
  ///   - t: 1 ... T.
  /// - Returns: the terms of the loss before the step, computed.
  @discardableResult
  public func step(block t: Int, images: Tensor, labels: Tensor) -> DenoisingLoss {
    let trainer = blockTrainers[t - 1]
    let loss = loss(trainer, images, labels)
    let own = trainer.optimizer.parameters
    let shared = sharedOptimizer.parameters
    let gradients = loss.total.gradients(withRespectTo: (own + shared).map(\.value))
    trainer.optimizer.step(gradients: Array(gradients[..<own.count]))
    sharedOptimizer.step(gradients: Array(gradients[own.count...]))
    evaluate(loss.crossEntropy, loss.divergence, loss.denoising)
    return loss
  }

  /// One step of block t alone: the readout and W stay as they are.
  /// - Returns: the denoising term before the step, computed.
  @discardableResult
  public func stepAlone(block t: Int, images: Tensor, labels: Tensor) -> Tensor {
    let loss = blockTrainers[t - 1].step(images: images, labels: labels)
    evaluate(loss)
    return loss
  }

  /// One step of some blocks together, in one plan, on one batch: the same as one after the other with a fixed W.
  /// - Returns: the denoising terms before the step, computed.
  @discardableResult
  public func stepAlone(blocks: some Sequence<Int>, images: Tensor, labels: Tensor) -> [Tensor] {
    let losses = blocks.map { blockTrainers[$0 - 1].step(images: images, labels: labels) }
    evaluate(losses)
    return losses
  }

  /// One step of the readout (and of a learned W) alone, which needs no image.
  /// - Returns: the cross entropy before the step, computed.
  @discardableResult
  public func stepShared(labels: Tensor) -> Tensor {
    let noise = normals(1, [labels.shape[0], model.embedding.width], model.embedding, &sharedRandom)[0]
    let terms = model.sharedTerms(labels: labels, noise: noise)
    sharedOptimizer.minimize(terms.crossEntropy + terms.divergence)
    evaluate(terms.crossEntropy, terms.divergence)
    return terms.crossEntropy
  }

  /// What a step at block t computes and holds: forward and backward pass, without the update. Runs nothing.
  ///
  /// Recording it draws noise and, with batch normalisation, marks running statistics: use a model of its own.
  public func plan(block t: Int, images: Tensor, labels: Tensor) -> PlanSummary {
    let loss = loss(blockTrainers[t - 1], images, labels)
    let parameters = blockTrainers[t - 1].optimizer.parameters + sharedOptimizer.parameters
    return PlanSummary(of: [loss.total] + loss.total.gradients(withRespectTo: parameters.map(\.value)))
  }

  private func loss(_ trainer: BlockTrainer<Block>, _ images: Tensor, _ labels: Tensor) -> DenoisingLoss {
    let noise = normals(1, [labels.shape[0], model.embedding.width], model.embedding, &sharedRandom)[0]
    let shared = model.sharedTerms(labels: labels, noise: noise)
    return DenoisingLoss(
      crossEntropy: shared.crossEntropy, divergence: shared.divergence, denoising: trainer.loss(images: images, labels: labels))
  }
}
