import Layers
import Tensors

/// The block of continuous-time NoProp and of flow matching (Fig. 6): branches for the image, the noised embedding and the time, and a head over
/// all three. There is no batch normalisation: a batch mixes all times, whose statistics differ.
public struct TimedConvolutionalBlock: TimedDenoisingBlock {
  let image: ImageBranch
  let state: StateBranch
  let timeEmbedding: TimeEmbedding
  let time: Dense
  let first: Dense
  let second: Dense
  let output: Dense

  public init(_ configuration: BlockConfiguration, random: inout RandomStream) {
    let (hidden, headHidden) = (configuration.hidden, configuration.headHidden)
    image = ImageBranch(configuration, random: &random)
    state =
      configuration.embedsImages
      ? .image(ImageBranch(configuration, random: &random))
      : .vector(Dense(inputs: configuration.embeddingWidth, outputs: hidden, random: &random))
    timeEmbedding = TimeEmbedding(size: configuration.timeFeatures)
    time = Dense(inputs: configuration.timeFeatures, outputs: hidden, random: &random)
    first = Dense(inputs: 3 * hidden, outputs: hidden, random: &random)
    second = Dense(inputs: hidden, outputs: headHidden, random: &random)
    output = Dense(inputs: headHidden, outputs: configuration.classCount, random: &random)
  }

  public func features(of image: Tensor) -> Tensor { self.image(image).relu() }

  public func logits(features: Tensor, state: Tensor, time: Tensor) -> Tensor {
    let moment = self.time(timeEmbedding(time)).relu()
    let joined = Tensor.concatenate([features, self.state(state).relu(), moment.broadcast(to: features.shape)], axis: 1)
    return output(second(first(joined).relu()).relu())
  }

  enum StateBranch: Module {
    case vector(Dense)
    case image(ImageBranch)

    func callAsFunction(_ z: Tensor) -> Tensor {
      switch self {
      case .vector(let dense): dense(z)
      case .image(let branch): branch(z)
      }
    }
  }
}
