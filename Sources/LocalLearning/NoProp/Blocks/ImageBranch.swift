import Layers
import Tensors

/// Sizes of the convolutional blocks.
public struct BlockConfiguration: Sendable, Hashable, Codable {
  /// Height, width and channels of an image.
  public var imageShape: [Int]
  public var classCount: Int
  /// d, the width of the label's embedding.
  public var embeddingWidth: Int
  /// Whether embeddings are images (prototypes), so that the state goes through convolutions too.
  public var embedsImages: Bool
  /// Convolutions of the image branch, 3 x 3 each.
  public var convolutions: [ConvolutionStage]
  /// Width of the branches and of the first layer of the head.
  public var hidden: Int
  /// Width of the head's second layer.
  public var headHidden: Int
  /// Number of features of the time, for blocks that are told it.
  public var timeFeatures: Int

  /// A 3 x 3 convolution that keeps the extents, a rectifier, and what follows.
  public struct ConvolutionStage: Sendable, Hashable, Codable {
    public var channels: Int
    /// Halves the extents by the largest of 2 x 2.
    public var pools: Bool
    /// Probability of dropping a value in training.
    public var dropout: Double

    public init(channels: Int, pools: Bool, dropout: Double = 0) {
      self.channels = channels
      self.pools = pools
      self.dropout = dropout
    }
  }

  public init(
    imageShape: [Int], classCount: Int, embeddingWidth: Int, embedsImages: Bool = false, convolutions: [ConvolutionStage], hidden: Int,
    headHidden: Int, timeFeatures: Int = 64
  ) {
    self.imageShape = imageShape
    self.classCount = classCount
    self.embeddingWidth = embeddingWidth
    self.embedsImages = embedsImages
    self.convolutions = convolutions
    self.hidden = hidden
    self.headHidden = headHidden
    self.timeFeatures = timeFeatures
  }

  /// The paper's blocks (Fig. 6): 32, 64 and 128 channels, branches of 256. It does not state the padding; ours keeps the extents.
  public static func paper(imageShape: [Int], classCount: Int, embeddingWidth: Int, embedsImages: Bool = false) -> BlockConfiguration {
    BlockConfiguration(
      imageShape: imageShape, classCount: classCount, embeddingWidth: embeddingWidth, embedsImages: embedsImages,
      convolutions: [
        ConvolutionStage(channels: 32, pools: true, dropout: 0.2), ConvolutionStage(channels: 64, pools: false, dropout: 0.2),
        ConvolutionStage(channels: 128, pools: true, dropout: 0.2),
      ], hidden: 256, headHidden: 128)
  }

  /// Small blocks for 14 x 14 digits: one convolution of 8 channels, branches of 64. Ours.
  public static func reduced(imageShape: [Int], classCount: Int, embeddingWidth: Int, embedsImages: Bool = false) -> BlockConfiguration {
    BlockConfiguration(
      imageShape: imageShape, classCount: classCount, embeddingWidth: embeddingWidth, embedsImages: embedsImages,
      convolutions: [ConvolutionStage(channels: 8, pools: true)], hidden: 64, headHidden: 32)
  }
}

/// The convolutions over an image, to a vector.
struct ImageBranch: Module {
  let imageShape: [Int]
  let convolutions: [Convolution]
  let stages: [BlockConfiguration.ConvolutionStage]
  let dense: Dense

  init(_ configuration: BlockConfiguration, random: inout RandomStream) {
    let shape = configuration.imageShape
    precondition(shape.count == 3, "ImageBranch: an image is (height, width, channels), the shape is \(shape)")
    imageShape = shape
    stages = configuration.convolutions
    var (height, width, channels) = (shape[0], shape[1], shape[2])
    var layers: [Convolution] = []
    for stage in stages {
      layers.append(Convolution(inputs: channels, outputs: stage.channels, kernel: [3, 3], padding: .same, random: &random))
      channels = stage.channels
      if stage.pools { (height, width) = (height / 2, width / 2) }
    }
    precondition(height > 0 && width > 0, "ImageBranch: images of shape \(shape) are too small for \(stages.count) stages")
    convolutions = layers
    dense = Dense(inputs: height * width * channels, outputs: configuration.hidden, random: &random)
  }

  /// (B, height, width, channels), or the same values flat, to (B, hidden).
  func callAsFunction(_ image: Tensor) -> Tensor {
    var x = image.reshaped(to: Shape([image.shape[0]] + imageShape))
    for (convolution, stage) in zip(convolutions, stages) {
      x = convolution(x).relu()
      if stage.pools { x = x.maxPooled(window: [2, 2]) }
      if stage.dropout > 0 { x = Dropout(stage.dropout)(x) }
    }
    return dense(x.flattened(from: 1))
  }
}
