import Layers
import Tensors

/// A convolution without bias, its batch normalisation and an activation, of which an architecture uses the first channels and a kernel cropped around
/// the centre.
///
/// With kernel transforms (Cai et al., 2020, section 3.3) a smaller kernel is the crop of the next larger one, multiplied by a matrix:
/// w_k = T_{k' -> k} vec(crop(w_k')), along the whole chain of sizes. The matrices start as identities and are shared by all channels.
public struct ElasticConvolution: Module {
  public struct Configuration: Sendable, Hashable, Codable {
    /// Largest numbers of channels.
    public var inputs: Int
    public var outputs: Int
    /// Sides that the kernel can have, ascending and odd.
    public var kernels: [Int]
    public var stride: Int
    /// Whether each channel is treated alone; then outputs = inputs.
    public var isDepthwise: Bool
    public var hasKernelTransforms: Bool
    public var hasNormalization: Bool
    public var activation: Activation.Function
    public var epsilon: Double

    public init(
      inputs: Int, outputs: Int, kernels: [Int] = [1], stride: Int = 1, isDepthwise: Bool = false, hasKernelTransforms: Bool = false,
      hasNormalization: Bool = true, activation: Activation.Function = .identity, epsilon: Double = 1e-5
    ) {
      precondition(
        !kernels.isEmpty && kernels.allSatisfy { $0 > 0 && $0 % 2 == 1 } && zip(kernels, kernels.dropFirst()).allSatisfy(<),
        "ElasticConvolution: kernels must be odd and ascend, they are \(kernels)")
      precondition(!isDepthwise || inputs == outputs, "ElasticConvolution: \(inputs) channels to \(outputs), each alone")
      self.inputs = inputs
      self.outputs = outputs
      self.kernels = kernels
      self.stride = stride
      self.isDepthwise = isDepthwise
      self.hasKernelTransforms = hasKernelTransforms && kernels.count > 1
      self.hasNormalization = hasNormalization
      self.activation = activation
      self.epsilon = epsilon
    }
  }

  public let configuration: Configuration
  /// (outputs, K, K, inputs), or (channels, K, K, 1) where each channel is treated alone.
  public let weight: Parameter
  /// From the largest kernel down: (k^2, k^2) for each smaller side k.
  public let kernelTransforms: [Parameter]
  /// (outputs).
  public let scale: Parameter?
  public let shift: Parameter?

  /// Draws weights with standard deviation sqrt(2 / (k^2 outputs)), sqrt(2 / k^2) where each channel is treated alone (He et al., 2015, by outputs).
  public init(_ configuration: Configuration, random: inout RandomStream) {
    let side = configuration.kernels.last!
    let fan = side * side * (configuration.isDepthwise ? 1 : configuration.outputs)
    let shape: Shape = [configuration.outputs, side, side, configuration.isDepthwise ? 1 : configuration.inputs]
    self.configuration = configuration
    weight = Parameter(Tensor.normal(shape, key: random.next(), standardDeviation: (2 / Double(fan)).squareRoot()))
    kernelTransforms =
      configuration.hasKernelTransforms
      ? configuration.kernels.dropLast().reversed().map { Parameter(.identity($0 * $0)) } : []
    scale = configuration.hasNormalization ? Parameter(.ones([configuration.outputs])) : nil
    shift = configuration.hasNormalization ? Parameter(.zeros([configuration.outputs])) : nil
  }

  /// The kernel that an architecture uses: (outputs, side, side, inputs), or (channels, side, side, 1).
  public func filter(side: Int, outputs: Int, inputs: Int, _ pass: ForwardPass) -> Tensor {
    let sides = configuration.kernels
    precondition(sides.contains(side), "ElasticConvolution: a kernel of side \(side), candidates are \(sides)")
    let channels = [0..<outputs, 0..<(configuration.isDepthwise ? 1 : inputs)]
    func window(_ inner: Int, of outer: Int) -> Range<Int> { (outer - inner) / 2..<(outer + inner) / 2 }
    let largest = sides.last!
    guard side < largest else {
      return pass.take(weight, [channels[0], 0..<largest, 0..<largest, channels[1]])
    }
    guard configuration.hasKernelTransforms else {
      let centre = window(side, of: largest)
      return pass.take(weight, [channels[0], centre, centre, channels[1]])
    }
    var chain = sides.dropLast().reversed().prefix { $0 >= side }.makeIterator()
    var current = chain.next()!
    let centre = window(current, of: largest)
    var kernel = pass.take(weight, [channels[0], centre, centre, channels[1]])
    var matrix = 0
    while true {
      kernel = transformed(kernel, by: pass.take(whole: kernelTransforms[matrix]))
      guard let next = chain.next() else { return kernel }
      let inner = window(next, of: current)
      kernel = kernel.slice(axis: 1, from: inner.lowerBound, count: next).slice(axis: 2, from: inner.lowerBound, count: next)
      current = next
      matrix += 1
    }
  }

  /// T vec(w) for each pair of channels, vec running along rows.
  private func transformed(_ kernel: Tensor, by matrix: Tensor) -> Tensor {
    let (outputs, side, inputs) = (kernel.shape[0], kernel.shape[1], kernel.shape[3])
    let rows = kernel.transposed(permutation: [0, 3, 1, 2]).reshaped(to: [outputs * inputs, side * side])
    return rows.matmul(matrix.transposed()).reshaped(to: [outputs, inputs, side, side]).transposed(permutation: [0, 2, 3, 1])
  }

  /// The sum of the candidates' kernels, each surrounded by zeros, with these weights, (candidates).
  func softFilter(_ weights: Tensor, outputs: Int, inputs: Int, _ pass: ForwardPass) -> Tensor {
    let largest = configuration.kernels.last!
    let parts = configuration.kernels.enumerated().map { index, side -> Tensor in
      let margin = (largest - side) / 2
      let kernel = filter(side: side, outputs: outputs, inputs: inputs, pass)
      return kernel.padded([(0, 0), (margin, margin), (margin, margin), (0, 0)]) * weights[index]
    }
    return parts.dropFirst().reduce(parts[0]) { $0 + $1 }
  }

  /// - Parameters:
  ///   - input: (batch, height, width, channels), the channels being the first `channels` of `inputs`.
  ///   - side: of the kernel.
  ///   - softKernel: weights of the kernel's candidates, in place of `side`.
  /// - Returns: (batch, ceil(height / stride), ceil(width / stride), outputs).
  public func callAsFunction(_ input: Tensor, outputs: Int, side: Int, softKernel: Tensor? = nil, _ pass: ForwardPass) -> Tensor {
    let inputs = input.shape[3]
    let filter: Tensor
    let extent: Int
    if let softKernel {
      filter = softFilter(softKernel, outputs: outputs, inputs: inputs, pass)
      extent = configuration.kernels.last!
    } else {
      filter = self.filter(side: side, outputs: outputs, inputs: inputs, pass)
      extent = side
    }
    let padding = (before: extent / 2, after: extent / 2)
    var x = input.convolution(
      filter, strides: [configuration.stride, configuration.stride], padding: [padding, padding],
      groups: configuration.isDepthwise ? inputs : 1)
    if let scale, let shift { x = pass.normalized(x, scale: scale, shift: shift, epsilon: configuration.epsilon) }
    return configuration.activation(x)
  }
}
