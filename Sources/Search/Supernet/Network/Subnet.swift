import Layers

/// What an architecture makes of one block, in numbers.
public struct SubnetBlock: Sendable, Hashable, Codable {
  public enum Addition: Sendable, Hashable, Codable {
    case none
    case identity
    case projection(pools: Bool, convolves: Bool, isNormalized: Bool)
  }

  /// The genes that chose kernel and expansion.
  public struct Genes: Sendable, Hashable, Codable {
    public var kernel: String?
    public var expansion: String?

    public init(kernel: String?, expansion: String?) {
      self.kernel = kernel
      self.expansion = expansion
    }
  }

  public let stage: Int
  /// In its stage, from 0.
  public let index: Int
  public let kind: ElasticBlock.Kind
  /// Side of the incoming picture.
  public let side: Int
  public let inputs: Int
  public let outputs: Int
  public let middle: Int
  public let expansion: Double
  /// Whether there is a first 1 x 1 convolution.
  public let isExpanded: Bool
  public let kernel: Int
  public let stride: Int
  /// Hidden units of the squeeze and excitation; nil where there is none.
  public let squeeze: Int?
  public let addition: Addition
  public let genes: Genes

  /// Side of the outgoing picture.
  public var outputSide: Int { (side + stride - 1) / stride }
}

extension ElasticBlock.Configuration {
  /// The block with one choice of channels, expansion and kernel.
  ///
  /// - Parameters:
  ///   - side: of the incoming picture.
  ///   - genes: what chose kernel and expansion, for soft choices.
  public func block(
    stage: Int = 0, index: Int = 0, side: Int, inputs: Int, outputs: Int, kernel: Int, expansion: Double,
    genes: SubnetBlock.Genes = .init(kernel: nil, expansion: nil)
  ) -> SubnetBlock {
    let middle = middle(inputs: inputs, outputs: outputs, expansion: expansion)
    return SubnetBlock(
      stage: stage, index: index, kind: kind, side: side, inputs: inputs, outputs: outputs, middle: middle, expansion: expansion,
      isExpanded: isExpanded, kernel: kernel, stride: stride, squeeze: hasSqueeze ? squeeze.hidden(middle) : nil,
      addition: addition(inputs: inputs, outputs: outputs), genes: genes)
  }
}

/// One network of a supernet in numbers: everything that its cost and its plain form depend on.
public struct Subnet: Sendable, Hashable, Codable {
  /// A convolution with normalisation outside the blocks.
  public struct Unit: Sendable, Hashable, Codable {
    public let side: Int
    public let inputs: Int
    public let outputs: Int
    public let kernel: Int
    public let stride: Int

    public var outputSide: Int { (side + stride - 1) / stride }
  }

  public let resolution: Int
  /// Convolutions before the blocks; where there are several, the second one (if three) has a residual path.
  public let stem: [Unit]
  /// Whether a 3 x 3 maximum with stride 2 follows the stem.
  public let poolsStem: Bool
  public let blocks: [SubnetBlock]
  /// The 1 x 1 convolution after the blocks; nil where there is none.
  public let head: Unit?
  /// Outputs of the linear layer after pooling; nil where there is none.
  public let mixing: Int?
  public let classCount: Int

  /// Channels that are averaged over the picture.
  public var pooledChannels: Int { head?.outputs ?? blocks.last?.outputs ?? stem.last!.outputs }
  /// Channels of each batch normalisation under a name of its place, in the order in which they run.
  var normalizationSites: [(name: String, channels: Int)] {
    var sites: [(name: String, channels: Int)] = []
    // The middle convolution of a stem of three can be missing; the last one keeps its name.
    for (index, unit) in stem.enumerated() { sites.append(("stem.\(poolsStem && index == stem.count - 1 ? 2 : index)", unit.outputs)) }
    for block in blocks {
      let name = "\(block.stage).\(block.index)"
      if block.isExpanded { sites.append(("\(name).expand", block.middle)) }
      sites.append(("\(name).middle", block.middle))
      sites.append(("\(name).project", block.outputs))
      if case .projection(_, true, true) = block.addition { sites.append(("\(name).shortcut", block.outputs)) }
    }
    if let head { sites.append(("head", head.outputs)) }
    return sites
  }

  /// Inputs of the classifier.
  public var features: Int { mixing ?? pooledChannels }
}
