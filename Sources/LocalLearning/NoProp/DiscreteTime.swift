import Layers
import Tensors

/// NoProp-DT: a chain of T blocks, each of which takes one step from noise to the label's embedding, and each of which is trained alone
/// (Li, Teh and Pascanu, 2025, section on discrete time).
public struct DiscreteTimeNoProp<Block: DenoisingBlock>: Module {
  /// abar_0 ... abar_T.
  public let schedule: NoiseSchedule
  /// W.
  public let embedding: LabelEmbedding
  /// Block t is `blocks[t - 1]`.
  public let blocks: [Block]
  /// p(y | z_T).
  public let readout: ClassReadout

  /// - Throws: `blockCount` unless there is a block a step, `embeddingWidth` where the readout does not fit W.
  public init(schedule: NoiseSchedule, embedding: LabelEmbedding, blocks: [Block], readout: ClassReadout) throws(NoPropError) {
    guard blocks.count == schedule.stepCount else { throw .blockCount(found: blocks.count, expected: schedule.stepCount) }
    try checkFit(readout, embedding)
    self.schedule = schedule
    self.embedding = embedding
    self.blocks = blocks
    self.readout = readout
  }

  /// T.
  public var stepCount: Int { blocks.count }

  // MARK: Training

  /// z_t ~ q(z_t | y) for given standard normal noise (Eq. 6).
  public func noised(_ embeddings: Tensor, at t: Int, noise: Tensor) -> Tensor {
    embeddings * schedule.alphaBar[t].squareRoot() + noise * (1 - schedule.alphaBar[t]).squareRoot()
  }

  /// uhat_t(z_{t-1}, x) = softmax(block_t(x, z_{t-1})) W.
  public func prediction(block t: Int, images: Tensor, state: Tensor) -> Tensor {
    embedding.mixture(blocks[t - 1](images, state))
  }

  /// The denoising term of block t: (T / 2) eta (SNR(t) - SNR(t-1)) E ||uhat_t(z_{t-1}, x) - u_y||^2 (Eq. 8).
  ///
  /// The block is given z_{t-1}; the factor T makes each block's term an unbiased estimate of the sum over blocks.
  /// - Parameters:
  ///   - t: 1 ... T.
  ///   - images: (B, ...); labels: (B).
  ///   - noise: standard normal, (B, width), that noises u_y to z_{t-1}.
  ///   - weight: eta.
  ///   - fixesTarget: takes u_y as a constant in the error and in z_{t-1}. Ours, for learned embeddings: the large weights of the last blocks
  ///     otherwise pull W together before it has learned anything.
  public func denoisingTerm(
    block t: Int, images: Tensor, labels: Tensor, noise: Tensor, weight: Double, fixesTarget: Bool
  ) -> Tensor {
    let clean = embedding(labels)
    let target = fixesTarget ? clean.stopGradient() : clean
    let predicted = prediction(block: t, images: images, state: noised(target, at: t - 1, noise: noise))
    let gain = schedule.signalToNoise(t) - schedule.signalToNoise(t - 1)
    return (predicted - target).square().sum(axes: [1]).mean() * (Double(stepCount) / 2 * weight * gain)
  }

  /// The terms that no block takes part in: the cross entropy of the readout on z_T ~ q(z_T | y), and KL_0 (Eq. 8).
  /// - Parameter noise: standard normal, (B, width).
  public func sharedTerms(labels: Tensor, noise: Tensor) -> (crossEntropy: Tensor, divergence: Tensor) {
    let clean = embedding(labels)
    let start = schedule.alphaBar[0]
    let divergence = priorDivergence(
      clean, alphaBar: Tensor(start, dtype: clean.dtype), noiseVariance: Tensor(1 - start, dtype: clean.dtype))
    return (readout.crossEntropy(noised(clean, at: stepCount, noise: noise), labels, embedding), divergence)
  }

  /// The whole objective at step t (Eq. 8).
  public func objective(
    block t: Int, images: Tensor, labels: Tensor, noise: Tensor, finalNoise: Tensor, weight: Double, fixesTarget: Bool
  ) -> DenoisingLoss {
    let shared = sharedTerms(labels: labels, noise: finalNoise)
    return DenoisingLoss(
      crossEntropy: shared.crossEntropy, divergence: shared.divergence,
      denoising: denoisingTerm(block: t, images: images, labels: labels, noise: noise, weight: weight, fixesTarget: fixesTarget))
  }

  // MARK: Inference

  /// z_t = a_t uhat + b_t z_{t-1} + sqrt(c_t) eps (Eq. 3); without noise, the mean of that.
  public func step(_ t: Int, prediction: Tensor, state: Tensor, noise: Tensor?) -> Tensor {
    let posterior = schedule.posterior(t)
    let mean = prediction * posterior.a + state * posterior.b
    return noise.map { mean + $0 * posterior.c.squareRoot() } ?? mean
  }

  /// z_1 ... z_T from z_0 through all blocks.
  /// - Parameters:
  ///   - features: what each block drew from the images.
  ///   - start: z_0, (B, width).
  ///   - noise: standard normal for step t, (B, width), or nil for mean-only steps.
  public func trajectory(features: [Tensor], start: Tensor, noise: (_ t: Int) -> Tensor?) -> [Tensor] {
    var state = start
    return (1...stepCount).map { t in
      let predicted = embedding.mixture(blocks[t - 1].logits(features: features[t - 1], state: state))
      state = step(t, prediction: predicted, state: state, noise: noise(t))
      return state
    }
  }

  /// What each block draws from the images.
  public func features(of images: Tensor) -> [Tensor] { blocks.map { $0.features(of: images) } }

  /// The classes by the state after each step, (B) each: how the decision forms along the chain.
  public func decisions(along trajectory: [Tensor]) -> [Tensor] {
    trajectory.map { readout.logits($0, embedding).argMax() }
  }
}

func checkFit(_ readout: ClassReadout, _ embedding: LabelEmbedding) throws(NoPropError) {
  let (width, classes) = (readout.linear.configuration.inputs, readout.linear.configuration.outputs)
  guard width == embedding.width else { throw .embeddingWidth(part: "the readout", found: width, expected: embedding.width) }
  guard classes == embedding.classCount else { throw .embeddingRows(found: embedding.classCount, expected: classes) }
}
