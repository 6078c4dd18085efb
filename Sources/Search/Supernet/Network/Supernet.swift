import Layers
import Tensors

/// A linear layer of which an architecture uses the first inputs and outputs.
public struct ElasticDense: Module {
  /// (outputs, inputs).
  public let weight: Parameter
  /// (outputs).
  public let bias: Parameter?

  /// Both uniform in +-1 / sqrt(inputs).
  public init(inputs: Int, outputs: Int, hasBias: Bool, random: inout RandomStream) {
    let bound = 1 / Double(inputs).squareRoot()
    weight = Parameter(.uniform([outputs, inputs], key: random.next(), from: -bound, to: bound))
    bias = hasBias ? Parameter(.uniform([outputs], key: random.next(), from: -bound, to: bound)) : nil
  }

  /// - Parameter input: (batch, c), c being at most the number of inputs.
  public func callAsFunction(_ input: Tensor, outputs: Int, _ pass: ForwardPass) -> Tensor {
    let product = input.matmul(pass.take(weight, first: [outputs, input.shape[1]]).transposed())
    return bias.map { product + pass.take($0, first: [outputs]) } ?? product
  }
}

/// One network whose weights every architecture of a space shares: an architecture runs with slices of them.
public struct Supernet: Module {
  public let design: SupernetDesign
  /// One convolution, or three of which the second may be left out.
  public let stem: [ElasticConvolution]
  public let stages: [[ElasticBlock]]
  public let head: ElasticConvolution?
  public let mixing: ElasticDense?
  public let classifier: ElasticDense

  /// Draws fresh weights: convolutions by He et al. (2015) scaled by outputs, linear layers uniform.
  /// - Parameter zeroesLastScale: starts the last normalisation of every block that always has a residual path at 0.
  public init(_ design: SupernetDesign, zeroesLastScale: Bool = false, random: inout RandomStream) {
    let c = design.configuration
    self.design = design
    func unit(_ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, _ activation: Activation.Function) -> ElasticConvolution {
      ElasticConvolution(
        .init(inputs: inputs, outputs: outputs, kernels: [kernel], stride: stride, activation: activation, epsilon: c.epsilon),
        random: &random)
    }
    let width = c.stem.widths.last!
    if let inner = c.stem.innerWidths?.last {
      stem = [
        unit(c.inputChannels, inner, kernel: 3, stride: c.stem.stride, c.stem.activation), unit(inner, inner, kernel: 3, c.stem.activation),
        unit(inner, width, kernel: 3, c.stem.activation),
      ]
    } else {
      stem = [unit(c.inputChannels, width, kernel: 3, stride: c.stem.stride, c.stem.activation)]
    }
    stages = design.blocks.map { stage in
      stage.map { ElasticBlock($0, zeroesLastScale: zeroesLastScale && $0.isAlwaysResidual, random: &random) }
    }
    var features = c.stages.last!.widths.last!
    if let headWidth = c.head.factor.map({ $0 * features }) ?? c.head.widths.last {
      head = unit(features, headWidth, kernel: 1, c.head.activation)
      features = headWidth
    } else {
      head = nil
    }
    if let outputs = c.head.mixingWidths.last {
      mixing = ElasticDense(inputs: features, outputs: outputs, hasBias: false, random: &random)
      features = outputs
    } else {
      mixing = nil
    }
    classifier = ElasticDense(inputs: features, outputs: c.classCount, hasBias: true, random: &random)
    materialize()
  }

  public var space: SearchSpace { design.space }

  /// Another supernet of the same design with the present values.
  public func copy() -> Supernet {
    var random = RandomStream(seed: 0)
    let other = Supernet(design, random: &random)
    materialize()
    for (own, copied) in zip(namedParameters, other.namedParameters) { copied.parameter.assign(own.parameter.value) }
    return other
  }

  /// The matrices between kernels of different sizes. They take no part in the largest network.
  public var kernelTransforms: [Parameter] { stages.flatMap { $0.flatMap(\.middle.kernelTransforms) } }

  /// Scores of the classes by one architecture.
  ///
  /// - Parameters:
  ///   - images: (batch, height, width, channels); resized to the architecture's resolution.
  ///   - pass: how to normalise and what to drop; it collects slices and statistics. Dropping needs a training context with randomness.
  /// - Returns: (batch, classes).
  public func callAsFunction(_ images: Tensor, _ architecture: Architecture, _ pass: ForwardPass = ForwardPass()) -> Tensor {
    logits(images, design.subnet(architecture), pass)
  }

  func logits(_ images: Tensor, _ subnet: Subnet, _ pass: ForwardPass) -> Tensor {
    precondition(
      images.rank == 4 && images.shape[3] == design.configuration.inputChannels,
      "Supernet: the images must be (batch, height, width, \(design.configuration.inputChannels)), their shape is \(images.shape)")
    var x = images.resizedToSide(subnet.resolution)
    x = stemFeatures(x, subnet, pass)
    let largestDepth = stages.reduce(0) { $0 + $1.count }
    var position = 0
    for (stage, blocks) in stages.enumerated() {
      for block in subnet.blocks where block.stage == stage {
        let share = Double(position + block.index) / Double(largestDepth)
        x = blocks[block.index](x, as: block, dropPath: pass.regularization.dropPath * share, pass)
      }
      position += blocks.count
    }
    if let head { x = head(x, outputs: subnet.head!.outputs, side: 1, pass) }
    x = x.mean(1, 2)
    if let mixing { x = design.configuration.head.mixingActivation(mixing(x, outputs: subnet.mixing!, pass)) }
    if pass.regularization.dropout > 0 { x = Dropout(pass.regularization.dropout)(x) }
    return classifier(x, outputs: subnet.classCount, pass)
  }

  private func stemFeatures(_ images: Tensor, _ subnet: Subnet, _ pass: ForwardPass) -> Tensor {
    let units = subnet.stem
    guard stem.count == 3 else { return stem[0](images, outputs: units[0].outputs, side: 3, pass) }
    var x = stem[0](images, outputs: units[0].outputs, side: 3, pass)
    if units.count == 3 { x = x + stem[1](x, outputs: units[1].outputs, side: 3, pass) }
    x = stem[2](x, outputs: units.last!.outputs, side: 3, pass)
    return x.maxPooled(window: [3, 3], strides: [2, 2], padding: [(1, 1), (1, 1)])
  }
}

extension Tensor {
  /// (batch, height, width, channels) resized bilinearly, centres of pixels at half steps; as it is where the side is right.
  func resizedToSide(_ side: Int) -> Tensor { shape[1] == side && shape[2] == side ? self : resized(to: [side, side]) }
}
