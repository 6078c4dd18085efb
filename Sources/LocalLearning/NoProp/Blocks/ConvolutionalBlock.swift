import Layers
import Tensors

/// The block of discrete-time NoProp (Fig. 6): an image branch, a branch for the noised embedding, and a head over both; batch normalised.
public struct ConvolutionalBlock: DenoisingBlock {
  let image: ImageBranch
  let imageNorm: BatchNorm
  let state: StateBranch
  let head: Head

  public init(_ configuration: BlockConfiguration, random: inout RandomStream) {
    image = ImageBranch(configuration, random: &random)
    imageNorm = BatchNorm(features: configuration.hidden)
    state = StateBranch(configuration, random: &random)
    head = Head(configuration, random: &random)
  }

  public func features(of image: Tensor) -> Tensor { imageNorm(self.image(image)) }

  public func logits(features: Tensor, state: Tensor) -> Tensor {
    head(Tensor.concatenate([features, self.state(state)], axis: 1))
  }

  /// A noised embedding to (B, hidden): a dense layer and a residual one, or, where embeddings are images, convolutions.
  enum StateBranch: Module {
    case vector(lift: Dense, liftNorm: BatchNorm, inner: Dense, innerNorm: BatchNorm, outer: Dense, outerNorm: BatchNorm)
    case image(ImageBranch, norm: BatchNorm)

    init(_ configuration: BlockConfiguration, random: inout RandomStream) {
      let hidden = configuration.hidden
      if configuration.embedsImages {
        self = .image(ImageBranch(configuration, random: &random), norm: BatchNorm(features: hidden))
      } else {
        self = .vector(
          lift: Dense(inputs: configuration.embeddingWidth, outputs: hidden, random: &random), liftNorm: BatchNorm(features: hidden),
          inner: Dense(inputs: hidden, outputs: hidden, random: &random), innerNorm: BatchNorm(features: hidden),
          outer: Dense(inputs: hidden, outputs: hidden, random: &random), outerNorm: BatchNorm(features: hidden))
      }
    }

    func callAsFunction(_ z: Tensor) -> Tensor {
      switch self {
      case .vector(let lift, let liftNorm, let inner, let innerNorm, let outer, let outerNorm):
        let h = liftNorm(lift(z)).relu()
        return h + outerNorm(outer(innerNorm(inner(h)).relu()))
      case .image(let branch, let norm): return norm(branch(z))
      }
    }
  }

  struct Head: Module {
    let first: Dense
    let firstNorm: BatchNorm
    let second: Dense
    let secondNorm: BatchNorm
    let output: Dense

    init(_ configuration: BlockConfiguration, random: inout RandomStream) {
      let (hidden, headHidden) = (configuration.hidden, configuration.headHidden)
      first = Dense(inputs: 2 * hidden, outputs: hidden, random: &random)
      firstNorm = BatchNorm(features: hidden)
      second = Dense(inputs: hidden, outputs: headHidden, random: &random)
      secondNorm = BatchNorm(features: headHidden)
      output = Dense(inputs: headHidden, outputs: configuration.classCount, random: &random)
    }

    func callAsFunction(_ joined: Tensor) -> Tensor {
      output(secondNorm(second(firstNorm(first(joined)).relu())).relu())
    }
  }
}
