import Layers
import Tensors

/// Trains one block of a chain, without looking at any other: T of these may run in any order, in T tasks or T processes.
///
/// Everything a block's training draws comes from its own random stream, so with a fixed W its parameters come out the same, bit for bit,
/// whatever happens to the other blocks meanwhile (NoProp, section on independence).
public final class BlockTrainer<Block: DenoisingBlock> {
  public let model: DiscreteTimeNoProp<Block>
  /// t, 1 ... T.
  public let block: Int
  public let options: DiscreteTimeOptions
  public let optimizer: any Optimizer
  /// Where noise and dropout are drawn from; part of a checkpoint.
  public var random: RandomStream

  /// - Throws: `denoisingWeight` or `setting` for options out of range.
  public init(_ model: DiscreteTimeNoProp<Block>, block: Int, options: DiscreteTimeOptions, random: RandomStream) throws(NoPropError) {
    precondition(block >= 1 && block <= model.stepCount, "BlockTrainer: block \(block) is not one of 1 ... \(model.stepCount)")
    try options.validate()
    self.model = model
    self.block = block
    self.options = options
    self.random = random
    optimizer = options.optimizer(model.blocks[block - 1].parameters)
  }

  /// The denoising term for a batch, recorded with fresh noise; reading it computes it.
  public func loss(images: Tensor, labels: Tensor) -> Tensor {
    let noise = normals(1, [labels.shape[0], model.embedding.width], model.embedding, &random)[0]
    let layers = random.split()
    return withContext(.training, random: layers) {
      model.denoisingTerm(
        block: block, images: images, labels: labels, noise: noise, weight: options.weight, fixesTarget: options.fixesTarget)
    }
  }

  /// One step of this block's parameters, recorded; reading the loss performs it. A learned W is left as it is.
  public func step(images: Tensor, labels: Tensor) -> Tensor { optimizer.minimize(loss(images: images, labels: labels)) }
}
