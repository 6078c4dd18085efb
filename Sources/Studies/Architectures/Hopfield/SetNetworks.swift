import Architectures
import Layers
import Tensors

/// A network that gives sets (N, S, ...) one score each.
protocol SetNetwork: Module {
  /// - Returns: logits (N), and the weight of each row (N, S) where the network has such.
  func scores(_ sets: Tensor, padding: Tensor?) -> (logits: Tensor, weights: Tensor?)
}

/// Embedding, pooling, linear read-out.
struct PooledSetNetwork<Pooling: SetPooling>: SetNetwork {
  let embedding: SetEmbedding
  let pooling: Pooling
  let dropout: Dropout
  let readout: Dense

  init(embedding: SetEmbedding, pooling: Pooling, dropout: Double = 0, random: inout RandomStream) {
    self.embedding = embedding
    self.pooling = pooling
    self.dropout = Dropout(dropout)
    readout = Dense(inputs: pooling.outputWidth, outputs: 1, random: &random)
  }

  func scores(_ sets: Tensor, padding: Tensor?) -> (logits: Tensor, weights: Tensor?) {
    let (pooled, weights) = pooling.pooled(embedding(sets), padding: padding)
    return (readout(dropout(pooled)).squeezed(-1), weights)
  }
}

/// What is done to each row of a set alone.
struct SetEmbedding: Module {
  let layers: Sequential?
  /// Axes of a row: 1 for a vector, 3 for an image.
  let rowRank: Int

  static let none = SetEmbedding(layers: nil, rowRank: 1)

  func callAsFunction(_ sets: Tensor) -> Tensor {
    guard let layers else { return sets }
    let rows = sets.reshaped(to: [sets.shape[0] * sets.shape[1]] + Array(sets.shape.suffix(rowRank)))
    let embedded = layers(rows)
    return embedded.reshaped(to: [sets.shape[0], sets.shape[1], embedded.shape[1]])
  }
}

/// Every row associated with the set, or with a learned memory; all rows side by side into a linear read-out.
struct AssociatedSetNetwork<Association: Layer>: SetNetwork {
  let association: Association
  let readout: Dense

  init(_ association: Association, rows: Int, width: Int, random: inout RandomStream) {
    self.association = association
    readout = Dense(inputs: rows * width, outputs: 1, random: &random)
  }

  func scores(_ sets: Tensor, padding: Tensor?) -> (logits: Tensor, weights: Tensor?) {
    (readout(association(sets).flattened(from: 1)).squeezed(-1), nil)
  }
}

/// The last output of an LSTM into a linear read-out.
struct RecurrentSetNetwork: SetNetwork {
  let recurrence: LSTM
  let readout: Dense

  init(inputs: Int, hidden: Int, random: inout RandomStream) {
    recurrence = LSTM(inputs: inputs, hidden: hidden, random: &random)
    readout = Dense(inputs: hidden, outputs: 1, random: &random)
  }

  func scores(_ sets: Tensor, padding: Tensor?) -> (logits: Tensor, weights: Tensor?) {
    (readout(recurrence(sets)[.all, -1]).squeezed(-1), nil)
  }
}
