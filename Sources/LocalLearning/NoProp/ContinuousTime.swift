import Layers
import Tensors

/// NoProp-CT: one block serves all times in [0, 1], and the noise schedule is learned with it (Li, Teh and Pascanu, 2025, section on continuous
/// time).
public struct ContinuousTimeNoProp<Block: TimedDenoisingBlock>: Module {
  /// abar(t), learned.
  public let schedule: LearnedNoiseSchedule
  /// W.
  public let embedding: LabelEmbedding
  /// net(x, z, t).
  public let block: Block
  /// p(y | z_1).
  public let readout: ClassReadout
  public let settings: Settings

  public struct Settings: Sendable, Hashable, Codable {
    /// eta, the weight of the denoising term.
    public var weight: Double
    /// Takes u_y as a constant in the squared error and in z_t (see `DiscreteTimeNoProp.denoisingTerm`).
    public var fixesTarget: Bool
    /// How far the ends of gamma may move; nil leaves them free.
    public var endLimit: Double?
    /// N, the steps of an inference.
    public var steps: Int
    /// How an inference steps.
    public var rule: StepRule

    public init(weight: Double = 1, fixesTarget: Bool = false, endLimit: Double? = 10, steps: Int = 1000, rule: StepRule = .sampled) {
      self.weight = weight
      self.fixesTarget = fixesTarget
      self.endLimit = endLimit
      self.steps = steps
      self.rule = rule
    }
  }

  /// - Throws: `embeddingWidth` or `embeddingRows` where the readout does not fit W; `denoisingWeight`, `stepCount` or `setting` for settings out of
  ///   range.
  public init(
    schedule: LearnedNoiseSchedule, embedding: LabelEmbedding, block: Block, readout: ClassReadout, settings: Settings = Settings()
  ) throws(NoPropError) {
    try checkFit(readout, embedding)
    guard settings.weight >= 0 else { throw .denoisingWeight(settings.weight) }
    guard settings.steps >= 1 else { throw .stepCount(settings.steps) }
    if let limit = settings.endLimit, !(limit > 1) { throw .setting(name: "limit of gamma's ends", value: limit, allowed: "above 1") }
    self.schedule = schedule
    self.embedding = embedding
    self.block = block
    self.readout = readout
    self.settings = settings
  }

  // MARK: Training

  /// z_t ~ q(z_t | y) = N(sqrt(abar(t)) u_y, (1 - abar(t)) I) for given standard normal noise; levels of shape (B) or a scalar.
  public func noised(_ embeddings: Tensor, at level: LearnedNoiseSchedule.Level, noise: Tensor) -> Tensor {
    embeddings * level.alphaBar.sqrt().expandingShape(at: -1) + noise * level.noiseVariance.sqrt().expandingShape(at: -1)
  }

  /// uhat(z_t, x, t) = softmax(block) W.
  public func prediction(features: Tensor, state: Tensor, time: Tensor) -> Tensor {
    embedding.mixture(block.logits(features: features, state: state, time: time))
  }

  /// CE on z_1 + KL_0 + (eta / 2) E[SNR'(t) ||uhat(z_t, x, t) - u_y||^2], the continuous limit of Eq. 8.
  /// - Parameters:
  ///   - images: (B, ...); labels: (B).
  ///   - time: a t for each example, uniform in [0, 1], (B). One t for a whole batch would make the estimate far noisier.
  ///   - noise, finalNoise: standard normal, (B, width), for z_t and z_1.
  public func objective(images: Tensor, labels: Tensor, time: Tensor, noise: Tensor, finalNoise: Tensor) -> DenoisingLoss {
    let clean = embedding(labels)
    let target = settings.fixesTarget ? clean.stopGradient() : clean
    let level = schedule(at: time)
    let predicted = prediction(features: block.features(of: images), state: noised(target, at: level, noise: noise), time: time)
    let error = (predicted - target).square().sum(axes: [1])

    let start = schedule(at: Tensor(0, dtype: time.dtype))
    let end = schedule(at: Tensor(1, dtype: time.dtype))
    return DenoisingLoss(
      crossEntropy: readout.crossEntropy(noised(clean, at: end, noise: finalNoise), labels, embedding),
      divergence: priorDivergence(clean, alphaBar: start.alphaBar, noiseVariance: start.noiseVariance),
      denoising: (level.signalToNoiseDerivative * error).mean() * (settings.weight / 2))
  }

  // MARK: Inference

  /// z at t = 1/N, ..., 1 from z_0 at t = 0.
  ///
  /// The step from i/N to (i+1)/N is that of discrete time between abar(i/N) and abar((i+1)/N), with the block at t = i/N.
  /// - Parameters:
  ///   - features: what the block drew from the images.
  ///   - start: z_0, (B, width).
  ///   - noise: standard normal for step i = 0 ..< N, (B, width); asked for by `.sampled` alone.
  ///   - visit: told every state as it is computed.
  /// - Returns: z at t = 1.
  @discardableResult
  public func integrate(
    features: Tensor, start: Tensor, steps: Int, rule: StepRule, noise: (_ step: Int) -> Tensor, visit: (Tensor) -> Void = { _ in }
  ) -> Tensor {
    let alphaBar = schedule.alphaBar(steps: steps)
    var state = start
    for i in 0..<steps {
      let posterior = PosteriorStep(from: alphaBar[i], to: alphaBar[i + 1])
      func predicted(_ state: Tensor, _ i: Int) -> Tensor {
        prediction(features: features, state: state, time: Tensor([Double(i) / Double(steps)]).cast(to: state.dtype))
      }
      let first = predicted(state, i)
      let mean = first * posterior.a + state * posterior.b
      switch rule {
      case .sampled: state = mean + noise(i) * posterior.c.squareRoot()
      case .mean: state = mean
      case .heun:
        let second = i + 1 < steps ? predicted(mean, i + 1) : first
        state = (first + second) * (posterior.a / 2) + state * posterior.b
      }
      // One plan a step: they all have the same structure, so that only the first is compiled.
      evaluate(state)
      visit(state)
    }
    return state
  }
}

/// How an inference goes from one state to the next.
public enum StepRule: String, Sendable, Hashable, Codable, CaseIterable {
  /// A draw from the step's distribution, as in the paper.
  case sampled
  /// Its mean: no noise is added. Better when there are few steps.
  case mean
  /// The mean with the prediction averaged over both ends of the step (after Heun): two evaluations of the block a step. Ours.
  case heun
}
