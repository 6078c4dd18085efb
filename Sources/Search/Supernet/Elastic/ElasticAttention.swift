import Layers
import Tensors

/// Self-attention of which an architecture uses the first embedding entries and the first heads.
public struct ElasticAttention: Module {
  /// (heads * head width, embedding) each.
  public let query: ElasticDense
  public let key: ElasticDense
  public let value: ElasticDense
  /// (embedding, heads * head width).
  public let projection: ElasticDense
  public let headWidth: Int

  /// - Parameters:
  ///   - embedding: largest width of a token.
  ///   - heads: largest number of heads.
  public init(embedding: Int, heads: Int, headWidth: Int, random: inout RandomStream) {
    query = ElasticDense(inputs: embedding, outputs: heads * headWidth, hasBias: true, random: &random)
    key = ElasticDense(inputs: embedding, outputs: heads * headWidth, hasBias: true, random: &random)
    value = ElasticDense(inputs: embedding, outputs: heads * headWidth, hasBias: true, random: &random)
    projection = ElasticDense(inputs: heads * headWidth, outputs: embedding, hasBias: true, random: &random)
    self.headWidth = headWidth
  }

  /// - Parameters:
  ///   - tokens: (batch, length, e), e being the first entries of the embedding.
  ///   - heads: how many of the first heads run.
  /// - Returns: (batch, length, e).
  public func callAsFunction(_ tokens: Tensor, heads: Int, _ pass: ForwardPass) -> Tensor {
    let (batch, length, embedding) = (tokens.shape[0], tokens.shape[1], tokens.shape[2])
    let flat = tokens.reshaped(to: [batch * length, embedding])
    func split(_ layer: ElasticDense) -> Tensor {
      layer(flat, outputs: heads * headWidth, pass).reshaped(to: [batch, length, heads, headWidth]).transposed(permutation: [0, 2, 1, 3])
    }
    let (q, k, v) = (split(query), split(key), split(value))
    let scores = q.matmul(k.transposed(permutation: [0, 1, 3, 2])) * (1 / Double(headWidth).squareRoot())
    let mixed = scores.softmax().matmul(v).transposed(permutation: [0, 2, 1, 3]).reshaped(to: [batch * length, heads * headWidth])
    return projection(mixed, outputs: embedding, pass).reshaped(to: [batch, length, embedding])
  }
}

/// Two linear layers with an activation between, of which an architecture uses the first hidden units.
public struct ElasticFeedForward: Module {
  public let expand: ElasticDense
  public let contract: ElasticDense
  public let activation: Activation.Function

  public init(embedding: Int, hidden: Int, activation: Activation.Function = .gelu, random: inout RandomStream) {
    expand = ElasticDense(inputs: embedding, outputs: hidden, hasBias: true, random: &random)
    contract = ElasticDense(inputs: hidden, outputs: embedding, hasBias: true, random: &random)
    self.activation = activation
  }

  /// - Parameter tokens: (count, e).
  /// - Returns: (count, e).
  public func callAsFunction(_ tokens: Tensor, hidden: Int, _ pass: ForwardPass) -> Tensor {
    contract(activation(expand(tokens, outputs: hidden, pass)), outputs: tokens.shape[1], pass)
  }
}
