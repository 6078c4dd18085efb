import Layers
import Tensors

/// VanillaNet as it is trained: convolutions one after the other, no shortcut, no attention (Chen, Wang, Guo and Tao, "VanillaNet: the Power
/// of Minimalism in Deep Learning", NeurIPS 2023).
///
///     let model = try VanillaNet(.mini(), random: &random)
///     for epoch in 0..<epochs {
///       try model.setSlope(schedule.slope(epoch: epoch))
///       ...                                             // an epoch of training
///     }
///     let deployed = try model.deployed()               // the same function, half the layers
public struct VanillaNet: Layer {
  /// Kernels begin normal with this deviation, biases at 0. (The published code cuts at +-2, a hundred deviations: nowhere.)
  public static let initialDeviation = 0.02

  /// A deep convolution, max pooling, and the series activation: pooling comes before the activation.
  public struct Stage: Layer {
    public let convolution: DeepConvolution
    public let pooling: Pooling?
    public let activation: SeriesActivation

    /// - Parameter input: (batch, height, width, channels).
    public func callAsFunction(_ input: Tensor) -> Tensor {
      let x = convolution(input)
      return activation(pooling?(x) ?? x)
    }
  }

  /// How a layer makes its map smaller.
  public enum Pooling: Sendable, Hashable, Codable {
    /// The largest of each window of this extent, which is also the stride.
    case windows(Int)
    /// The largest of as many windows along each axis.
    case adaptive(Int)

    func callAsFunction(_ x: Tensor) -> Tensor {
      switch self {
      case .windows(let stride): x.maxPooled(window: [stride, stride], strides: [stride, stride])
      case .adaptive(let extent): x.adaptiveMaxPooled(to: [extent, extent])
      }
    }
  }

  public let configuration: VanillaNetConfiguration
  /// lambda, [1], of all activations between pairs; a statistic, so that it is saved with the weights.
  public let slope: Parameter
  public let stem: Stage
  public let stages: [Stage]
  public let dropout: Dropout
  public let head: DeepConvolution

  /// Fresh weights, lambda = 0 (1 where nothing is annealed).
  /// - Throws: `VanillaNetError` for settings that do not fit.
  public init(_ configuration: VanillaNetConfiguration, random: inout RandomStream) throws(VanillaNetError) {
    try configuration.check()
    self.configuration = configuration
    let slope = Parameter(Tensor([configuration.layout == .deep ? Float(0) : 1]), role: .statistic)
    self.slope = slope
    func activation(_ channels: Int) -> SeriesActivation {
      SeriesActivation(
        channels: channels, terms: configuration.seriesTerms, form: configuration.seriesForm, epsilon: configuration.epsilon,
        momentum: configuration.momentum, random: &random)
    }
    let widths = configuration.widths
    stem = Stage(
      convolution: DeepConvolution(
        inputs: configuration.channels, outputs: widths[0], middle: widths[0], kernel: configuration.stemKernel,
        stride: configuration.stemStride, padding: configuration.stemPadding, configuration: configuration, slope: slope, random: &random),
      pooling: nil, activation: activation(widths[0]))
    var stages: [Stage] = []
    for (index, pooling) in configuration.poolings.enumerated() {
      let convolution = DeepConvolution(
        inputs: widths[index], outputs: widths[index + 1], middle: widths[index], configuration: configuration, slope: slope,
        random: &random)
      stages.append(Stage(convolution: convolution, pooling: pooling, activation: activation(widths[index + 1])))
    }
    self.stages = stages
    dropout = Dropout(configuration.dropout)
    head = DeepConvolution(
      inputs: widths.last!, outputs: configuration.classes, middle: configuration.classes, isLastNormalized: false,
      configuration: configuration, slope: slope, random: &random)
  }

  /// lambda.
  public var currentSlope: Double { slope.value.array(of: Double.self)[0] }

  /// Sets lambda of all layers: at the start of an epoch, to `SlopeSchedule.slope(epoch:)`.
  /// - Throws: `slope` unless it lies in 0 ... 1.
  public func setSlope(_ value: Double) throws(VanillaNetError) {
    guard (0...1).contains(value) else { throw .slope(value) }
    slope.assign(slope.dtype == .float64 ? Tensor([value]) : Tensor([Float(value)]))
  }

  /// - Parameter images: (batch, height, width, channels).
  /// - Returns: a logit a class, (batch, classes).
  public func callAsFunction(_ images: Tensor) -> Tensor {
    let map = features(of: images).last!
    // The head is two convolutions of 1 x 1 on the mean over the map.
    let pooled = dropout(map.mean(axes: [1, 2], keepingAxes: true))
    return head(pooled).reshaped(to: [images.shape[0], configuration.classes] as Shape)
  }

  /// The maps after the stem and after each layer, as a detector takes them.
  public func features(of images: Tensor) -> [Tensor] {
    configuration.require(images)
    var maps = [stem(images)]
    for stage in stages { maps.append(stage(maps.last!)) }
    return maps
  }
}

extension VanillaNetConfiguration {
  /// The pooling of each layer.
  var poolings: [VanillaNet.Pooling?] {
    var pools = 0
    return strides.map { stride in
      guard stride > 1 else { return nil }
      defer { pools += 1 }
      return adaptiveExtents.map { .adaptive($0[pools]) } ?? .windows(stride)
    }
  }

  /// - Throws: `imageChannels` and `imageSize` for images that do not fit, (batch, height, width, channels).
  public func checkFits(height: Int, width: Int, channels found: Int) throws(VanillaNetError) {
    guard found == channels else { throw .imageChannels(found: found, expected: channels) }
    _ = try mapExtents(height: height, width: width)
  }

  /// What a program gets wrong traps; data from outside are checked by `checkFits` beforehand.
  func require(_ images: Tensor) {
    precondition(images.rank == 4, "VanillaNet: images must be (batch, height, width, channels), the shape is \(images.shape)")
    do {
      try checkFits(height: images.shape[1], width: images.shape[2], channels: images.shape[3])
    } catch {
      preconditionFailure("\(error); the images have shape \(images.shape)")
    }
  }
}
