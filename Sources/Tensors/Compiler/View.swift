/// Where the elements of a value lie: an affine map from positions to elements of a buffer.
struct View: Equatable {
  /// Number of the buffer within its plan.
  var buffer: Int
  /// In elements.
  var offset: Int
  var type: TensorType
  /// In elements; meaningful for the first `shape.rank` axes, 0 beyond.
  var strides: InlineArray<8, Int>

  var shape: Shape { type.shape }
  var dtype: DType { type.dtype }
  var rank: Int { type.shape.rank }

  /// All of `buffer`, in row-major order.
  init(buffer: Int, type: TensorType) {
    self.buffer = buffer
    offset = 0
    self.type = type
    strides = InlineArray(repeating: 0)
    var step = 1
    for axis in stride(from: type.shape.rank - 1, through: 0, by: -1) {
      strides[axis] = step
      step *= max(type.shape[axis], 1)
    }
  }

  static func == (left: View, right: View) -> Bool {
    guard left.buffer == right.buffer, left.offset == right.offset, left.type == right.type else { return false }
    for axis in 0..<left.rank where left.strides[axis] != right.strides[axis] { return false }
    return true
  }

  /// Whether the elements lie in row-major order without gaps. Axes of extent 1 may have any stride.
  var isContiguous: Bool {
    var step = 1
    for axis in stride(from: rank - 1, through: 0, by: -1) where shape[axis] != 1 {
      if strides[axis] != step { return false }
      step *= shape[axis]
    }
    return true
  }

  /// Whether some element is read at several positions.
  var repeatsElements: Bool {
    for axis in 0..<rank where shape[axis] > 1 && strides[axis] == 0 { return true }
    return false
  }

  /// The same elements in row-major order under another shape; nil where no strides can express it.
  func reshaped(to target: Shape) -> View? {
    var result = self
    result.type = TensorType(target, dtype)
    result.strides = InlineArray(repeating: 0)
    if target.elementCount == 0 { return result }

    // Axes of extent 1 carry no stride; the others are matched in groups of equal product.
    var from: [(extent: Int, stride: Int)] = []
    for axis in 0..<rank where shape[axis] != 1 { from.append((shape[axis], strides[axis])) }
    var source = 0
    var axis = 0
    while axis < target.rank {
      if target[axis] == 1 {
        axis += 1
        continue
      }
      guard source < from.count else { return nil }
      let first = source
      var sourceProduct = from[source].extent
      let firstAxis = axis
      var targetProduct = target[axis]
      while sourceProduct != targetProduct {
        if sourceProduct < targetProduct {
          source += 1
          guard source < from.count else { return nil }
          sourceProduct *= from[source].extent
        } else {
          axis += 1
          guard axis < target.rank else { return nil }
          targetProduct *= target[axis]
        }
      }
      for position in first..<source where from[position].stride != from[position + 1].stride * from[position + 1].extent { return nil }
      var step = from[source].stride
      for position in stride(from: axis, through: firstAxis, by: -1) {
        result.strides[position] = step
        step *= target[position]
      }
      source += 1
      axis += 1
    }
    return result
  }

  func transposed(_ permutation: [Int]) -> View {
    var result = self
    var extents = shape
    for (to, axis) in permutation.enumerated() {
      extents[to] = shape[axis]
      result.strides[to] = strides[axis]
    }
    result.type = TensorType(extents, dtype)
    return result
  }

  func broadcast(to target: Shape) -> View {
    if shape == target { return self }
    var result = self
    result.type = TensorType(target, dtype)
    let lead = target.rank - rank
    for axis in 0..<target.rank {
      let source = axis - lead
      result.strides[axis] = source < 0 || (shape[source] == 1 && target[axis] != 1) ? 0 : strides[source]
    }
    return result
  }

  func sliced(starts: [Int], steps: [Int], shape target: Shape) -> View {
    var result = self
    result.type = TensorType(target, dtype)
    for axis in 0..<rank {
      if target.elementCount > 0 { result.offset += starts[axis] * strides[axis] }
      result.strides[axis] = strides[axis] * steps[axis]
    }
    return result
  }
}
