import Layers
import Tensors

/// A network cut out of a supernet: plain layers with weights of their own, for use and fine-tuning without the supernet.
public struct MaterializedNetwork: Layer {
  /// A convolution, its normalisation and an activation.
  public struct Unit: Layer {
    public let convolution: Convolution
    public let normalization: BatchNorm?
    public let activation: Activation.Function

    public func callAsFunction(_ input: Tensor) -> Tensor {
      let x = convolution(input)
      return activation(normalization?(x) ?? x)
    }

    /// One convolution with bias in place of convolution and normalisation.
    func folded() -> Unit {
      guard let normalization else { return self }
      let factor = (normalization.runningVariance.value + normalization.configuration.epsilon).rsqrt() * normalization.weight!.value
      var configuration = convolution.configuration
      configuration.hasBias = true
      let merged = Convolution(
        configuration, weight: convolution.weight.value * factor.reshaped(to: [-1, 1, 1, 1]),
        bias: normalization.bias!.value - normalization.runningMean.value * factor)
      return Unit(convolution: merged, normalization: nil, activation: activation)
    }
  }

  public struct SqueezeExcite: Layer {
    public let reduce: Dense
    public let expand: Dense
    public let gate: Activation.Function

    public func callAsFunction(_ input: Tensor) -> Tensor {
      input * gate(expand(reduce(input.mean(1, 2)).relu())).reshaped(to: [input.shape[0], 1, 1, input.shape[3]])
    }
  }

  public struct Block: Layer {
    public let expand: Unit?
    public let middle: Unit
    public let squeeze: SqueezeExcite?
    public let project: Unit
    public let shortcut: Unit?
    public let addition: SubnetBlock.Addition
    /// After the sum.
    public let activation: Activation.Function

    public func callAsFunction(_ input: Tensor) -> Tensor {
      // The shortcut comes first: then the last convolution can add it while its own result is still in registers.
      var residual: Tensor?
      switch addition {
      case .none: break
      case .identity: residual = input
      case .projection(let pools, _, let isNormalized):
        let pooled = pools ? input.pooledForShortcut(countsPadding: !isNormalized) : input
        residual = shortcut?(pooled) ?? pooled
      }
      var x = middle(expand?(input) ?? input)
      if let squeeze { x = squeeze(x) }
      x = project(x)
      return residual.map { activation(x + $0) } ?? x
    }

    func folded() -> Block {
      Block(
        expand: expand?.folded(), middle: middle.folded(), squeeze: squeeze, project: project.folded(), shortcut: shortcut?.folded(),
        addition: addition, activation: activation)
    }
  }

  public let resolution: Int
  public let stem: [Unit]
  public let poolsStem: Bool
  public let blocks: [Block]
  public let head: Unit?
  public let mixing: Dense?
  public let mixingActivation: Activation.Function
  public let dropout: Dropout
  public let classifier: Dense

  /// - Parameter images: (batch, height, width, channels); resized to the network's resolution.
  /// - Returns: (batch, classes).
  public func callAsFunction(_ images: Tensor) -> Tensor {
    scores(blocks.reduce(stemFeatures(images)) { $1($0) })
  }

  func stemFeatures(_ images: Tensor) -> Tensor {
    var x = stem[0](images.resizedToSide(resolution))
    if stem.count == 3 { x = x + stem[1](x) }
    if stem.count > 1 { x = stem.last!(x) }
    return poolsStem ? x.maxPooled(window: [3, 3], strides: [2, 2], padding: [(1, 1), (1, 1)]) : x
  }

  func scores(_ features: Tensor) -> Tensor {
    var x = (head?(features) ?? features).mean(1, 2)
    if let mixing { x = mixingActivation(mixing(x)) }
    return classifier(dropout(x))
  }

  /// The same network for inference alone: every normalisation is folded into the convolution before it.
  public func folded() -> MaterializedNetwork {
    let network = MaterializedNetwork(
      resolution: resolution, stem: stem.map { $0.folded() }, poolsStem: poolsStem, blocks: blocks.map { $0.folded() },
      head: head?.folded(), mixing: mixing, mixingActivation: mixingActivation, dropout: dropout, classifier: classifier)
    network.materialize()
    return network
  }
}
