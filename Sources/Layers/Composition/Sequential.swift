import Tensors

/// Layers one after the other. Its parts are named by position: "0.weight".
public struct Sequential: LayerContainer {
  public var layers: [any Layer]

  public init(_ layers: [any Layer]) { self.layers = layers }
  public init(_ layers: any Layer...) { self.init(layers) }
  public init(@LayerBuilder _ layers: () -> [any Layer]) { self.init(layers()) }

  public var parts: [(name: String, module: any Module)] { layers.enumerated().map { (String($0), $1) } }

  public subscript(part name: String) -> (any Layer)? {
    get { Int(name).flatMap { layers.indices.contains($0) ? layers[$0] : nil } }
    set {
      guard let index = Int(name), layers.indices.contains(index), let newValue else { return }
      layers[index] = newValue
    }
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    var value = input
    for layer in layers { value = layer(value) }
    return value
  }

  /// The layer at a position.
  public subscript(index: Int) -> any Layer {
    get { layers[index] }
    set { layers[index] = newValue }
  }

  /// The layers at some positions, with the same parameters.
  public subscript(range: some RangeExpression<Int>) -> Sequential { Sequential(Array(layers[range])) }
}

/// Lets a sequence of layers be written down in a block, with conditions and loops.
@resultBuilder
public enum LayerBuilder {
  public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
  public static func buildExpression(_ layers: [any Layer]) -> [any Layer] { layers }
  public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
  public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
  public static func buildEither(first: [any Layer]) -> [any Layer] { first }
  public static func buildEither(second: [any Layer]) -> [any Layer] { second }
  public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
}
