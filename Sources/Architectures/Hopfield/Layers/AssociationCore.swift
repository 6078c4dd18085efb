import Layers
import Tensors

/// What an association gives.
public struct Association: Sendable {
  /// (N, L, outputWidth).
  public let output: Tensor
  /// The last softmax of each head, before dropout: (N, H, L, S), S with the patterns that the module adds.
  public let weights: Tensor
  /// State patterns after their updates, in the space of the heads: (N, H, L, d).
  public let states: Tensor
  /// Stored patterns in the space of the heads: (N, H, S, d); extents of 1 where batch or heads share them.
  public let stored: Tensor
  /// Projected patterns, what is looked up: (N, H, S, d_v); extents of 1 where batch or heads share them.
  public let patterns: Tensor
}

/// Associates state patterns with stored patterns by the update rule of the modern Hopfield network, in several heads between projections
/// (Ramsauer et al., 2021, equations 8 to 10). One softmax and no update is multi-head attention.
public struct AssociationCore: ConfiguredModule {
  public let configuration: AssociationConfiguration
  public let stateNorm: LayerNorm?
  public let storedNorm: LayerNorm?
  public let projectionNorm: LayerNorm?
  /// W_Q, (E, H d).
  public let stateProjection: Dense?
  /// W_K, (E_s, H d).
  public let storedProjection: Dense?
  /// W_V, (E_p, H d_v); (H d, H d_v) where it is connected.
  public let patternProjection: Dense?
  /// Shared by states and stored patterns of all heads, (d).
  public let hopfieldSpaceNorm: LayerNorm?
  /// (H, 1, d) and (H, 1, d_v).
  public let biasStored: Parameter?
  public let biasPattern: Parameter?
  /// (H d_v, O).
  public let outputProjection: Dense?

  /// Weights are drawn from N(0, 0.02^2); biases are 0.
  public init(_ configuration: AssociationConfiguration, random: inout RandomStream) throws(HopfieldError) {
    try configuration.check()
    self.configuration = configuration
    func norm(_ input: AssociationConfiguration.Input) -> LayerNorm? {
      input.isNormalized ? LayerNorm(features: input.width, isAffine: input.isNormalizationAffine) : nil
    }
    stateNorm = norm(configuration.state)
    storedNorm = norm(configuration.stored)
    projectionNorm = norm(configuration.projection)
    let heads = configuration.heads
    let (inner, value) = (heads * configuration.headWidth, heads * configuration.patternWidth)
    let normal = Initializer.normal(standardDeviation: 0.02)
    func projection(_ input: Int, _ output: Int) -> Dense {
      Dense(inputs: input, outputs: output, hasBias: configuration.hasBias, weights: normal, bias: .zeros, random: &random)
    }
    stateProjection = configuration.state.isStatic ? nil : projection(configuration.state.width, inner)
    storedProjection = configuration.stored.isStatic ? nil : projection(configuration.stored.width, inner)
    patternProjection =
      configuration.projection.isStatic
      ? nil : projection(configuration.connectsPatternProjection ? inner : configuration.projection.width, value)
    hopfieldSpaceNorm =
      configuration.normalizesHopfieldSpace
      ? LayerNorm(features: configuration.headWidth, isAffine: configuration.isHopfieldSpaceAffine) : nil
    let adds = configuration.addsBiasPattern
    biasStored = adds ? Parameter(Tensor.normal([heads, 1, configuration.headWidth], key: random.next(), standardDeviation: 0.02)) : nil
    biasPattern =
      adds ? Parameter(Tensor.normal([heads, 1, configuration.patternWidth], key: random.next(), standardDeviation: 0.02)) : nil
    outputProjection = configuration.projectsOutput ? projection(value, configuration.outputWidth) : nil
  }

  /// - Parameters:
  ///   - state: (N, L, E). Any of the three may have a batch of 1, which all others share.
  ///   - stored: (N, S, E_s).
  ///   - projection: (N, S, E_p).
  ///   - visit: is given the number of updates done, the states (N, H, L, d) and the associations (N, H, L, S) as they come.
  /// - Throws: `HopfieldError` for shapes that do not fit, masks that hide everything, and inputs that hold NaN or infinity. The last is
  ///   looked for in values alone, not in what is still to be computed.
  public func associate(
    state: Tensor, stored: Tensor, projection: Tensor, mask: AssociationMask = .none,
    visit: ((_ update: Int, _ states: Tensor, _ weights: Tensor) -> Void)? = nil
  ) throws(HopfieldError) -> Association {
    let batch = try checkedBatch(state, stored, projection)
    let heads = configuration.heads
    var q = inHeads(projected(state, stateNorm, stateProjection), isStatic: configuration.state.isStatic)
    var k = inHeads(projected(stored, storedNorm, storedProjection), isStatic: configuration.stored.isStatic)
    let lookedUp = projectionNorm.map { $0(projection) } ?? projection
    let connected = configuration.connectsPatternProjection ? storedProjection!(lookedUp) : lookedUp
    var v = inHeads(patternProjection.map { $0(connected) } ?? connected, isStatic: configuration.projection.isStatic)
    if let hopfieldSpaceNorm { (q, k) = (hopfieldSpaceNorm(q), hopfieldSpaceNorm(k)) }

    let extra = (configuration.addsBiasPattern ? 1 : 0) + (configuration.addsZeroAssociation ? 1 : 0)
    if let biasStored, let biasPattern {
      k = appending(biasStored.value.expandingShape(at: 0), to: k)
      v = appending(biasPattern.value.expandingShape(at: 0), to: v)
    }
    if configuration.addsZeroAssociation {
      k = appending(Tensor.zeros([1, 1, 1, k.shape[3]], dtype: k.dtype), to: k)
      v = appending(Tensor.zeros([1, 1, 1, v.shape[3]], dtype: v.dtype), to: v)
    }
    let masks = try mask.applied(
      batch: batch, heads: heads, states: state.shape[1], stored: stored.shape[1], extraPatterns: extra)
    let (states, weights) = try settled(q, k, masks, visit)

    let kept = configuration.dropout > 0 ? Dropout(configuration.dropout)(weights) : weights
    let mixed = kept.matmul(v)
    let joined = mixed.broadcast(to: [batch, heads, state.shape[1], configuration.patternWidth]).swappingAxes(1, 2)
      .reshaped(to: [batch, state.shape[1], heads * configuration.patternWidth])
    var output = outputProjection.map { $0(joined) } ?? joined
    if let activation = configuration.activation { output = activation(output) }
    return Association(
      output: output, weights: weights.broadcast(to: [batch, heads, state.shape[1], k.shape[2]]), states: states, stored: k, patterns: v)
  }

  /// The iteration: q <- softmax(beta q k^T) k in each head until its association rests or the updates are used up.
  private func settled(
    _ start: Tensor, _ k: Tensor, _ masks: AssociationMask.Applied, _ visit: ((Int, Tensor, Tensor) -> Void)?
  ) throws(HopfieldError) -> (states: Tensor, weights: Tensor) {
    let betas = configuration.inverseTemperatures
    let beta = Tensor(betas.map { Float($0) }).cast(to: start.dtype).reshaped(to: [1, betas.count, 1, 1])
    func softmax(_ q: Tensor) -> Tensor {
      var logits: Tensor
      if Set(betas).count == 1 {
        logits = (q * betas[0]).matmul(k.transposed())
      } else {
        logits = (q * beta).matmul(k.transposed())
      }
      if let addend = masks.addend { logits = logits + addend.cast(to: logits.dtype) }
      // Finite, and yet so far below that exp gives 0.
      if let hidden = masks.hidden { logits = Tensor.select(hidden, Tensor(-1e30, dtype: logits.dtype), logits) }
      return logits.softmax()
    }

    var q = start
    var weights = softmax(q)
    visit?(0, q, weights)
    var isActive: Tensor?
    var count = 0
    while configuration.updates.map({ count < $0 }) ?? true {
      let next = weights.matmul(k)
      q = isActive.map { Tensor.select($0, next, q.broadcast(to: next.shape)) } ?? next
      let fresh = softmax(q)
      let settledWeights = isActive.map { Tensor.select($0, fresh, weights.broadcast(to: fresh.shape)) } ?? fresh
      count += 1
      visit?(count, q, settledWeights)
      if configuration.updates.map({ count < $0 }) ?? true {
        // (N, H): how far each head's association moved; the batch's largest decides.
        let moved = (settledWeights - weights).stopGradient().square().sum(axes: [-2, -1]).sqrt().max(axes: [0])
        let isMoving = (moved .> configuration.tolerance).reshaped(to: [1, moved.shape[0], 1, 1])
        isActive = isActive.map { $0 .& isMoving } ?? isMoving
        if configuration.updates == nil, !keepingHistory({ isActive!.any().scalar(as: Bool.self) }) {
          weights = settledWeights
          break
        }
      }
      weights = settledWeights
      guard count < 10_000 else { throw .noConvergence(updates: count) }
    }
    return (q, weights)
  }

  private func projected(_ input: Tensor, _ norm: LayerNorm?, _ projection: Dense?) -> Tensor {
    let normalized = norm.map { $0(input) } ?? input
    return projection.map { $0(normalized) } ?? normalized
  }

  /// (N, S, H d) as (N, H, S, d); a static input (N, S, d) as (N, 1, S, d).
  private func inHeads(_ input: Tensor, isStatic: Bool) -> Tensor {
    guard !isStatic else { return input.expandingShape(at: 1) }
    let heads = configuration.heads
    return input.reshaped(to: [input.shape[0], input.shape[1], heads, input.shape[2] / heads]).swappingAxes(1, 2)
  }

  /// `row` (1, H, 1, d) at the end of the patterns (N, H, S, d); extents of 1 broadcast.
  private func appending(_ row: Tensor, to patterns: Tensor) -> Tensor {
    let heads = max(row.shape[1], patterns.shape[1])
    let (batch, count, width) = (patterns.shape[0], patterns.shape[2], patterns.shape[3])
    return Tensor.concatenate(
      [patterns.broadcast(to: [batch, heads, count, width]), row.cast(to: patterns.dtype).broadcast(to: [batch, heads, 1, width])], axis: 2)
  }

  private func checkedBatch(_ state: Tensor, _ stored: Tensor, _ projection: Tensor) throws(HopfieldError) -> Int {
    let batch = [state, stored, projection].map { $0.rank == 3 ? $0.shape[0] : 1 }.max()!
    for (name, tensor, input) in [
      ("state", state, configuration.state), ("stored", stored, configuration.stored), ("projection", projection, configuration.projection),
    ] {
      guard tensor.rank == 3, tensor.shape[2] == input.width, tensor.shape[0] == batch || tensor.shape[0] == 1 else {
        throw .shape(argument: name, found: tensor.shape, expected: "(\(batch), patterns, \(input.width))")
      }
      if tensor.isEvaluated { try requireFinite(tensor, name) }
    }
    guard stored.shape[1] == projection.shape[1] else {
      throw .shape(
        argument: "projection", found: projection.shape, expected: "\(stored.shape[1]) patterns, as many as there are stored")
    }
    guard stored.shape[1] >= 1 else { throw .shape(argument: "stored", found: stored.shape, expected: "at least one pattern") }
    return batch
  }
}
