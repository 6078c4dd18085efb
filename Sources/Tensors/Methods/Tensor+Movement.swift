// Methods that rearrange elements. Axes count from the end when negative.

extension Tensor {
  func resolve(_ axis: Int, _ name: String) -> Int {
    guard let resolved = shape.resolve(axis: axis) else { trap(name, [self], "there is no axis \(axis)") }
    return resolved
  }

  func resolve(_ axes: [Int], _ name: String) -> AxisSet {
    let resolved = axes.map { resolve($0, name) }
    guard Set(resolved).count == resolved.count else { trap(name, [self], "axes \(axes) name one axis twice") }
    return AxisSet(resolved)
  }

  /// The same elements in row-major order under another shape. One extent may be -1: it is whatever the others leave.
  public func reshaped(to extents: [Int]) -> Tensor {
    guard let unknown = extents.firstIndex(of: -1) else {
      guard extents.allSatisfy({ $0 >= 0 }) else { trap("reshape", [self], "\(extents) has a negative extent") }
      return reshaped(to: Shape(extents))
    }
    var known = 1
    for (axis, extent) in extents.enumerated() where axis != unknown { known *= extent }
    guard known > 0, extents.filter({ $0 == -1 }).count == 1, elementCount % known == 0 else {
      trap("reshape", [self], "\(elementCount) elements do not fill \(extents)")
    }
    var complete = extents
    complete[unknown] = elementCount / known
    return reshaped(to: Shape(complete))
  }

  /// The same elements in row-major order under another shape.
  public func reshaped(to target: Shape) -> Tensor {
    if target == shape { return self }
    guard target.elementCount == elementCount else { trap("reshape", [self], "\(elementCount) elements do not fill \(target)") }
    return Tensor.record(Reshape(shape: target), [self], TensorType(target, dtype))
  }

  /// Output axis `i` is this tensor's axis `permutation[i]`.
  public func transposed(permutation: [Int]) -> Tensor {
    Tensor.record(Transpose(permutation: permutation.map { resolve($0, "transpose") }), [self])[0]
  }

  /// The last two axes exchanged; a vector stays as it is.
  public func transposed() -> Tensor {
    guard rank >= 2 else { return self }
    return swappingAxes(-1, -2)
  }

  public func swappingAxes(_ first: Int, _ second: Int) -> Tensor {
    var permutation = Array(0..<rank)
    permutation.swapAt(resolve(first, "swappingAxes"), resolve(second, "swappingAxes"))
    return transposed(permutation: permutation)
  }

  /// Repeats axes of extent 1, and adds leading axes, until the shape is `target`.
  public func broadcast(to target: Shape) -> Tensor {
    if target == shape { return self }
    guard shape.broadcast(with: target) == target else { trap("broadcast", [self], "shape \(shape) does not broadcast to \(target)") }
    return Tensor.record(Broadcast(shape: target), [self], TensorType(target, dtype))
  }

  /// A new axis of extent 1 at position `axis`.
  public func expandingShape(at axis: Int) -> Tensor {
    let position = axis < 0 ? axis + rank + 1 : axis
    guard position >= 0, position <= rank else { trap("expandingShape", [self], "there is no place \(axis)") }
    var extents = shape.dimensions
    extents.insert(1, at: position)
    return reshaped(to: Shape(extents))
  }

  /// Removes the given axes, which must have extent 1; without axes, all of extent 1.
  public func squeezed(_ axes: Int...) -> Tensor {
    let removed = axes.isEmpty ? AxisSet(shape.indices.filter { shape[$0] == 1 }) : resolve(axes, "squeeze")
    for axis in removed.elements where shape[axis] != 1 { trap("squeeze", [self], "axis \(axis) has extent \(shape[axis])") }
    return reshaped(to: shape.reduced(removed, keeping: false))
  }

  /// All axes from `start` on (through `end`) as one.
  public func flattened(from start: Int = 0, through end: Int = -1) -> Tensor {
    if rank == 0 { return reshaped(to: [1] as Shape) }
    let first = resolve(start, "flatten")
    let last = resolve(end, "flatten")
    guard first <= last else { trap("flatten", [self], "axis \(start) comes after axis \(end)") }
    let extents = shape.dimensions
    return reshaped(to: Shape(extents[..<first] + [extents[first...last].reduce(1, *)] + extents[(last + 1)...]))
  }

  /// `count` positions of one axis beginning at `start`, `step` apart.
  public func slice(axis: Int, from start: Int, count: Int, step: Int = 1) -> Tensor {
    let axis = resolve(axis, "slice")
    var starts = [Int](repeating: 0, count: rank)
    var steps = [Int](repeating: 1, count: rank)
    var extents = shape
    starts[axis] = start
    steps[axis] = step
    extents[axis] = count
    return Tensor.record(Slice(starts: starts, steps: steps, shape: extents), [self])[0]
  }

  /// The order of positions reversed along each of `axes`.
  public func flipped(_ axes: Int...) -> Tensor {
    let flipped = resolve(axes, "flip")
    let starts = shape.indices.map { flipped.contains($0) ? Swift.max(shape[$0] - 1, 0) : 0 }
    let steps = shape.indices.map { flipped.contains($0) ? -1 : 1 }
    return Tensor.record(Slice(starts: starts, steps: steps, shape: shape), [self])[0]
  }

  /// `value` around the tensor: for each axis, how many positions before and after.
  public func padded(_ widths: [(before: Int, after: Int)], with value: Double = 0) -> Tensor {
    guard widths.count == rank, widths.allSatisfy({ $0.before >= 0 && $0.after >= 0 }) else {
      trap("pad", [self], "one pair of widths >= 0 an axis is needed, got \(widths)")
    }
    if widths.allSatisfy({ $0.before == 0 && $0.after == 0 }) { return self }
    var target = shape
    for (axis, width) in widths.enumerated() { target[axis] += width.before + width.after }
    let scatter = SliceScatter(starts: widths.map(\.before), steps: Array(repeating: 1, count: rank), shape: target)
    let padded = Tensor.record(scatter, [self], TensorType(target, dtype))
    if value == 0 { return padded }
    let inside = Tensor.record(
      scatter, [Tensor(repeating: 1, shape: shape, dtype: .bool)], TensorType(target, .bool))
    return Tensor.select(inside, padded, Tensor(value, dtype: dtype))
  }

  /// The tensors one after the other along an existing axis.
  public static func concatenate(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
    guard let first = tensors.first else { preconditionFailure("concatenate: no tensor given") }
    if tensors.count == 1 { return first }
    return record(Concatenate(axis: first.resolve(axis, "concatenate")), tensors)[0]
  }

  /// The tensors, which must agree in shape, along a new axis.
  public static func stack(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
    concatenate(tensors.map { $0.expandingShape(at: axis) }, axis: axis)
  }

  /// Parts of equal extent along an axis.
  public func split(count: Int, axis: Int = 0) -> [Tensor] {
    let axis = resolve(axis, "split")
    guard count > 0, shape[axis] % count == 0 else {
      trap("split", [self], "axis \(axis) of extent \(shape[axis]) has no \(count) equal parts")
    }
    let part = shape[axis] / count
    return (0..<count).map { slice(axis: axis, from: $0 * part, count: part) }
  }

  /// Parts of the given extents along an axis.
  public func split(sizes: [Int], axis: Int = 0) -> [Tensor] {
    let axis = resolve(axis, "split")
    guard sizes.reduce(0, +) == shape[axis] else { trap("split", [self], "sizes \(sizes) do not add up to extent \(shape[axis])") }
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return slice(axis: axis, from: start, count: size)
    }
  }

  /// The whole tensor repeated `count` times along an axis.
  public func tiled(_ count: Int, axis: Int) -> Tensor {
    guard count >= 0 else { trap("tile", [self], "\(count) repetitions") }
    let axis = resolve(axis, "tile")
    if count == 0 { return slice(axis: axis, from: 0, count: 0) }
    return Tensor.concatenate(Array(repeating: self, count: count), axis: axis)
  }

  /// The whole tensor repeated along each axis as often as `counts` says, as NumPy's `tile`.
  public func tiled(_ counts: [Int]) -> Tensor {
    guard counts.count == rank else { trap("tile", [self], "one count an axis is needed, got \(counts)") }
    return counts.enumerated().reduce(self) { $1.element == 1 ? $0 : $0.tiled($1.element, axis: $1.offset) }
  }

  /// Each position of an axis repeated `count` times, as NumPy's `repeat`.
  public func repeatingElements(_ count: Int, axis: Int) -> Tensor {
    guard count >= 0 else { trap("repeat", [self], "\(count) repetitions") }
    let axis = resolve(axis, "repeat")
    var wide = shape.dimensions
    wide.insert(count, at: axis + 1)
    var target = shape
    target[axis] *= count
    return expandingShape(at: axis + 1).broadcast(to: Shape(wide)).reshaped(to: target)
  }

  /// Positions moved by `shift` along an axis, those that leave at one end coming in at the other.
  public func rolled(by shift: Int, axis: Int) -> Tensor {
    let axis = resolve(axis, "roll")
    let extent = shape[axis]
    guard extent > 0 else { return self }
    let first = ((-shift % extent) + extent) % extent
    if first == 0 { return self }
    return Tensor.concatenate(
      [slice(axis: axis, from: first, count: extent - first), slice(axis: axis, from: 0, count: first)], axis: axis)
  }
}
