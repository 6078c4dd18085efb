import Tensors

/// left x weight x right + bias, a form in two inputs.
public struct Bilinear: ConfiguredModule {
  public struct Configuration: Sendable, Hashable, Codable {
    public var left: Int
    public var right: Int
    public var outputs: Int
    public var hasBias: Bool

    public init(left: Int, right: Int, outputs: Int, hasBias: Bool = true) {
      self.left = left
      self.right = right
      self.outputs = outputs
      self.hasBias = hasBias
    }
  }

  public let configuration: Configuration
  /// (outputs, left, right).
  public let weight: Parameter
  /// (outputs).
  public let bias: Parameter?
  private let identity = LayerIdentity()

  /// Draws fresh weights; both uniform in +-1 / sqrt(left) unless told otherwise.
  public init(
    _ configuration: Configuration, weights: Initializer = .standard, bias biases: Initializer = .standard, random: inout RandomStream
  ) {
    self.configuration = configuration
    let fans = Fans(input: configuration.left, output: configuration.outputs)
    weight = Parameter(weights([configuration.outputs, configuration.left, configuration.right], fans: fans, random: &random))
    bias = configuration.hasBias ? Parameter(biases([configuration.outputs], fans: fans, random: &random)) : nil
  }

  public init(left: Int, right: Int, outputs: Int, hasBias: Bool = true, random: inout RandomStream) {
    self.init(Configuration(left: left, right: right, outputs: outputs, hasBias: hasBias), random: &random)
  }

  /// - Parameters:
  ///   - left: (..., left).
  ///   - right: (..., right), of the same leading axes.
  /// - Returns: (..., outputs).
  public func callAsFunction(_ left: Tensor, _ right: Tensor) -> Tensor {
    precondition(
      left.shape.last == configuration.left && right.shape.last == configuration.right
        && left.shape.dropLast().elementsEqual(right.shape.dropLast()),
      "Bilinear: inputs must be (..., \(configuration.left)) and (..., \(configuration.right)), their shapes are \(left.shape) and \(right.shape)"
    )
    let leading = left.shape.dimensions.dropLast()
    // (rows, left) x (left, outputs * right), then the product with the right vectors.
    let table = weight.value.swappingAxes(0, 1).reshaped(to: [configuration.left, configuration.outputs * configuration.right])
    let partial = Product.matmul(left.reshaped(to: [-1, configuration.left]), table)
      .reshaped(to: [-1, configuration.outputs, configuration.right])
    var output = (partial * right.reshaped(to: [-1, 1, configuration.right])).sum(axes: [2])
    if let bias { output = output + bias.value }
    return recorded(
      output.reshaped(to: Shape(leading + [configuration.outputs])), of: left, by: identity, as: "Bilinear",
      multiplyAdds: partial.elementCount * (configuration.left + 1))
  }
}
