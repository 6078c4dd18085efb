import Layers
import Tensors

/// ResNet-20 for inference: each normalisation is folded into the weights and the bias of the convolution before it.
struct FoldedResNet20: Layer {
  /// A convolution with bias, then an optional addition and an optional rectifier, in one kernel.
  private struct Unit: Module {
    let weight: Parameter
    let bias: Parameter
    let strides: [Int]
    let padding: Int
    let isRectified: Bool

    init(_ unit: ConvolutionUnit, isRectified: Bool) {
      let norm = unit.norm
      let scale = norm.weight!.value * (norm.runningVariance.value + norm.configuration.epsilon).rsqrt()
      let weights = unit.convolution.weight.value
      weight = Parameter(weights * scale.reshaped(to: [-1, 1, 1, 1]))
      bias = Parameter(norm.bias!.value - norm.runningMean.value * scale)
      strides = unit.convolution.configuration.strides
      padding = unit.convolution.configuration.kernel[0] / 2
      self.isRectified = isRectified
    }

    func callAsFunction(_ input: Tensor, adding residual: Tensor? = nil) -> Tensor {
      var x = input.convolution(weight.value, strides: strides, padding: [(padding, padding), (padding, padding)]) + bias.value
      if let residual { x = x + residual }
      return isRectified ? x.relu() : x
    }
  }

  private struct Block: Module {
    let first: Unit
    let second: Unit
    let shortcut: Unit?

    func callAsFunction(_ input: Tensor) -> Tensor {
      // The shortcut comes first: then the second convolution can add it while its own result is still in registers.
      let residual = shortcut?(input) ?? input
      return second(first(input), adding: residual)
    }
  }

  private let stem: Unit
  private let blocks: [Block]
  let head: Dense

  init(_ network: ResNet20) {
    stem = Unit(network.stem, isRectified: true)
    blocks = network.blocks.map { block in
      Block(
        first: Unit(block.first, isRectified: true), second: Unit(block.second, isRectified: true),
        shortcut: block.shortcut.map { Unit($0, isRectified: false) })
    }
    head = network.head
  }

  func callAsFunction(_ input: Tensor) -> Tensor {
    var x = stem(input)
    for block in blocks { x = block(x) }
    return head(x.mean(1, 2))
  }
}
