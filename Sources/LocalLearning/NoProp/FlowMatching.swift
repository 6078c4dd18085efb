import Layers
import Tensors

/// NoProp-FM: the block learns the velocity that carries noise to the label's embedding along straight lines (Li, Teh and Pascanu, 2025, section on
/// flow matching; Lipman et al., 2022).
public struct FlowMatchingNoProp<Block: TimedDenoisingBlock>: Module {
  /// W.
  public let embedding: LabelEmbedding
  /// net(x, z, t).
  public let block: Block
  /// Used by the anchor alone: the class is the one whose embedding is nearest.
  public let readout: ClassReadout
  public let settings: Settings

  public struct Settings: Sendable, Hashable, Codable {
    /// Adds the cross entropy of the extrapolated end to the loss; nil does where W is learned. Without it a learned W collapses to a point.
    public var usesAnchor: Bool?
    /// sigma of the noise around the straight line; the paper leaves it open.
    public var deviation: Double
    /// N, the steps of an inference.
    public var steps: Int
    /// How an inference integrates dz/dt = v.
    public var solver: ODESolver

    public init(usesAnchor: Bool? = nil, deviation: Double = 0, steps: Int = 1000, solver: ODESolver = .euler) {
      self.usesAnchor = usesAnchor
      self.deviation = deviation
      self.steps = steps
      self.solver = solver
    }
  }

  /// - Throws: `embeddingWidth` or `embeddingRows` where the readout does not fit W; `stepCount` or `setting` for settings out of range.
  public init(embedding: LabelEmbedding, block: Block, readout: ClassReadout, settings: Settings = Settings()) throws(NoPropError) {
    try checkFit(readout, embedding)
    guard settings.steps >= 1 else { throw .stepCount(settings.steps) }
    guard settings.deviation >= 0 else { throw .setting(name: "sigma of the flow", value: settings.deviation, allowed: "at least 0") }
    self.embedding = embedding
    self.block = block
    self.readout = readout
    self.settings = settings
  }

  public var usesAnchor: Bool { settings.usesAnchor ?? embedding.weight.isTrainable }

  // MARK: Training

  /// v(z_t, x, t) = block W: no softmax, as a velocity may leave the hull of the embeddings.
  public func velocity(features: Tensor, state: Tensor, time: Tensor) -> Tensor {
    embedding.combination(block.logits(features: features, state: state, time: time))
  }

  /// E ||v(z_t, x, t) - (u_y - z_0)||^2 with z_t = t u_y + (1 - t) z_0 + sigma eps, and the anchor: the cross entropy of
  /// z_1 = z_t + (1 - t) v, the end extrapolated from z_t.
  /// - Parameters:
  ///   - images: (B, ...); labels: (B).
  ///   - start: z_0, standard normal, (B, width).
  ///   - time: a t for each example, uniform in [0, 1], (B).
  ///   - noise: eps, standard normal, (B, width); needed where sigma is not 0.
  public func objective(images: Tensor, labels: Tensor, start: Tensor, time: Tensor, noise: Tensor? = nil) -> FlowMatchingLoss {
    let clean = embedding(labels)
    let t = time.expandingShape(at: 1)
    var state = clean * t + start * (1 - t)
    if settings.deviation > 0 {
      guard let noise else { preconditionFailure("FlowMatchingNoProp: sigma is \(settings.deviation), so noise is needed") }
      state = state + noise * settings.deviation
    }
    let velocity = velocity(features: block.features(of: images), state: state, time: time)
    let end = state + velocity * (1 - t)
    return FlowMatchingLoss(
      flow: (velocity - (clean - start)).square().sum(axes: [1]).mean(),
      anchor: readout.crossEntropy(end, labels, embedding), usesAnchor: usesAnchor, velocity: velocity, end: end)
  }

  // MARK: Inference

  /// z at t = 1 from z_0 at t = 0 along dz/dt = v, in `steps` equal steps.
  /// - Parameters:
  ///   - features: what the block drew from the images.
  ///   - start: z_0, (B, width).
  ///   - visit: told every state as it is computed.
  @discardableResult
  public func integrate(
    features: Tensor, start: Tensor, steps: Int, solver: ODESolver, visit: (Tensor) -> Void = { _ in }
  ) -> Tensor {
    solver.integrate([start], from: 0, to: 1, steps: steps, visit: { visit($0[0]) }) { state, time in
      [velocity(features: features, state: state[0], time: Tensor([time]).cast(to: start.dtype))]
    }[0]
  }

  /// -||z - u_k||^2 for each class: the largest is the nearest embedding, which is the prediction.
  public func scores(_ z: Tensor) -> Tensor { -embedding.squaredDistances(z) }
}

/// The terms of the flow matching objective, and what they were computed from.
public struct FlowMatchingLoss: Sendable {
  /// The squared error of the velocity.
  public let flow: Tensor
  /// The cross entropy of the extrapolated end.
  public let anchor: Tensor
  /// Whether the anchor is part of the total.
  public let usesAnchor: Bool
  /// v(z_t, x, t), (B, width).
  public let velocity: Tensor
  /// z_t + (1 - t) v, (B, width).
  public let end: Tensor

  public var total: Tensor { usesAnchor ? flow + anchor : flow }
}
