import Layers
import Tensors

/// A plain convolutional network with the image branch and the head of one block, batch normalised as they are: what the blocks' architecture can do
/// without any noise.
public struct ConvolutionalClassifier: DifferentiableClassifier {
  let image: ImageBranch
  let imageNorm: BatchNorm
  let first: Dense
  let firstNorm: BatchNorm
  let second: Dense
  let secondNorm: BatchNorm
  let output: Dense

  public init(_ configuration: BlockConfiguration, random: inout RandomStream) {
    let (hidden, headHidden) = (configuration.hidden, configuration.headHidden)
    image = ImageBranch(configuration, random: &random)
    imageNorm = BatchNorm(features: hidden)
    first = Dense(inputs: hidden, outputs: hidden, random: &random)
    firstNorm = BatchNorm(features: hidden)
    second = Dense(inputs: hidden, outputs: headHidden, random: &random)
    secondNorm = BatchNorm(features: headHidden)
    output = Dense(inputs: headHidden, outputs: configuration.classCount, random: &random)
  }

  private func logits(of images: Tensor) -> Tensor {
    let features = imageNorm(image(images)).relu()
    return output(secondNorm(second(firstNorm(first(features)).relu())).relu())
  }

  public func loss(images: Tensor, labels: Tensor, random: inout RandomStream) -> Tensor {
    logits(of: images).softmaxCrossEntropy(labels: labels).mean()
  }

  public func logits(of images: Tensor, random: inout RandomStream) -> Tensor { logits(of: images) }
}
