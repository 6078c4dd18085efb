/// Host values of the reference evaluator: row-major doubles, whatever the element type stands for.
struct ReferenceArray: Sendable {
  var shape: Shape
  var dtype: DType
  var values: [Double]

  init(_ shape: Shape, _ dtype: DType, _ values: [Double]) {
    precondition(values.count == shape.elementCount)
    self.shape = shape
    self.dtype = dtype
    self.values = values
  }

  init(repeating value: Double, _ type: TensorType) {
    self.init(type.shape, type.dtype, Array(repeating: value, count: type.shape.elementCount))
  }

  /// The value an element of `dtype` holds after conversion. Floating types keep double precision on purpose:
  /// the oracle is to be more exact than what it judges.
  static func convert(_ value: Double, to dtype: DType) -> Double {
    switch dtype {
    case .float32, .float64, .bfloat16: value
    case .bool: value != 0 ? 1 : 0
    case .uint8: Double(UInt8(truncatingIfNeeded: integer(value)))
    case .int32: Double(Int32(truncatingIfNeeded: integer(value)))
    case .int64: Double(integer(value))
    }
  }

  /// The array as its element type holds it: integers wrapped, booleans 0 or 1.
  var converted: ReferenceArray { ReferenceArray(shape, dtype, values.map { Self.convert($0, to: dtype) }) }

  private static func integer(_ value: Double) -> Int64 {
    if value.isNaN { return 0 }
    return Int64(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
  }

  /// The element at a position given by one coordinate an axis.
  subscript(position: [Int]) -> Double {
    get { values[offset(position)] }
    set { values[offset(position)] = newValue }
  }

  func offset(_ position: [Int]) -> Int {
    var offset = 0
    for axis in 0..<shape.rank { offset = offset * shape[axis] + position[axis] }
    return offset
  }

  func broadcast(to target: Shape) -> ReferenceArray {
    if shape == target { return self }
    var result = ReferenceArray(repeating: 0, TensorType(target, dtype))
    let lead = target.rank - shape.rank
    forEachPosition(of: target) { position in
      result[position] = self[(0..<shape.rank).map { shape[$0] == 1 ? 0 : position[lead + $0] }]
    }
    return result
  }
}

/// Visits every position of `shape` in row-major order.
func forEachPosition(of shape: Shape, _ body: ([Int]) -> Void) {
  guard shape.elementCount > 0 else { return }
  var position = [Int](repeating: 0, count: shape.rank)
  while true {
    body(position)
    var axis = shape.rank - 1
    while axis >= 0 {
      position[axis] += 1
      if position[axis] < shape[axis] { break }
      position[axis] = 0
      axis -= 1
    }
    if axis < 0 { return }
  }
}
