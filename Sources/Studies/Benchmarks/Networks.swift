import Layers
import Tensors

/// A convolution without bias and its batch normalisation, then an activation.
struct ConvolutionUnit: Layer {
  let convolution: Convolution
  let norm: BatchNorm
  let activation: Activation.Function

  init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, groups: Int = 1, activation: Activation.Function,
    random: inout RandomStream
  ) {
    convolution = Convolution(
      inputs: inputs, outputs: outputs, kernel: [kernel, kernel], strides: [stride, stride], padding: .symmetric([kernel / 2, kernel / 2]),
      groups: groups, hasBias: false, weights: .heNormal(fan: .output), random: &random)
    norm = BatchNorm(features: outputs)
    self.activation = activation
  }

  func callAsFunction(_ input: Tensor) -> Tensor { activation(norm(convolution(input))) }
}

/// Two convolutions beside a shortcut, which is a 1 x 1 convolution where the shape changes (He et al., 2016).
struct ResidualBlock: Layer {
  let first: ConvolutionUnit
  let second: ConvolutionUnit
  let shortcut: ConvolutionUnit?

  init(_ inputs: Int, _ outputs: Int, stride: Int, random: inout RandomStream) {
    first = ConvolutionUnit(inputs, outputs, kernel: 3, stride: stride, activation: .relu, random: &random)
    second = ConvolutionUnit(outputs, outputs, kernel: 3, activation: .identity, random: &random)
    shortcut =
      inputs == outputs && stride == 1
      ? nil : ConvolutionUnit(inputs, outputs, kernel: 1, stride: stride, activation: .identity, random: &random)
  }

  func callAsFunction(_ input: Tensor) -> Tensor { (second(first(input)) + (shortcut?(input) ?? input)).relu() }
}

/// ResNet-20 for 32 x 32 images (He et al., 2016, section 4.2), with convolutional shortcuts.
struct ResNet20: Layer {
  let stem: ConvolutionUnit
  let blocks: [ResidualBlock]
  let head: Dense

  init(random: inout RandomStream) {
    stem = ConvolutionUnit(3, 16, kernel: 3, activation: .relu, random: &random)
    var blocks: [ResidualBlock] = []
    var inputs = 16
    for (width, stride) in [(16, 1), (32, 2), (64, 2)] {
      for position in 0..<3 {
        blocks.append(ResidualBlock(inputs, width, stride: position == 0 ? stride : 1, random: &random))
        inputs = width
      }
    }
    self.blocks = blocks
    head = Dense(inputs: 64, outputs: 10, random: &random)
  }

  func callAsFunction(_ input: Tensor) -> Tensor {
    var x = stem(input)
    for block in blocks { x = block(x) }
    return head(x.mean(1, 2))
  }
}

/// Inverted residual (Sandler et al., 2018): expansion, depthwise convolution, linear projection.
struct InvertedResidual: Layer {
  let expand: ConvolutionUnit
  let depthwise: ConvolutionUnit
  let project: ConvolutionUnit
  let stride: Int
  let isResidual: Bool

  init(_ inputs: Int, _ outputs: Int, stride: Int, expansion: Int, kernel: Int, random: inout RandomStream) {
    let inner = inputs * expansion
    expand = ConvolutionUnit(inputs, inner, kernel: 1, activation: .relu6, random: &random)
    depthwise = ConvolutionUnit(inner, inner, kernel: kernel, stride: stride, groups: inner, activation: .relu6, random: &random)
    project = ConvolutionUnit(inner, outputs, kernel: 1, activation: .identity, random: &random)
    self.stride = stride
    isResidual = stride == 1 && inputs == outputs
  }

  func callAsFunction(_ input: Tensor) -> Tensor {
    let output = project(depthwise(expand(input)))
    return isResidual ? input + output : output
  }

  /// The block with fewer expanded channels and a smaller kernel, both cut out of the shared weights.
  func callAsFunction(_ input: Tensor, expansion: Int, kernel: Int) -> Tensor {
    let inner = expand.convolution.configuration.inputs * expansion
    func normalized(_ x: Tensor, _ unit: ConvolutionUnit, _ channels: Int) -> Tensor {
      unit.activation(x.batchNormalized(scale: unit.norm.weight!.value[0..<channels], shift: unit.norm.bias!.value[0..<channels]).output)
    }
    var x = normalized(input.convolution(expand.convolution.weight.value[0..<inner]), expand, inner)
    let margin = (depthwise.convolution.configuration.kernel[0] - kernel) / 2
    let window = depthwise.convolution.weight.value[0..<inner, margin..<(margin + kernel), margin..<(margin + kernel)]
    let padding = Array(repeating: (before: kernel / 2, after: kernel / 2), count: 2)
    x = normalized(x.convolution(window, strides: [stride, stride], padding: padding, groups: inner), depthwise, inner)
    let outputs = project.norm.configuration.features
    x = normalized(x.convolution(project.convolution.weight.value[.ellipsis, 0..<inner]), project, outputs)
    return isResidual ? input + x : x
  }
}

/// Six inverted residuals between a stem and a dense head.
struct MobileNet: Layer {
  let stem: ConvolutionUnit
  let blocks: [InvertedResidual]
  let head: Dense

  init(expansion: Int = 4, kernel: Int = 5, random: inout RandomStream) {
    stem = ConvolutionUnit(3, 16, kernel: 3, activation: .relu6, random: &random)
    blocks = [(16, 24, 2), (24, 24, 1), (24, 40, 2), (40, 40, 1), (40, 80, 2), (80, 80, 1)].map { inputs, outputs, stride in
      InvertedResidual(inputs, outputs, stride: stride, expansion: expansion, kernel: kernel, random: &random)
    }
    head = Dense(inputs: 80, outputs: 10, random: &random)
  }

  func callAsFunction(_ input: Tensor) -> Tensor {
    var x = stem(input)
    for block in blocks { x = block(x) }
    return head(x.mean(1, 2))
  }

  /// The part of the network that `subnet` chooses.
  func callAsFunction(_ input: Tensor, subnet: [(block: Int, expansion: Int, kernel: Int)]) -> Tensor {
    var x = stem(input)
    for choice in subnet { x = blocks[choice.block](x, expansion: choice.expansion, kernel: choice.kernel) }
    return head(x.mean(1, 2))
  }
}

/// Self-attention and a feed-forward network, each after a layer normalisation.
struct PreNormBlock: Module {
  let projections: Dense
  let output: Dense
  let expand: Dense
  let contract: Dense
  let scales: [Parameter]
  let shifts: [Parameter]
  let heads: Int

  init(width: Int, heads: Int, inner: Int, random: inout RandomStream) {
    projections = Dense(inputs: width, outputs: 3 * width, random: &random)
    output = Dense(inputs: width, outputs: width, random: &random)
    expand = Dense(inputs: width, outputs: inner, random: &random)
    contract = Dense(inputs: inner, outputs: width, random: &random)
    scales = (0..<2).map { _ in Parameter(.ones([width])) }
    shifts = (0..<2).map { _ in Parameter(.zeros([width])) }
    self.heads = heads
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let (batch, positions, width) = (x.shape[0], x.shape[1], x.shape[2])
    let parts = projections(x.layerNormalized(scale: scales[0].value, shift: shifts[0].value))
      .reshaped(to: [batch, positions, 3, heads, width / heads]).transposed(permutation: [2, 0, 3, 1, 4])
    let scores = parts[0].matmul(parts[1].transposed()) * (1 / Double(width / heads).squareRoot())
    let attended = scores.softmax().matmul(parts[2]).transposed(permutation: [0, 2, 1, 3]).reshaped(to: [batch, positions, width])
    let middle = x + output(attended)
    return middle + contract(expand(middle.layerNormalized(scale: scales[1].value, shift: shifts[1].value)).gelu())
  }
}

/// A transformer over tokens, with learnt positions and a head that scores every token of the vocabulary.
struct Transformer: Module {
  let embedding: Parameter
  let positions: Parameter
  let blocks: [PreNormBlock]
  let scale: Parameter
  let shift: Parameter
  let head: Dense

  init(vocabulary: Int, width: Int, positions: Int, blocks: Int, heads: Int, inner: Int, random: inout RandomStream) {
    embedding = Parameter(.normal([vocabulary, width], key: random.next()))
    self.positions = Parameter(.normal([positions, width], key: random.next(), standardDeviation: 0.02))
    var made: [PreNormBlock] = []
    for _ in 0..<blocks { made.append(PreNormBlock(width: width, heads: heads, inner: inner, random: &random)) }
    self.blocks = made
    scale = Parameter(.ones([width]))
    shift = Parameter(.zeros([width]))
    head = Dense(inputs: width, outputs: vocabulary, random: &random)
  }

  func callAsFunction(_ tokens: Tensor) -> Tensor {
    var x = embedding.value.gathered(tokens) + positions.value
    for block in blocks { x = block(x) }
    return head(x.layerNormalized(scale: scale.value, shift: shift.value))
  }
}
