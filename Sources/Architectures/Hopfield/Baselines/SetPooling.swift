import Layers
import Tensors

/// Pools a set (N, S, E) into a vector; the plain ways beside `HopfieldPooling`.
public protocol SetPooling: Module {
  /// Features of the vector.
  var outputWidth: Int { get }

  /// - Parameters:
  ///   - input: (N, S, E).
  ///   - padding: bool (N, S), true where a row of the set is padding; a set of padding alone is not allowed.
  /// - Returns: the vector (N, outputWidth), and the weight of each row (N, S) where the pooling has such.
  func pooled(_ input: Tensor, padding: Tensor?) -> (output: Tensor, weights: Tensor?)
}

/// The mean over the set.
public struct MeanPooling: SetPooling {
  public let outputWidth: Int
  public init(width: Int) { outputWidth = width }

  public func pooled(_ input: Tensor, padding: Tensor?) -> (output: Tensor, weights: Tensor?) {
    guard let padding else { return (input.mean(axes: [1]), nil) }
    let present = (.!padding).cast(to: input.dtype)
    let total = (input * present.expandingShape(at: -1)).sum(axes: [1])
    return (total / present.sum(axes: [1], keepingAxes: true), nil)
  }
}

/// The largest value of each feature over the set.
public struct MaximumPooling: SetPooling {
  public let outputWidth: Int
  public init(width: Int) { outputWidth = width }

  public func pooled(_ input: Tensor, padding: Tensor?) -> (output: Tensor, weights: Tensor?) {
    guard let padding else { return (input.max(axes: [1]), nil) }
    return (Tensor.select(padding.expandingShape(at: -1), Tensor(-1e30, dtype: input.dtype), input).max(axes: [1]), nil)
  }
}

/// Attention over the instances of a bag (Ilse et al., 2018): a_i proportional to exp(w^T tanh(V h_i)); gated, exp(w^T (tanh(V h_i) sigmoid(U h_i))).
public struct AttentionPooling: SetPooling {
  public let outputWidth: Int
  public let features: Dense
  public let gate: Dense?
  public let score: Dense

  public init(width: Int, hidden: Int = 128, isGated: Bool = false, random: inout RandomStream) {
    outputWidth = width
    features = Dense(inputs: width, outputs: hidden, random: &random)
    gate = isGated ? Dense(inputs: width, outputs: hidden, random: &random) : nil
    score = Dense(inputs: hidden, outputs: 1, random: &random)
  }

  public func pooled(_ input: Tensor, padding: Tensor?) -> (output: Tensor, weights: Tensor?) {
    var hidden = features(input).tanh()
    if let gate { hidden = hidden * gate(input).sigmoid() }
    var scores = score(hidden).squeezed(-1)
    if let padding { scores = Tensor.select(padding, Tensor(-1e30, dtype: scores.dtype), scores) }
    let weights = scores.softmax()
    return (weights.expandingShape(at: 1).matmul(input).squeezed(1), weights)
  }
}

extension HopfieldPooling: SetPooling {
  public var outputWidth: Int { pooling.shape[1] * association.configuration.outputWidth }

  /// The weight of a row is the mean over heads and state patterns.
  public func pooled(_ input: Tensor, padding: Tensor?) -> (output: Tensor, weights: Tensor?) {
    trapping { () throws(HopfieldError) in
      let (output, association) = try pool(input, padding: padding)
      return (output, association.weights[.all, .all, .all, 0..<input.shape[1]].mean(axes: [1, 2]))
    }
  }
}
