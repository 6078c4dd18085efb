import Layers
import Tensors

/// The same blocks trained together by back-propagation through the whole chain: what NoProp is compared with.
///
/// z_0 ~ N(0, I), z_t = (1 - tanh w_t) z_{t-1} + tanh(w_t) uhat_t(z_{t-1}, x), and the cross entropy of the readout on z_T.
public struct BackpropagationChain<Block: DenoisingBlock>: DifferentiableClassifier {
  public let embedding: LabelEmbedding
  public let blocks: [Block]
  /// w_t, (T).
  public let gates: Parameter
  public let readout: ClassReadout

  /// - Parameter gate: w_t at the start; the paper gives none.
  /// - Throws: `stepCount` without blocks; `embeddingWidth` or `embeddingRows` where the readout does not fit W.
  public init(embedding: LabelEmbedding, blocks: [Block], readout: ClassReadout, gate: Double = 1) throws(NoPropError) {
    guard !blocks.isEmpty else { throw .stepCount(0) }
    try checkFit(readout, embedding)
    self.embedding = embedding
    self.blocks = blocks
    self.readout = readout
    gates = Parameter(Tensor(repeating: gate, shape: [blocks.count], dtype: embedding.weight.dtype))
  }

  /// z_T from z_0.
  public func state(images: Tensor, start: Tensor) -> Tensor {
    let shares = gates.value.tanh()
    var state = start
    for (index, block) in blocks.enumerated() {
      let share = shares[index]
      state = state * (1 - share) + embedding.mixture(block(images, state)) * share
    }
    return state
  }

  public func loss(images: Tensor, labels: Tensor, random: inout RandomStream) -> Tensor {
    let start = normals(1, [labels.shape[0], embedding.width], embedding, &random)[0]
    return readout.crossEntropy(state(images: images, start: start), labels, embedding)
  }

  public func logits(of images: Tensor, random: inout RandomStream) -> Tensor {
    let start = normals(1, [images.shape[0], embedding.width], embedding, &random)[0]
    return readout.logits(state(images: images, start: start), embedding)
  }
}
