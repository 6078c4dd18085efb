import Tensors

/// A table of vectors, looked up by index.
public struct Embedding: Layer, ConfiguredModule {
  public struct Configuration: Sendable, Hashable, Codable {
    /// Number of vectors.
    public var count: Int
    /// Length of a vector.
    public var features: Int
    /// An index whose vector is zero at first and receives no gradient.
    public var paddingIndex: Int?

    public init(count: Int, features: Int, paddingIndex: Int? = nil) {
      precondition(
        paddingIndex == nil || (0..<count).contains(paddingIndex!),
        "Embedding: the padding index \(paddingIndex!) is not one of 0 ..< \(count)")
      self.count = count
      self.features = features
      self.paddingIndex = paddingIndex
    }
  }

  public let configuration: Configuration
  /// (count, features).
  public let weight: Parameter
  private let identity = LayerIdentity()

  /// Draws fresh vectors, by default standard normal.
  public init(_ configuration: Configuration, weights: Initializer = .normal(standardDeviation: 1), random: inout RandomStream) {
    let shape: Shape = [configuration.count, configuration.features]
    var table = weights(shape, fans: Fans(input: configuration.count, output: configuration.features), random: &random)
    if let padding = configuration.paddingIndex { table[padding] = .zeros([configuration.features], dtype: table.dtype) }
    self.init(configuration, weight: Parameter(table))
  }

  public init(
    count: Int, features: Int, paddingIndex: Int? = nil, weights: Initializer = .normal(standardDeviation: 1),
    random: inout RandomStream
  ) {
    self.init(Configuration(count: count, features: features, paddingIndex: paddingIndex), weights: weights, random: &random)
  }

  /// A table that shares its vectors with whoever else holds the parameter.
  public init(sharing weight: Parameter, paddingIndex: Int? = nil) {
    precondition(weight.shape.rank == 2, "Embedding: the weight must be (count, features), its shape is \(weight.shape)")
    self.init(Configuration(count: weight.shape[0], features: weight.shape[1], paddingIndex: paddingIndex), weight: weight)
  }

  private init(_ configuration: Configuration, weight: Parameter) {
    self.configuration = configuration
    self.weight = weight
  }

  /// - Parameter input: indices, integers of any shape.
  /// - Returns: (that shape..., features).
  public func callAsFunction(_ input: Tensor) -> Tensor {
    precondition(!input.dtype.isFloatingPoint, "Embedding: indices must be integers, got \(input.dtype)")
    var rows = weight.value.gathered(input)
    if let padding = configuration.paddingIndex {
      rows = Tensor.select((input .== Double(padding)).expandingShape(at: -1), rows.stopGradient(), rows)
    }
    return recorded(rows, of: input, by: identity, as: "Embedding")
  }

  /// The product with every vector, as in the output layer of a model with tied embeddings.
  ///
  /// - Parameter features: (..., features).
  /// - Returns: (..., count).
  public func scores(_ features: Tensor) -> Tensor { Product.matmul(features, weight.value.transposed()) }
}
