import Layers
import Tensors

/// A plain convolutional network with the image branch and the head of one block: what the blocks' architecture can do without any noise.
public struct ConvolutionalClassifier: DifferentiableClassifier {
  let image: ImageBranch
  let first: Dense
  let second: Dense
  let output: Dense

  public init(_ configuration: BlockConfiguration, random: inout RandomStream) {
    let (hidden, headHidden) = (configuration.hidden, configuration.headHidden)
    image = ImageBranch(configuration, random: &random)
    first = Dense(inputs: hidden, outputs: hidden, random: &random)
    second = Dense(inputs: hidden, outputs: headHidden, random: &random)
    output = Dense(inputs: headHidden, outputs: configuration.classCount, random: &random)
  }

  private func logits(of images: Tensor) -> Tensor { output(second(first(image(images).relu()).relu()).relu()) }

  public func loss(images: Tensor, labels: Tensor, random: inout RandomStream) -> Tensor {
    logits(of: images).softmaxCrossEntropy(labels: labels).mean()
  }

  public func logits(of images: Tensor, random: inout RandomStream) -> Tensor { logits(of: images) }
}
