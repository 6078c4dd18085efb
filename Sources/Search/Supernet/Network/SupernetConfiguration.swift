import Layers

/// The largest network of a family and everything that can be chosen about it.
public struct SupernetConfiguration: Sendable, Hashable, Codable {
  /// A 3 x 3 convolution; or three of them and a maximum, the second of which can be left out (ResNet-D).
  public struct Stem: Sendable, Hashable, Codable {
    public var widths: [Int]
    /// Outputs of the first two of three convolutions, one for each of `widths`; nil for a single convolution.
    public var innerWidths: [Int]?
    public var stride: Int
    public var activation: Activation.Function

    public init(widths: [Int], innerWidths: [Int]? = nil, stride: Int = 2, activation: Activation.Function) {
      self.widths = widths
      self.innerWidths = innerWidths
      self.stride = stride
      self.activation = activation
    }
  }

  public struct Stage: Sendable, Hashable, Codable {
    public var name: String
    public var kind: ElasticBlock.Kind
    public var widths: [Int]
    public var depths: [Int]
    public var kernels: [Int]
    public var expansions: [Double]
    /// Of the first block.
    public var stride: Int
    public var activation: Activation.Function
    public var hasSqueeze: Bool
    public var shortcut: ElasticBlock.Shortcut
    /// One kernel and one expansion for all blocks of the stage, instead of one for each.
    public var sharesGenes: Bool

    public init(
      _ name: String, kind: ElasticBlock.Kind = .invertedResidual, widths: [Int], depths: [Int], kernels: [Int], expansions: [Double],
      stride: Int, activation: Activation.Function, hasSqueeze: Bool = false, shortcut: ElasticBlock.Shortcut = .whereShapesAgree,
      sharesGenes: Bool = false
    ) {
      self.name = name
      self.kind = kind
      self.widths = widths
      self.depths = depths
      self.kernels = kernels
      self.expansions = expansions
      self.stride = stride
      self.activation = activation
      self.hasSqueeze = hasSqueeze
      self.shortcut = shortcut
      self.sharesGenes = sharesGenes
    }
  }

  /// After the blocks: [1 x 1 convolution], mean over the picture, [linear layer], dropout, classifier.
  public struct Head: Sendable, Hashable, Codable {
    /// Outputs of the 1 x 1 convolution; empty where there is none.
    public var widths: [Int]
    /// Outputs as a multiple of the last stage's, in place of `widths`.
    public var factor: Int?
    public var activation: Activation.Function
    /// Outputs of the linear layer without bias after the mean; empty where there is none.
    public var mixingWidths: [Int]
    public var mixingActivation: Activation.Function
    /// Of the largest network's training.
    public var dropout: Double

    public init(
      widths: [Int] = [], factor: Int? = nil, activation: Activation.Function = .identity, mixingWidths: [Int] = [],
      mixingActivation: Activation.Function = .identity, dropout: Double = 0
    ) {
      self.widths = widths
      self.factor = factor
      self.activation = activation
      self.mixingWidths = mixingWidths
      self.mixingActivation = mixingActivation
      self.dropout = dropout
    }
  }

  public var inputChannels: Int
  public var classCount: Int
  public var resolutions: [Int]
  public var stem: Stem
  public var stages: [Stage]
  public var head: Head
  public var hasKernelTransforms: Bool
  public var squeezeGate: Activation.Function
  public var divisor: Int
  public var epsilon: Double

  public init(
    inputChannels: Int, classCount: Int, resolutions: [Int], stem: Stem, stages: [Stage], head: Head, hasKernelTransforms: Bool = false,
    squeezeGate: Activation.Function = .hardSigmoid, divisor: Int = 8, epsilon: Double = 1e-5
  ) {
    self.inputChannels = inputChannels
    self.classCount = classCount
    self.resolutions = resolutions
    self.stem = stem
    self.stages = stages
    self.head = head
    self.hasKernelTransforms = hasKernelTransforms
    self.squeezeGate = squeezeGate
    self.divisor = divisor
    self.epsilon = epsilon
  }
}
