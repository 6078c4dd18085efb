import Layers
import Tensors

/// A convolution that is trained as two, with an activation between them that is annealed to the identity (section 3.1).
///
/// `conv1 - BN - A' - conv2 - BN` with A'(z) = z where positive and lambda z elsewhere, which is (1 - lambda) ReLU(z) + lambda z. Once lambda is 1
/// the pair is one convolution, and `merged()` says which. The second has a kernel of 1 x 1, so that merging is exact at the borders too.
public struct DeepConvolution: Layer {
  public let first: Convolution
  public let firstNorm: BatchNorm?
  /// nil where the layer is trained as one convolution.
  public let second: Convolution?
  public let secondNorm: BatchNorm?
  /// lambda, [1]: the same object in all layers of a network.
  public let slope: Parameter?

  init(
    inputs: Int, outputs: Int, middle: Int, kernel: Int = 1, stride: Int = 1, padding: Int = 0, isLastNormalized: Bool = true,
    configuration: VanillaNetConfiguration, slope: Parameter, random: inout RandomStream
  ) {
    let isDeep = configuration.layout == .deep
    func convolution(_ inputs: Int, _ outputs: Int, _ kernel: Int, _ stride: Int, _ padding: Int) -> Convolution {
      Convolution(
        inputs: inputs, outputs: outputs, kernel: [kernel, kernel], strides: [stride, stride], padding: .symmetric([padding, padding]),
        weights: .normal(standardDeviation: VanillaNet.initialDeviation), bias: .zeros, random: &random)
    }
    func norm(_ features: Int) -> BatchNorm {
      BatchNorm(features: features, epsilon: configuration.epsilon, momentum: configuration.momentum)
    }
    first = convolution(inputs, isDeep ? middle : outputs, kernel, stride, padding)
    switch configuration.layout {
    case .deep:
      firstNorm = norm(middle)
      second = convolution(middle, outputs, 1, 1, 0)
      secondNorm = isLastNormalized ? norm(outputs) : nil
      self.slope = slope
    case .shallow, .merged:
      firstNorm = isLastNormalized && configuration.layout == .shallow ? norm(outputs) : nil
      second = nil
      secondNorm = nil
      self.slope = nil
    }
  }

  /// - Parameter input: (batch, height, width, inputs).
  public func callAsFunction(_ input: Tensor) -> Tensor {
    var x = first(input)
    if let firstNorm { x = firstNorm(x) }
    guard let second, let slope else { return x }
    x = second(x.prelu(slope: slope.value))
    return secondNorm?(x) ?? x
  }
}

// MARK: - Merging

/// One convolution's kernel, (outputs, height, width, inputs), and bias, (outputs), in double precision.
struct MergedKernel {
  var kernel: Tensor
  var bias: Tensor

  /// A convolution with the normalisation behind it, by its running statistics: K' = K t and b' = beta + (b - mean) t with
  /// t = gamma / sqrt(variance + epsilon) (section 3.4, step 1).
  init(_ convolution: Convolution, _ norm: BatchNorm?) {
    let weight = convolution.weight.value.cast(to: .float64)
    let outputs = convolution.configuration.outputs
    let given = convolution.bias?.value.cast(to: .float64) ?? .zeros([outputs], dtype: .float64)
    guard let norm else {
      kernel = weight
      bias = given
      return
    }
    func double(_ parameter: Parameter?, or value: Double) -> Tensor {
      parameter?.value.cast(to: .float64) ?? Tensor(repeating: value, shape: [outputs], dtype: .float64)
    }
    let variance = double(norm.runningVariance, or: 1)
    let scale = double(norm.weight, or: 1) / (variance + norm.configuration.epsilon).sqrt()
    kernel = weight * scale.reshaped(to: [outputs, 1, 1, 1] as Shape)
    bias = double(norm.bias, or: 0) + (given - double(norm.runningMean, or: 0)) * scale
  }

  /// This convolution and then one of 1 x 1: K = K2 K1 and b = b2 + K2 b1 (step 2).
  func followed(by second: MergedKernel) -> MergedKernel {
    let (middle, outputs) = (kernel.shape[0], second.kernel.shape[0])
    let product = second.kernel.reshaped(to: [outputs, middle] as Shape)
    var merged = self
    merged.kernel = product.matmul(kernel.reshaped(to: [middle, -1])).reshaped(to: Shape([outputs] + kernel.shape.dropFirst()))
    merged.bias = second.bias + product.matmul(bias.reshaped(to: [middle, 1] as Shape)).reshaped(to: [outputs] as Shape)
    return merged
  }

  /// A convolution with these weights and the geometry of `model`, in its precision.
  func convolution(like model: Convolution) -> Convolution {
    let geometry = model.configuration
    var unused = RandomStream(seed: 0)
    let convolution = Convolution(
      inputs: geometry.inputs, outputs: kernel.shape[0], kernel: geometry.kernel, strides: geometry.strides, padding: geometry.padding,
      groups: geometry.groups, weights: .zeros, bias: .zeros, random: &unused)
    convolution.weight.assign(kernel.cast(to: model.weight.dtype))
    convolution.bias!.assign(bias.cast(to: model.weight.dtype))
    return convolution
  }
}

extension DeepConvolution {
  /// The one convolution that the pair is when lambda is 1.
  func merged(adding shift: Tensor? = nil) -> Convolution {
    var merged = MergedKernel(first, firstNorm)
    if let second { merged = merged.followed(by: MergedKernel(second, secondNorm)) }
    if let shift { merged.bias = merged.bias + shift.cast(to: .float64) }
    return merged.convolution(like: first)
  }
}

extension SeriesActivation {
  /// The depthwise convolution with bias behind the ReLU (step 3). The shift of the other form belongs to the convolution before it: it may pass the
  /// max pooling, since max(x) + b = max(x + b).
  func merged() -> Convolution { MergedKernel(kernel, norm).convolution(like: kernel) }
}
