import Layers
import Tensors

/// The plain baseline: a residual network for small images (He et al., 2016, section 4.2), of basic blocks in three groups of widths w, 2w and 4w.
public struct ResidualClassifier: Layer {
  public struct Configuration: Sendable, Hashable, Codable {
    public var channels: Int
    public var classes: Int
    /// Channels of the first group.
    public var width: Int
    /// Blocks in each of three groups; the depth is 6 times that and 2.
    public var blocks: Int
    /// Stride of the stem's 3 x 3 convolution.
    public var stemStride: Int

    public init(channels: Int = 3, classes: Int = 10, width: Int = 16, blocks: Int = 1, stemStride: Int = 1) {
      self.channels = channels
      self.classes = classes
      self.width = width
      self.blocks = blocks
      self.stemStride = stemStride
    }

    public var depth: Int { 6 * blocks + 2 }
  }

  /// A convolution without bias and its normalisation.
  public struct Unit: Layer {
    public let convolution: Convolution
    public let norm: BatchNorm

    init(_ inputs: Int, _ outputs: Int, kernel: Int, stride: Int, random: inout RandomStream) {
      convolution = Convolution(
        inputs: inputs, outputs: outputs, kernel: [kernel, kernel], strides: [stride, stride],
        padding: .symmetric([kernel / 2, kernel / 2]),
        hasBias: false, weights: .heNormal(fan: .output), random: &random)
      norm = BatchNorm(features: outputs)
    }

    public func callAsFunction(_ input: Tensor) -> Tensor { norm(convolution(input)) }
  }

  public struct Block: Layer {
    public let first: Unit
    public let second: Unit
    public let shortcut: Unit?

    public func callAsFunction(_ input: Tensor) -> Tensor {
      (second(first(input).relu()) + (shortcut?(input) ?? input)).relu()
    }
  }

  public let configuration: Configuration
  public let stem: Unit
  public let blocks: [Block]
  public let head: Dense

  public init(_ configuration: Configuration, random: inout RandomStream) {
    self.configuration = configuration
    let width = configuration.width
    stem = Unit(configuration.channels, width, kernel: 3, stride: configuration.stemStride, random: &random)
    var blocks: [Block] = []
    var inputs = width
    for (factor, stride) in [(1, 1), (2, 2), (4, 2)] {
      for position in 0..<configuration.blocks {
        let (outputs, stride) = (factor * width, position == 0 ? stride : 1)
        let first = Unit(inputs, outputs, kernel: 3, stride: stride, random: &random)
        let second = Unit(outputs, outputs, kernel: 3, stride: 1, random: &random)
        let shortcut = inputs == outputs && stride == 1 ? nil : Unit(inputs, outputs, kernel: 1, stride: stride, random: &random)
        blocks.append(Block(first: first, second: second, shortcut: shortcut))
        inputs = outputs
      }
    }
    self.blocks = blocks
    head = Dense(inputs: inputs, outputs: configuration.classes, random: &random)
  }

  /// - Parameter images: (batch, height, width, channels).
  /// - Returns: a logit a class, (batch, classes).
  public func callAsFunction(_ images: Tensor) -> Tensor {
    var x = stem(images).relu()
    for block in blocks { x = block(x) }
    return head(x.mean(axes: [1, 2]))
  }
}

extension ResidualClassifier.Configuration {
  /// Multiply-adds for one image.
  public func multiplyAdds(height: Int, width side: Int) -> Int {
    func strided(_ extent: Int, _ stride: Int) -> Int { (extent + stride - 1) / stride }
    var (h, w) = (strided(height, stemStride), strided(side, stemStride))
    var total = h * w * 9 * channels * width
    var inputs = width
    for (factor, stride) in [(1, 1), (2, 2), (4, 2)] {
      for position in 0..<blocks {
        let (outputs, stride) = (factor * width, position == 0 ? stride : 1)
        (h, w) = (strided(h, stride), strided(w, stride))
        total += h * w * 9 * (inputs * outputs + outputs * outputs)
        if inputs != outputs || stride != 1 { total += h * w * inputs * outputs }
        inputs = outputs
      }
    }
    return total + inputs * classes
  }

  /// The same network with the width that comes closest to a number of multiply-adds for one image.
  public func matching(multiplyAdds: Int, height: Int, width side: Int) -> Self {
    func at(_ width: Int) -> Self {
      var other = self
      other.width = width
      return other
    }
    let best = (1...256).min {
      abs(at($0).multiplyAdds(height: height, width: side) - multiplyAdds)
        < abs(at($1).multiplyAdds(height: height, width: side) - multiplyAdds)
    }
    return at(best!)
  }
}

/// The residual network for inference, each normalisation folded into the convolution before it.
public struct FoldedResidualClassifier: Layer {
  public struct Block: Layer {
    let first: Convolution
    let second: Convolution
    let shortcut: Convolution?

    public func callAsFunction(_ input: Tensor) -> Tensor {
      let residual = shortcut?(input) ?? input
      return (second(first(input).relu()) + residual).relu()
    }
  }

  let stem: Convolution
  let blocks: [Block]
  let head: Dense

  public init(_ network: ResidualClassifier) {
    func folded(_ unit: ResidualClassifier.Unit) -> Convolution {
      MergedKernel(unit.convolution, unit.norm).convolution(like: unit.convolution)
    }
    stem = folded(network.stem)
    blocks = network.blocks.map { Block(first: folded($0.first), second: folded($0.second), shortcut: $0.shortcut.map(folded)) }
    head = network.head
    materialize()
  }

  public func callAsFunction(_ images: Tensor) -> Tensor {
    var x = stem(images).relu()
    for block in blocks { x = block(x) }
    return head(x.mean(axes: [1, 2]))
  }
}
