import Layers
import Tensors

/// A block of which an architecture chooses channels, expansion and kernel: an inverted residual (Sandler et al., 2018) or a bottleneck (He et al.,
/// 2016).
///
/// Inverted residual: 1 x 1 convolution to `middle` channels, depthwise convolution, squeeze and excitation, 1 x 1 convolution without activation.
/// Bottleneck: the same with a dense 3 x 3 convolution, and an activation after the sum.
public struct ElasticBlock: Module {
  public enum Kind: String, Sendable, Hashable, Codable {
    case invertedResidual
    case bottleneck
  }

  /// What a block adds to its result.
  public enum Shortcut: String, Sendable, Hashable, Codable {
    /// The input, where stride is 1 and channels do not change; nothing elsewhere.
    case whereShapesAgree
    /// The input; where shapes differ, through 2 x 2 average pooling and a 1 x 1 convolution without normalisation (BigNAS).
    case projected
    /// The input; where shapes differ, through average pooling and a 1 x 1 convolution with normalisation (ResNet-D).
    case normalizedProjection
    case none
  }

  public struct Configuration: Sendable, Hashable, Codable {
    public var kind: Kind
    /// Candidates of the incoming channels and of the outgoing ones.
    public var inputs: [Int]
    public var outputs: [Int]
    /// Whether outgoing channels are always as many as incoming ones: every block of a stage but the first.
    public var keepsWidth: Bool
    public var kernels: [Int]
    /// Middle channels, as multiples of the inputs (of the outputs in bottlenecks).
    public var expansions: [Double]
    public var stride: Int
    public var activation: Activation.Function
    public var hasSqueeze: Bool
    public var squeezeGate: Activation.Function
    public var shortcut: Shortcut
    public var hasKernelTransforms: Bool
    public var divisor: Int
    public var epsilon: Double

    public init(
      kind: Kind = .invertedResidual, inputs: [Int], outputs: [Int], keepsWidth: Bool = false, kernels: [Int],
      expansions: [Double], stride: Int, activation: Activation.Function, hasSqueeze: Bool = false,
      squeezeGate: Activation.Function = .hardSigmoid,
      shortcut: Shortcut = .whereShapesAgree, hasKernelTransforms: Bool = false, divisor: Int = 8, epsilon: Double = 1e-5
    ) {
      self.kind = kind
      self.inputs = inputs
      self.outputs = outputs
      self.keepsWidth = keepsWidth || (inputs == outputs && inputs.count == 1)
      self.kernels = kernels
      self.expansions = expansions
      self.stride = stride
      self.activation = activation
      self.hasSqueeze = hasSqueeze
      self.squeezeGate = squeezeGate
      self.shortcut = shortcut
      self.hasKernelTransforms = hasKernelTransforms
      self.divisor = divisor
      self.epsilon = epsilon
    }

    /// Whether there is a first 1 x 1 convolution: not where the expansion is always 1.
    public var isExpanded: Bool { kind == .bottleneck || expansions != [1] }

    public func middle(inputs: Int, outputs: Int, expansion: Double) -> Int {
      guard isExpanded else { return inputs }
      return roundedChannels(Double(kind == .bottleneck ? outputs : inputs) * expansion, divisor: divisor)
    }

    /// Middle channels of each expansion, for these inputs and outputs.
    public func middles(inputs: Int, outputs: Int) -> [Int] { expansions.map { middle(inputs: inputs, outputs: outputs, expansion: $0) } }

    var largestMiddle: Int { middle(inputs: inputs.last!, outputs: outputs.last!, expansion: expansions.last!) }
    var squeeze: ElasticSqueezeExcite.Configuration { .init(channels: largestMiddle, divisor: divisor, gate: squeezeGate) }

    /// Whether every choice of channels leaves the block with something that it adds to.
    public var isAlwaysResidual: Bool {
      switch shortcut {
      case .none: false
      case .whereShapesAgree: stride == 1 && keepsWidth
      case .projected, .normalizedProjection: true
      }
    }

    /// What the block adds for these channels.
    func addition(inputs: Int, outputs: Int) -> SubnetBlock.Addition {
      let agrees = stride == 1 && inputs == outputs
      switch shortcut {
      case .none: return .none
      case .whereShapesAgree: return agrees ? .identity : .none
      case .projected, .normalizedProjection:
        guard !agrees else { return .identity }
        return .projection(
          pools: stride > 1, convolves: inputs != outputs || shortcut == .normalizedProjection,
          isNormalized: shortcut == .normalizedProjection)
      }
    }

    var needsProjection: Bool {
      guard shortcut == .projected || shortcut == .normalizedProjection else { return false }
      if keepsWidth { return shortcut == .normalizedProjection && stride > 1 }
      return inputs.contains { input in
        outputs.contains { output in
          if case .projection(_, true, _) = addition(inputs: input, outputs: output) { true } else { false }
        }
      }
    }
  }

  public let configuration: Configuration
  public let expand: ElasticConvolution?
  public let middle: ElasticConvolution
  public let squeeze: ElasticSqueezeExcite?
  public let project: ElasticConvolution
  public let shortcut: ElasticConvolution?

  /// - Parameter zeroesLastScale: starts the last normalisation at 0, so that a block with a residual path starts as what it adds to. Refused for
  ///   blocks without one: their result would be constant.
  public init(_ configuration: Configuration, zeroesLastScale: Bool = false, random: inout RandomStream) {
    let c = configuration
    let (inputs, outputs, middle) = (c.inputs.last!, c.outputs.last!, c.largestMiddle)
    self.configuration = c
    expand =
      c.isExpanded
      ? ElasticConvolution(.init(inputs: inputs, outputs: middle, activation: c.activation, epsilon: c.epsilon), random: &random) : nil
    self.middle = ElasticConvolution(
      .init(
        inputs: middle, outputs: middle, kernels: c.kernels, stride: c.stride, isDepthwise: c.kind == .invertedResidual,
        hasKernelTransforms: c.hasKernelTransforms, activation: c.activation, epsilon: c.epsilon), random: &random)
    squeeze = c.hasSqueeze ? ElasticSqueezeExcite(c.squeeze, random: &random) : nil
    project = ElasticConvolution(.init(inputs: middle, outputs: outputs, epsilon: c.epsilon), random: &random)
    shortcut =
      c.needsProjection
      ? ElasticConvolution(
        .init(inputs: inputs, outputs: outputs, hasNormalization: c.shortcut == .normalizedProjection, epsilon: c.epsilon), random: &random)
      : nil
    if zeroesLastScale {
      precondition(c.isAlwaysResidual, "ElasticBlock: a last scale of 0 needs a residual path in every architecture")
      project.scale!.assign(.zeros(project.scale!.shape))
    }
  }

  /// - Parameters:
  ///   - input: (batch, height, width, block.inputs).
  ///   - block: what the architecture makes of the block.
  ///   - dropPath: share of samples that go without the branch, in training.
  /// - Returns: (batch, ceil(height / stride), ceil(width / stride), block.outputs).
  public func callAsFunction(_ input: Tensor, as block: SubnetBlock, dropPath: Double = 0, _ pass: ForwardPass) -> Tensor {
    let softExpansion = block.genes.expansion.flatMap { pass.softChoices[$0] }
    let softKernel = block.genes.kernel.flatMap { pass.softChoices[$0] }
    let mask = softExpansion.map { ChannelMask($0, block, configuration) }
    let channels = mask?.channels ?? block.middle
    var x = input
    if let expand { x = expand(x, outputs: channels, side: 1, pass) }
    // After normalisation and activation: masked before, the shift would leak into dead channels.
    if let mask { x = x * mask.middle }
    x = middle(x, outputs: channels, side: block.kernel, softKernel: softKernel, pass)
    if let mask { x = x * mask.middle }
    if let squeeze { x = squeeze(x, hiddenMask: mask?.hidden, pass) }
    x = project(x, outputs: block.outputs, side: 1, pass)
    guard block.addition != .none else { return x }
    if dropPath > 0 { x = DropPath(dropPath)(x) }
    x = x + added(input, block, pass)
    return configuration.kind == .bottleneck ? configuration.activation(x) : x
  }

  private func added(_ input: Tensor, _ block: SubnetBlock, _ pass: ForwardPass) -> Tensor {
    guard case .projection(let pools, let convolves, let isNormalized) = block.addition else { return input }
    let pooled = pools ? input.pooledForShortcut(countsPadding: !isNormalized) : input
    return convolves ? shortcut!(pooled, outputs: block.outputs, side: 1, pass) : pooled
  }
}

extension Tensor {
  /// 2 x 2 average pooling of (batch, height, width, channels) to ceil(side / 2).
  ///
  /// - Parameter countsPadding: odd sides are surrounded by zeros that count; otherwise the last window is as large as what is left.
  func pooledForShortcut(countsPadding: Bool) -> Tensor {
    let padding = [shape[1], shape[2]].map { (before: countsPadding ? $0 % 2 : 0, after: $0 % 2) }
    return averagePooled(window: [2, 2], strides: [2, 2], padding: padding, countsPadding: countsPadding)
  }
}

/// What is left of each middle channel and hidden unit when expansions are chosen softly: channel j stays with the weight of all candidates that keep it.
private struct ChannelMask {
  let channels: Int
  let middle: Tensor
  let hidden: Tensor?

  init(_ weights: Tensor, _ block: SubnetBlock, _ configuration: ElasticBlock.Configuration) {
    let counts = configuration.middles(inputs: block.inputs, outputs: block.outputs)
    channels = counts.last!
    middle = Self.mask(weights, counts)
    hidden = configuration.hasSqueeze ? Self.mask(weights, counts.map(configuration.squeeze.hidden)) : nil
  }

  private static func mask(_ weights: Tensor, _ counts: [Int]) -> Tensor {
    let keeps = counts.flatMap { count in (0..<counts.last!).map { Float($0 < count ? 1 : 0) } }
    return weights.reshaped(to: [1, counts.count]).matmul(Tensor(keeps, shape: [counts.count, counts.last!]).cast(to: weights.dtype))
      .reshaped(to: [counts.last!])
  }
}
