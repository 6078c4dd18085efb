import Synchronization

/// An n-dimensional array that is computed when it is read.
///
/// Operators and methods only record; reading a value (`scalar()`, `array(of:)`, `evaluate(_:)`) compiles what is needed and
/// runs it. A tensor is a value: nothing done through one variable shows in another. Tensors may be built and read from
/// several tasks at once.
public struct Tensor: Sendable {
  var node: Node
  let output: Int

  init(_ node: Node, output: Int = 0) {
    self.node = node
    self.output = output
  }

  var type: TensorType { node.outputType(output) }
  public var shape: Shape { output == 0 ? node.type.shape : type.shape }
  public var dtype: DType { output == 0 ? node.type.dtype : type.dtype }
  public var rank: Int { shape.rank }
  /// Number of elements.
  public var elementCount: Int { shape.elementCount }
}

// MARK: - Creation

extension Tensor {
  /// A tensor that owns `buffer`, which holds its elements in row-major order.
  init(buffer: Buffer, type: TensorType) {
    self.init(Node(Constant(), inputs: [], type: type, buffers: [buffer]))
  }

  /// Copies `scalars`, in row-major order, into a tensor of the given shape.
  public init<Scalar: TensorScalar>(_ scalars: [Scalar], shape: Shape) {
    precondition(
      scalars.count == shape.elementCount, "Tensor: \(scalars.count) scalars do not fill shape \(shape) of \(shape.elementCount) elements")
    let buffer = scalars.withUnsafeBytes { Buffer(copying: $0) }
    self.init(buffer: buffer, type: TensorType(shape, Scalar.dtype))
  }

  /// A one-dimensional tensor of `scalars`.
  public init<Scalar: TensorScalar>(_ scalars: [Scalar]) { self.init(scalars, shape: [scalars.count]) }

  /// Copies raw element bytes, in row-major order and the machine's byte order.
  public init(bytes: UnsafeRawBufferPointer, shape: Shape, dtype: DType) {
    let type = TensorType(shape, dtype)
    precondition(bytes.count == type.byteCount, "Tensor: \(bytes.count) bytes do not fill \(type) of \(type.byteCount) bytes")
    self.init(buffer: Buffer(copying: bytes), type: type)
  }

  /// Copies raw element bytes, in row-major order and the machine's byte order.
  public init(bytes: [UInt8], shape: Shape, dtype: DType) {
    self = bytes.withUnsafeBytes { Tensor(bytes: $0, shape: shape, dtype: dtype) }
  }

  /// A scalar.
  public init(_ value: Double, dtype: DType = .float32) {
    self.init(Node(ScalarConstant(value: value), inputs: [], type: TensorType(.scalar, dtype), isNumber: true))
  }

  /// Every element equal to `value`.
  public init(repeating value: Double, shape: Shape, dtype: DType = .float32) {
    self = Tensor(value, dtype: dtype).broadcast(to: shape)
  }

  public static func zeros(_ shape: Shape, dtype: DType = .float32) -> Tensor { Tensor(repeating: 0, shape: shape, dtype: dtype) }
  public static func ones(_ shape: Shape, dtype: DType = .float32) -> Tensor { Tensor(repeating: 1, shape: shape, dtype: dtype) }
}

// MARK: - Recording

extension Tensor {
  /// Records an operation with one output whose type is already known.
  @inline(__always)
  static func record(_ operation: some Primitive, _ inputs: [Tensor], _ type: TensorType) -> Tensor {
    Tensor(Node(operation, inputs: inputs, type: type))
  }

  /// Records an operation, applying its shape rule; a rule that does not hold is a mistake in the program and traps.
  static func record(_ operation: some Primitive, _ inputs: [Tensor], file: StaticString = #fileID, line: UInt = #line) -> [Tensor] {
    let types: [TensorType]
    do {
      types = try operation.outputTypes(for: inputs.map(\.type))
    } catch {
      trap(operation.name, inputs, error.message)
    }
    let node = Node(operation, inputs: inputs, type: types[0], otherTypes: Array(types.dropFirst()))
    return types.indices.map { Tensor(node, output: $0) }
  }
}

// MARK: - Reading

extension Tensor {
  /// The elements in row-major order. Computes the tensor if that has not happened.
  public func array<Scalar: TensorScalar>(of type: Scalar.Type = Scalar.self) -> [Scalar] {
    if dtype != Scalar.dtype {
      return cast(to: Scalar.dtype).array(of: type)
    }
    return withBytes { Array($0.bindMemory(to: Scalar.self)) }
  }

  /// The only element of a tensor with one element.
  public func scalar() -> Float { scalar(as: Float.self) }

  /// The only element of a tensor with one element.
  public func scalar<Scalar: TensorScalar>(as type: Scalar.Type = Scalar.self) -> Scalar {
    precondition(elementCount == 1, "Tensor: scalar() needs one element, the shape is \(shape)")
    return array(of: type)[0]
  }

  /// Calls `body` with the element bytes in row-major order. Computes the tensor if that has not happened.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    let buffer = realisedBuffer()
    return try withExtendedLifetime(buffer) {
      try body(UnsafeRawBufferPointer(start: UnsafeRawPointer(buffer.pointer), count: type.byteCount))
    }
  }

  func realisedBuffer() -> Buffer {
    if let buffer = existingBuffer { return buffer }
    Engine.shared.evaluate([self])
    guard let buffer = existingBuffer else { fatalError("\(node.operation.name) was evaluated but has no value") }
    return buffer
  }

  var existingBuffer: Buffer? {
    node.buffers.withLock { $0.isEmpty ? nil : $0[output] }
  }

  /// Whether the value exists already.
  public var isEvaluated: Bool { existingBuffer != nil }
}

extension Tensor {
  /// A number that stands in an expression. Equal numbers share a node, so they must not be differentiated with respect to.
  static func literal(_ value: Double, _ dtype: DType) -> Tensor { Tensor(NumberCache.shared.node(value, dtype)) }
}

/// Nodes of numbers used lately. A training loop uses the same few each step.
private final class NumberCache: Sendable {
  static let shared = NumberCache()
  private let nodes = Mutex([Node?](repeating: nil, count: 256))

  func node(_ value: Double, _ dtype: DType) -> Node {
    let slot = Int(truncatingIfNeeded: StructureKey.mix(value.bitPattern, UInt64(dtype.rawValue)) & 255)
    return nodes.withLock { nodes in
      if let known = nodes[slot], known.type.dtype == dtype, (known.operation as! ScalarConstant).value.bitPattern == value.bitPattern {
        return known
      }
      let node = Node(ScalarConstant(value: value), inputs: [], type: TensorType(.scalar, dtype), isNumber: true)
      nodes[slot] = node
      return node
    }
  }
}

/// Computes several tensors in one plan, so that what they share is computed once.
public func evaluate(_ tensors: Tensor...) { Engine.shared.evaluate(tensors) }

/// Computes several tensors in one plan, so that what they share is computed once.
public func evaluate(_ tensors: [Tensor]) { Engine.shared.evaluate(tensors) }
