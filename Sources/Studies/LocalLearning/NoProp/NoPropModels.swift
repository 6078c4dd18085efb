import Layers
import LocalLearning
import Tensors

/// Makes the networks of the study, each from a stream of random numbers of its own.
struct NoPropModels {
  let options: NoPropOptions
  let imageShape: [Int]
  let classCount: Int

  typealias Chain = DiscreteTimeNoProp<ConvolutionalBlock>
  typealias Timed = TimedConvolutionalBlock

  /// W as the variant wants it. Prototypes are chosen among the training images.
  func embedding(_ variant: NoPropVariant, images: () -> (Tensor, labels: Tensor), random: inout RandomStream) throws -> LabelEmbedding {
    switch variant.embedding {
    case .oneHot: return .oneHot(classCount: classCount)
    case .learned: return .orthogonal(classCount: classCount, width: options.embeddingWidth, random: &random)
    case .prototype:
      let (images, labels) = images()
      return try .prototypes(images: images, labels: labels, classCount: classCount)
    }
  }

  /// The network of a variant, freshly initialised.
  func classifier(_ variant: NoPropVariant, _ embedding: LabelEmbedding, random: inout RandomStream) throws -> any Classifier {
    let embedsImages = variant.embedding == .prototype
    return switch variant.method {
    case .discrete: try chain(embedding, embedsImages: embedsImages, random: &random)
    case .continuous: try continuous(embedding, embedsImages: embedsImages, random: &random)
    case .flow:
      try flow(embedding, embedsImages: embedsImages, usesAnchor: variant == .flowLearnedUnanchored ? false : nil, random: &random)
    case .backpropagation: try backpropagation(embedding, embedsImages: embedsImages, random: &random)
    case .adjoint: try adjoint(embedding, random: &random)
    case .convolutional: convolutional(random: &random)
    }
  }

  private func configuration(_ embedding: LabelEmbedding, embedsImages: Bool) -> BlockConfiguration {
    switch options.blocks {
    case .reduced:
      .reduced(imageShape: imageShape, classCount: classCount, embeddingWidth: embedding.width, embedsImages: embedsImages)
    case .paper: .paper(imageShape: imageShape, classCount: classCount, embeddingWidth: embedding.width, embedsImages: embedsImages)
    }
  }

  func chain(_ embedding: LabelEmbedding, embedsImages: Bool = false, random: inout RandomStream) throws -> Chain {
    let configuration = configuration(embedding, embedsImages: embedsImages)
    let blocks = (0..<options.steps).map { _ in ConvolutionalBlock(configuration, random: &random) }
    return try Chain(
      schedule: .cosine(steps: options.steps), embedding: embedding, blocks: blocks, readout: readout(embedding, random: &random))
  }

  func backpropagation(
    _ embedding: LabelEmbedding, embedsImages: Bool = false, random: inout RandomStream
  ) throws -> BackpropagationChain<ConvolutionalBlock> {
    let configuration = configuration(embedding, embedsImages: embedsImages)
    let blocks = (0..<options.steps).map { _ in ConvolutionalBlock(configuration, random: &random) }
    return try BackpropagationChain(embedding: embedding, blocks: blocks, readout: readout(embedding, random: &random))
  }

  private func continuous(
    _ embedding: LabelEmbedding, embedsImages: Bool, random: inout RandomStream
  ) throws -> ContinuousTimeNoProp<Timed> {
    try ContinuousTimeNoProp(
      schedule: LearnedNoiseSchedule(ends: -options.gammaEnd...options.gammaEnd, random: &random), embedding: embedding,
      block: Timed(configuration(embedding, embedsImages: embedsImages), random: &random), readout: readout(embedding, random: &random),
      settings: .init(
        weight: options.continuousWeight, fixesTarget: options.fixesTarget && embedding.weight.isTrainable, steps: options.inferenceSteps))
  }

  private func flow(
    _ embedding: LabelEmbedding, embedsImages: Bool, usesAnchor: Bool?, random: inout RandomStream
  ) throws -> FlowMatchingNoProp<Timed> {
    try FlowMatchingNoProp(
      embedding: embedding, block: Timed(configuration(embedding, embedsImages: embedsImages), random: &random),
      readout: readout(embedding, random: &random), settings: .init(usesAnchor: usesAnchor, steps: options.inferenceSteps))
  }

  private func adjoint(_ embedding: LabelEmbedding, random: inout RandomStream) throws -> NeuralODEClassifier<Timed> {
    try NeuralODEClassifier(
      embedding: embedding, block: Timed(configuration(embedding, embedsImages: false), random: &random),
      readout: readout(embedding, random: &random), solver: .heun, steps: options.adjointSteps)
  }

  private func convolutional(random: inout RandomStream) -> ConvolutionalClassifier {
    ConvolutionalClassifier(configuration(.oneHot(classCount: classCount), embedsImages: false), random: &random)
  }

  private func readout(_ embedding: LabelEmbedding, random: inout RandomStream) throws -> ClassReadout {
    try ClassReadout(width: embedding.width, classCount: classCount, random: &random)
  }
}
