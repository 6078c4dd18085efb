import Tensors

/// Attention by several heads (Vaswani et al., 2017): softmax(query key^T / sqrt(features / heads)) value, between projections.
public struct MultiHeadAttention: Layer, ConfiguredModule {
  public struct Configuration: Sendable, Hashable, Codable {
    /// Features of the query and of the output, a multiple of the heads.
    public var features: Int
    public var heads: Int
    /// Features of keys and values where they differ from the query's.
    public var keyFeatures: Int
    public var valueFeatures: Int
    public var hasBias: Bool
    /// Probability with which a weight is dropped in training.
    public var dropout: Double

    public init(
      features: Int, heads: Int, keyFeatures: Int? = nil, valueFeatures: Int? = nil, hasBias: Bool = true, dropout: Double = 0
    ) {
      precondition(heads > 0 && features % heads == 0, "MultiHeadAttention: \(heads) heads do not divide \(features) features")
      self.features = features
      self.heads = heads
      self.keyFeatures = keyFeatures ?? features
      self.valueFeatures = valueFeatures ?? features
      self.hasBias = hasBias
      self.dropout = dropout
    }

    /// Whether all inputs are alike, so that one matrix holds the three projections.
    var isPacked: Bool { keyFeatures == features && valueFeatures == features }
  }

  public let configuration: Configuration
  /// (features, 3 * features), the projections of query, key and value side by side; nil where key or value features differ.
  public let inputWeight: Parameter?
  /// (features, features), (keyFeatures, features) and (valueFeatures, features); nil where `inputWeight` holds all.
  public let queryWeight: Parameter?
  public let keyWeight: Parameter?
  public let valueWeight: Parameter?
  /// (3 * features).
  public let inputBias: Parameter?
  /// (features, features).
  public let outputWeight: Parameter
  /// (features).
  public let outputBias: Parameter?
  private let identity = LayerIdentity()

  /// Draws projections by Glorot's uniform distribution, the output's by that of a dense layer; biases are zero.
  public init(_ configuration: Configuration, random: inout RandomStream) {
    self.configuration = configuration
    let width = configuration.features
    func projection(_ inputs: Int, _ outputs: Int) -> Parameter {
      Parameter(Initializer.glorotUniform()([inputs, outputs], fans: Fans(input: inputs, output: outputs), random: &random))
    }
    let isPacked = configuration.isPacked
    inputWeight = isPacked ? projection(width, 3 * width) : nil
    queryWeight = isPacked ? nil : projection(width, width)
    keyWeight = isPacked ? nil : projection(configuration.keyFeatures, width)
    valueWeight = isPacked ? nil : projection(configuration.valueFeatures, width)
    inputBias = configuration.hasBias ? Parameter(.zeros([3 * width])) : nil
    outputWeight = Parameter(Initializer.standard([width, width], fans: Fans(input: width, output: width), random: &random))
    outputBias = configuration.hasBias ? Parameter(.zeros([width])) : nil
  }

  public init(
    features: Int, heads: Int, keyFeatures: Int? = nil, valueFeatures: Int? = nil, hasBias: Bool = true, dropout: Double = 0,
    random: inout RandomStream
  ) {
    let configuration = Configuration(
      features: features, heads: heads, keyFeatures: keyFeatures, valueFeatures: valueFeatures, hasBias: hasBias, dropout: dropout)
    self.init(configuration, random: &random)
  }

  /// Self-attention without masks.
  ///
  /// - Parameter input: (batch, positions, features).
  public func callAsFunction(_ input: Tensor) -> Tensor { attend(input).output }

  /// Self-attention.
  public func callAsFunction(_ input: Tensor, mask: Tensor? = nil, keyMask: Tensor? = nil, isCausal: Bool = false) -> Tensor {
    attend(input, mask: mask, keyMask: keyMask, isCausal: isCausal).output
  }

  /// Attention of one sequence to another.
  public func callAsFunction(
    _ query: Tensor, key: Tensor, value: Tensor, mask: Tensor? = nil, keyMask: Tensor? = nil, isCausal: Bool = false
  ) -> Tensor {
    attend(query, key: key, value: value, mask: mask, keyMask: keyMask, isCausal: isCausal).output
  }

  /// Attention that also gives its weights.
  ///
  /// - Parameters:
  ///   - query: (batch, queries, features).
  ///   - key: (batch, keys, keyFeatures), by default the query.
  ///   - value: (batch, keys, valueFeatures), by default the key.
  ///   - mask: broadcast to (batch, heads, queries, keys). Of bool, true where a query may attend to a key; of floating point, added to the scores.
  ///   - keyMask: bool, (batch, keys), true where there is a key and not padding.
  ///   - isCausal: lets query i attend to keys 0 ... i only.
  /// - Returns: the output, (batch, queries, features), and the weights, (batch, heads, queries, keys). A query that may attend to nothing
  ///   has the weights 0.
  public func attend(
    _ query: Tensor, key: Tensor? = nil, value: Tensor? = nil, mask: Tensor? = nil, keyMask: Tensor? = nil, isCausal: Bool = false
  ) -> (output: Tensor, weights: Tensor) {
    let configuration = configuration
    let isSelf = key == nil && value == nil
    let key = key ?? query
    let value = value ?? key
    check(query, "query", configuration.features)
    check(key, "key", configuration.keyFeatures)
    check(value, "value", configuration.valueFeatures)
    precondition(
      key.shape[0] == query.shape[0] && value.shape[0] == query.shape[0] && key.shape[1] == value.shape[1],
      "MultiHeadAttention: query \(query.shape), key \(key.shape) and value \(value.shape) must agree in batch, key and value in positions")

    let headFeatures = configuration.features / configuration.heads
    let (projectedQuery, projectedKey, projectedValue) = isSelf ? packedProjections(query) : projections(query, key, value)
    let queryHeads = heads(projectedQuery) * (1 / Double(headFeatures).squareRoot())
    var scores = Product.matmul(queryHeads, heads(projectedKey).transposed())
    var allowed: Tensor?
    if let mask, mask.dtype == .bool {
      allowed = mask
    } else if let mask {
      precondition(mask.dtype.isFloatingPoint, "MultiHeadAttention: the mask must be bool or floating point, it is \(mask.dtype)")
      scores = scores + mask.cast(to: scores.dtype)
    }
    if let keyMask {
      precondition(
        keyMask.dtype == .bool && keyMask.shape == [key.shape[0], key.shape[1]],
        "MultiHeadAttention: the key mask must be bool of shape (\(key.shape[0]), \(key.shape[1])), it is \(keyMask.dtype) of \(keyMask.shape)"
      )
      let present = keyMask.reshaped(to: [key.shape[0], 1, 1, key.shape[1]])
      allowed = allowed.map { $0 .& present } ?? present
    }
    if isCausal {
      let past = Self.causalMask(queries: query.shape[1], keys: key.shape[1])
      allowed = allowed.map { $0 .& past } ?? past
    }
    var weights: Tensor
    if let allowed {
      // Finite, so that a row without any key gives 0 instead of NaN.
      let hidden = Tensor(-1e30, dtype: scores.dtype)
      weights = Tensor.select(allowed, scores, hidden).softmax()
      weights = Tensor.select(allowed, weights, Tensor(0, dtype: scores.dtype))
    } else {
      weights = scores.softmax()
    }
    let mixing = weights.dropped(configuration.dropout, unitsOfShape: weights.shape)
    let mixed = Product.matmul(mixing, heads(projectedValue))
    let joined = mixed.swappingAxes(1, 2).reshaped(to: query.shape)
    var output = Product.matmul(joined, outputWeight.value)
    if let outputBias { output = output + outputBias.value }
    let products =
      query.elementCount * configuration.features * 2 + key.elementCount * configuration.features
      + value.elementCount * configuration.features + 2 * weights.elementCount * headFeatures
    return (recorded(output, of: query, by: identity, as: "MultiHeadAttention", multiplyAdds: products), weights)
  }

  /// True where key <= query, the last query standing at the last key: (queries, keys).
  public static func causalMask(queries: Int, keys: Int) -> Tensor {
    let rows = Tensor.range(queries, from: Double(keys - queries), dtype: .int64).reshaped(to: [queries, 1])
    return Tensor.range(keys, dtype: .int64) .<= rows
  }

  private func check(_ tensor: Tensor, _ name: String, _ features: Int) {
    precondition(
      tensor.rank == 3 && tensor.shape[2] == features,
      "MultiHeadAttention: the \(name) must be (batch, positions, \(features)), its shape is \(tensor.shape)")
  }

  private func packedProjections(_ input: Tensor) -> (Tensor, Tensor, Tensor) {
    guard let inputWeight else { return projections(input, input, input) }
    var projected = Product.matmul(input, inputWeight.value)
    if let inputBias { projected = projected + inputBias.value }
    let parts = projected.split(count: 3, axis: -1)
    return (parts[0], parts[1], parts[2])
  }

  private func projections(_ query: Tensor, _ key: Tensor, _ value: Tensor) -> (Tensor, Tensor, Tensor) {
    let weights = inputWeight.map { $0.value.split(count: 3, axis: -1) } ?? [queryWeight!.value, keyWeight!.value, valueWeight!.value]
    let biases = inputBias.map { $0.value.split(count: 3) }
    let projected = zip([query, key, value], weights).enumerated().map { index, pair in
      let product = Product.matmul(pair.0, pair.1)
      return biases.map { product + $0[index] } ?? product
    }
    return (projected[0], projected[1], projected[2])
  }

  /// (batch, positions, features) as (batch, heads, positions, features / heads).
  private func heads(_ tensor: Tensor) -> Tensor {
    tensor.reshaped(to: [tensor.shape[0], tensor.shape[1], configuration.heads, configuration.features / configuration.heads]).swappingAxes(
      1, 2)
  }
}
