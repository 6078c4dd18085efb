/// What is known of a tensor before it is computed: shape and element type.
public struct TensorType: Sendable, Hashable, CustomStringConvertible {
  public let shape: Shape
  public let dtype: DType

  public init(_ shape: Shape, _ dtype: DType) {
    self.shape = shape
    self.dtype = dtype
  }

  public var byteCount: Int { shape.elementCount * dtype.byteCount }
  public var description: String { "\(dtype)\(shape)" }
}
