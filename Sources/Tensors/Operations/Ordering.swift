// Sorting and searching along the last axis. NaN counts as larger than every number.

/// Values in order along the last axis, and where each came from (int64). Equal values keep their order.
struct Sort: Primitive {
  let isDescending: Bool
  /// How many of the first values to keep; nil keeps all.
  let count: Int?

  var name: String { count == nil ? "sort" : "top k" }
  func encode(into key: inout StructureKey) {
    key.append(isDescending)
    key.append(count ?? -1)
  }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    var shape = inputs[0].shape
    guard shape.rank > 0 else { throw ShapeError("a scalar has no order") }
    if let count {
      guard count >= 0, count <= shape[shape.rank - 1] else { throw ShapeError("there are no \(count) elements along the last axis") }
      shape[shape.rank - 1] = count
    }
    return [TensorType(shape, inputs[0].dtype), TensorType(shape, .int64)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    guard let g = call.cotangents[0] else { return [nil] }
    let zeros = Tensor.zeros(call.inputs[0].shape, dtype: g.dtype)
    return [Tensor.record(ScatterAddAlongAxis(axis: g.rank - 1), [zeros, call.outputs[1], g])[0]]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var values = ReferenceArray(repeating: 0, outputs[0])
    var places = ReferenceArray(repeating: 0, outputs[1])
    let kept = outputs[0].shape[outputs[0].shape.rank - 1]
    var target = 0
    forEachRow(of: inputs[0].shape) { row in
      let order = row.enumerated().sorted { a, b in
        let (x, y) = (inputs[0].values[a.element], inputs[0].values[b.element])
        if x.isNaN != y.isNaN { return isDescending ? x.isNaN : y.isNaN }
        if x != y && !x.isNaN { return isDescending ? x > y : x < y }
        return a.offset < b.offset
      }
      for entry in order.prefix(kept) {
        values.values[target] = inputs[0].values[entry.element]
        places.values[target] = Double(entry.offset)
        target += 1
      }
    }
    return [values, places]
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles { rowRoles(inputs, outputs, linear: []) }
}

/// The position (int64) of the largest or smallest element along the last axis, which disappears; of equal ones the first.
struct ArgExtreme: Primitive {
  let isMaximum: Bool

  var name: String { isMaximum ? "arg max" : "arg min" }
  func encode(into key: inout StructureKey) { key.append(isMaximum) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard let extent = inputs[0].shape.last, extent > 0 else { throw ShapeError("the last axis holds no element") }
    return [TensorType(Shape(inputs[0].shape.dropLast()), .int64)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] { [nil] }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    var target = 0
    forEachRow(of: inputs[0].shape) { row in
      var best = row.lowerBound
      for index in row {
        let (value, held) = (inputs[0].values[index], inputs[0].values[best])
        if held.isNaN { break }
        if value.isNaN || (isMaximum ? value > held : value < held) { best = index }
      }
      result.values[target] = Double(best - row.lowerBound)
      target += 1
    }
    return [result]
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    let rank = inputs[0].shape.rank
    let labels = Array(0..<rank)
    return AxisRoles(inputs: [labels], outputs: [labels.dropLast()], roles: labels.map { $0 == rank - 1 ? .whole : .independent })
  }
}

/// Running sum, product, maximum or minimum along the last axis.
struct Scan: Primitive {
  let reduction: Reduction
  let isReverse: Bool
  /// Whether an element's own value is left out (sums and products only).
  let isExclusive: Bool

  var name: String { "cumulative \(reduction)" }
  func encode(into key: inout StructureKey) { key.append(UInt64(reduction.rawValue) << 2 | (isReverse ? 2 : 0) | (isExclusive ? 1 : 0)) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[0].shape.rank > 0 else { throw ShapeError("a scalar has no axis") }
    return [inputs[0]]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let (x, y, g) = (call.inputs[0], call.outputs[0], call.cotangent)
    switch reduction {
    case .sum: return [Tensor.record(Scan(reduction: .sum, isReverse: !isReverse, isExclusive: isExclusive), [g])[0]]
    case .maximum, .minimum:
      // The element that set the running extreme receives what later positions repeat: it is where the extreme was first reached.
      let extent = x.shape[x.rank - 1]
      let positions = Tensor.record(Iota(shape: x.shape, axis: x.rank - 1), [], TensorType(x.shape, .int64))
      let previous = shifted(y, isReverse)
      let isNew = Tensor.select(positions .== Double(isReverse ? extent - 1 : 0), Tensor(repeating: 1, shape: x.shape, dtype: .bool), y .!= previous)
      let missing = Tensor(repeating: isReverse ? Double(extent) : -1, shape: x.shape, dtype: .int64)
      let source = Tensor.record(
        Scan(reduction: isReverse ? .minimum : .maximum, isReverse: isReverse, isExclusive: false),
        [Tensor.select(isNew, positions, missing)])[0]
      return [Tensor.record(ScatterAddAlongAxis(axis: x.rank - 1), [Tensor.zeros(x.shape, dtype: g.dtype), source, g])[0]]
    case .product:
      // d y_j / d x_i is the product of the others; by pairs, since dividing would fail at zeros.
      let extent = x.shape[x.rank - 1]
      let square = Shape(x.shape.dimensions + [extent])
      let rows = Tensor.record(Iota(shape: square, axis: x.rank - 1), [], TensorType(square, .int64))
      let columns = Tensor.record(Iota(shape: square, axis: x.rank), [], TensorType(square, .int64))
      let wide = x.expandingShape(at: -2).broadcast(to: square)
      let without = Tensor.select(rows .== columns, Tensor(1, dtype: x.dtype), wide)
      let products = Tensor.record(self, [without])[0]
      let reaches = isReverse ? (isExclusive ? columns .< rows : columns .<= rows) : (isExclusive ? columns .> rows : columns .>= rows)
      return [Tensor.select(reaches, products * g.expandingShape(at: -2), Tensor(0, dtype: g.dtype)).sum(axes: [x.rank])]
    }
  }
  private func shifted(_ y: Tensor, _ isReverse: Bool) -> Tensor {
    let last = y.rank - 1
    let extent = y.shape[last]
    guard extent > 1 else { return y }
    let first = y.slice(axis: last, from: isReverse ? extent - 1 : 0, count: 1)
    let rest = y.slice(axis: last, from: isReverse ? 1 : 0, count: extent - 1)
    return Tensor.concatenate(isReverse ? [rest, first] : [first, rest], axis: last)
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = inputs[0]
    forEachRow(of: inputs[0].shape) { row in
      let order = isReverse ? Array(row.reversed()) : Array(row)
      var held: Double? = isExclusive ? (reduction == .product ? 1 : 0) : nil
      for index in order {
        let value = inputs[0].values[index]
        let next: Double
        switch reduction {
        case .sum: next = (held ?? 0) + value
        case .product: next = (held ?? 1) * value
        case .maximum: next = held.map { $0.isNaN || value.isNaN ? .nan : Swift.max($0, value) } ?? value
        case .minimum: next = held.map { $0.isNaN || value.isNaN ? .nan : Swift.min($0, value) } ?? value
        }
        let converted = ReferenceArray.convert(next, to: outputs[0].dtype)
        result.values[index] = isExclusive ? held! : converted
        held = converted
      }
    }
    return [result]
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles { rowRoles(inputs, outputs, linear: reduction == .sum ? [0] : []) }
}

// MARK: - Methods

extension Tensor {
  /// Applies a function of the last axis to any axis.
  private func along(_ axis: Int, _ name: String, _ body: (Tensor) -> [Tensor]) -> [Tensor] {
    let axis = resolve(axis, name)
    guard axis != rank - 1 else { return body(self) }
    return body(swappingAxes(axis, -1)).map { $0.rank == rank ? $0.swappingAxes(axis, -1) : $0 }
  }

  /// Values in order along an axis; equal ones keep their order, NaN comes last (first when descending).
  public func sorted(axis: Int = -1, descending: Bool = false) -> Tensor {
    along(axis, "sort") { Tensor.record(Sort(isDescending: descending, count: nil), [$0]) }[0]
  }

  /// The positions (int64) that would sort the tensor along an axis.
  public func argSorted(axis: Int = -1, descending: Bool = false) -> Tensor {
    along(axis, "sort") { Tensor.record(Sort(isDescending: descending, count: nil), [$0]) }[1]
  }

  /// The `count` largest (or smallest) values along an axis in order, and their positions (int64).
  public func topK(_ count: Int, axis: Int = -1, largest: Bool = true) -> (values: Tensor, indices: Tensor) {
    let parts = along(axis, "top k") { Tensor.record(Sort(isDescending: largest, count: count), [$0]) }
    return (parts[0], parts[1])
  }

  /// The position (int64) of the largest element along an axis; of equal ones the first.
  public func argMax(axis: Int = -1, keepingAxes: Bool = false) -> Tensor { argExtreme(axis, true, keepingAxes) }

  /// The position (int64) of the smallest element along an axis; of equal ones the first.
  public func argMin(axis: Int = -1, keepingAxes: Bool = false) -> Tensor { argExtreme(axis, false, keepingAxes) }

  private func argExtreme(_ axis: Int, _ isMaximum: Bool, _ keepingAxes: Bool) -> Tensor {
    let axis = resolve(axis, isMaximum ? "arg max" : "arg min")
    var permutation = Array(0..<rank)
    permutation.remove(at: axis)
    let last = axis == rank - 1 ? self : transposed(permutation: permutation + [axis])
    let result = Tensor.record(ArgExtreme(isMaximum: isMaximum), [last])[0]
    return keepingAxes ? result.expandingShape(at: axis) : result
  }

  /// Running sums along an axis; `exclusive` leaves an element's own value out, `reverse` runs from the end.
  public func cumulativeSum(axis: Int = -1, exclusive: Bool = false, reverse: Bool = false) -> Tensor {
    along(axis, "cumulative sum") { Tensor.record(Scan(reduction: .sum, isReverse: reverse, isExclusive: exclusive), [$0]) }[0]
  }

  /// Running products along an axis; `exclusive` leaves an element's own value out, `reverse` runs from the end.
  public func cumulativeProduct(axis: Int = -1, exclusive: Bool = false, reverse: Bool = false) -> Tensor {
    along(axis, "cumulative product") { Tensor.record(Scan(reduction: .product, isReverse: reverse, isExclusive: exclusive), [$0]) }[0]
  }

  /// Running maxima along an axis.
  public func cumulativeMax(axis: Int = -1, reverse: Bool = false) -> Tensor {
    along(axis, "cumulative max") { Tensor.record(Scan(reduction: .maximum, isReverse: reverse, isExclusive: false), [$0]) }[0]
  }

  /// Running minima along an axis.
  public func cumulativeMin(axis: Int = -1, reverse: Bool = false) -> Tensor {
    along(axis, "cumulative min") { Tensor.record(Scan(reduction: .minimum, isReverse: reverse, isExclusive: false), [$0]) }[0]
  }
}
