import Foundation
import Layers
import Tensors

/// VanillaNet as it is used: one product a layer and nothing to normalise.
///
/// conv - ReLU - depthwise, then conv 1x1 - [max pooling] - ReLU - depthwise for each layer, and conv 1x1 on the mean of the last map
/// (section 3.4).
public struct DeployedVanillaNet: Layer {
  public struct Stage: Layer {
    public let convolution: Convolution
    public let pooling: VanillaNet.Pooling?
    /// Behind the ReLU: depthwise, with bias.
    public let activation: Convolution

    public func callAsFunction(_ input: Tensor) -> Tensor {
      let x = convolution(input)
      return activation((pooling?(x) ?? x).relu())
    }
  }

  public let configuration: VanillaNetConfiguration
  public let stem: Stage
  public let stages: [Stage]
  public let head: Convolution

  /// - Parameter images: (batch, height, width, channels).
  /// - Returns: a logit a class, (batch, classes).
  public func callAsFunction(_ images: Tensor) -> Tensor {
    configuration.require(images)
    var x = stem(images)
    for stage in stages { x = stage(x) }
    return head(x.mean(axes: [1, 2], keepingAxes: true)).reshaped(to: [images.shape[0], configuration.classes] as Shape)
  }
}

extension VanillaNet {
  /// The merged network, which computes what this one does in inference.
  /// - Throws: `notLinear` while lambda is below 1.
  public func deployed() throws(VanillaNetError) -> DeployedVanillaNet {
    let slope = currentSlope
    guard slope == 1 else { throw .notLinear(slope: slope) }
    func merged(_ stage: Stage) -> DeployedVanillaNet.Stage {
      DeployedVanillaNet.Stage(
        convolution: stage.convolution.merged(adding: stage.activation.shift?.value), pooling: stage.pooling,
        activation: stage.activation.merged())
    }
    let network = DeployedVanillaNet(configuration: configuration, stem: merged(stem), stages: stages.map(merged), head: head.merged())
    network.materialize()
    return network
  }

  /// The same network with each pair merged to one convolution that can be trained on; the series activations keep their normalisation. Ours.
  /// - Throws: `notLinear` while lambda is below 1.
  public func collapsed() throws(VanillaNetError) -> VanillaNet {
    let slope = currentSlope
    guard slope == 1 else { throw .notLinear(slope: slope) }
    var configuration = configuration
    configuration.layout = .merged
    var unused = RandomStream(seed: 0)
    let network = try VanillaNet(configuration, random: &unused)
    func copy(_ source: Parameter?, _ target: Parameter?) { if let source, let target { target.assign(source.value * 1) } }
    func copy(_ source: DeepConvolution, _ target: DeepConvolution) {
      let merged = source.merged()
      target.first.weight.assign(merged.weight.value)
      target.first.bias!.assign(merged.bias!.value)
    }
    for (source, target) in zip([stem] + stages, [network.stem] + network.stages) {
      copy(source.convolution, target.convolution)
      copy(source.activation.shift, target.activation.shift)
      copy(source.activation.kernel.weight, target.activation.kernel.weight)
      let (from, to) = (source.activation.norm, target.activation.norm)
      copy(from?.weight, to?.weight)
      copy(from?.bias, to?.bias)
      copy(from?.runningMean, to?.runningMean)
      copy(from?.runningVariance, to?.runningVariance)
    }
    copy(head, network.head)
    network.materialize()
    return network
  }
}
