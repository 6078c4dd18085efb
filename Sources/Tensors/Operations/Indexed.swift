// Operations whose positions are data. Indices are int64 and lie in 0 ..< extent; negative ones count from the end. An index outside is a
// mistake in the program: it stops with the operation, the position and the index.

/// How one axis of an operand is addressed: the operand seen as (outer, extent, inner).
struct AxisGeometry: Hashable, Sendable {
  let outer: Int
  let extent: Int
  let inner: Int

  init(_ shape: Shape, axis: Int) {
    outer = shape[..<axis].reduce(1, *)
    extent = shape[axis]
    inner = shape[(axis + 1)...].reduce(1, *)
  }

  func offset(_ o: Int, _ position: Int, _ i: Int) -> Int { (o * extent + position) * inner + i }

  func resolve(_ index: Double, _ name: String) -> Int {
    let position = Int(index) < 0 ? Int(index) + extent : Int(index)
    precondition(position >= 0 && position < extent, "\(name): index \(Int(index)) lies outside the axis of extent \(extent)")
    return position
  }
}

/// Slices of an operand along one axis, as NumPy's `take`: the axis is replaced by the axes of the indices.
struct Gather: Primitive {
  let axis: Int

  var name: String { "gather" }
  func encode(into key: inout StructureKey) { key.append(axis) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[1].dtype == .int64 else { throw ShapeError("indices must be int64") }
    let shape = inputs[0].shape
    return [TensorType(Shape(shape.dimensions[..<axis] + inputs[1].shape.dimensions + shape.dimensions[(axis + 1)...]), inputs[0].dtype)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let zeros = Tensor.zeros(call.inputs[0].shape, dtype: call.cotangent.dtype)
    return [Tensor.record(ScatterAdd(axis: axis), [zeros, call.inputs[1], call.cotangent])[0], nil]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    let geometry = AxisGeometry(inputs[0].shape, axis: axis)
    let indices = inputs[1].values.map { geometry.resolve($0, name) }
    for o in 0..<geometry.outer {
      for (k, index) in indices.enumerated() {
        for i in 0..<geometry.inner {
          result.values[(o * indices.count + k) * geometry.inner + i] = inputs[0].values[geometry.offset(o, index, i)]
        }
      }
    }
    return [result]
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    let rank = outputs[0].shape.rank
    let indexRank = inputs[1].shape.rank
    let whole = rank
    let data = (0..<inputs[0].shape.rank).map { $0 < axis ? $0 : $0 == axis ? whole : $0 + indexRank - 1 }
    return AxisRoles(
      inputs: [data, Array(axis..<(axis + indexRank))], outputs: [Array(0..<rank)],
      roles: (0..<rank).map { _ in .independent } + [.whole], linearInputs: [0])
  }
}

/// The first operand with `values` added at `indices` along one axis: the transpose of `Gather`.
struct ScatterAdd: Primitive {
  let axis: Int

  var name: String { "scatter add" }
  func encode(into key: inout StructureKey) { key.append(axis) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let shape = inputs[0].shape
    let expected = Shape(shape.dimensions[..<axis] + inputs[1].shape.dimensions + shape.dimensions[(axis + 1)...])
    guard inputs[1].dtype == .int64 else { throw ShapeError("indices must be int64") }
    guard inputs[2] == TensorType(expected, inputs[0].dtype) else {
      throw ShapeError("values must be \(TensorType(expected, inputs[0].dtype))")
    }
    return [inputs[0]]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    [call.cotangent, nil, Tensor.record(Gather(axis: axis), [call.cotangent, call.inputs[1]])[0]]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = inputs[0]
    let geometry = AxisGeometry(inputs[0].shape, axis: axis)
    let indices = inputs[1].values.map { geometry.resolve($0, name) }
    for o in 0..<geometry.outer {
      for (k, index) in indices.enumerated() {
        for i in 0..<geometry.inner {
          result.values[geometry.offset(o, index, i)] += inputs[2].values[(o * indices.count + k) * geometry.inner + i]
        }
      }
    }
    return [result.converted]
  }
}

/// One element for each index along an axis; the indices have the operand's shape but for that axis.
struct TakeAlongAxis: Primitive {
  let axis: Int

  var name: String { "take along axis" }
  func encode(into key: inout StructureKey) { key.append(axis) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    var expected = inputs[0].shape
    guard inputs[1].shape.rank == expected.rank, inputs[1].dtype == .int64 else {
      throw ShapeError("indices must be int64 of the operand's rank")
    }
    expected[axis] = inputs[1].shape[axis]
    guard inputs[1].shape == expected else { throw ShapeError("indices must have the operand's extents but for axis \(axis)") }
    return [TensorType(expected, inputs[0].dtype)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let zeros = Tensor.zeros(call.inputs[0].shape, dtype: call.cotangent.dtype)
    return [Tensor.record(ScatterAddAlongAxis(axis: axis), [zeros, call.inputs[1], call.cotangent])[0], nil]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    let source = AxisGeometry(inputs[0].shape, axis: axis)
    let target = AxisGeometry(outputs[0].shape, axis: axis)
    for o in 0..<target.outer {
      for k in 0..<target.extent {
        for i in 0..<target.inner {
          let index = source.resolve(inputs[1].values[target.offset(o, k, i)], name)
          result.values[target.offset(o, k, i)] = inputs[0].values[source.offset(o, index, i)]
        }
      }
    }
    return [result]
  }
}

/// The first operand with each value added at its index along an axis: the transpose of `TakeAlongAxis`.
struct ScatterAddAlongAxis: Primitive {
  let axis: Int

  var name: String { "scatter add along axis" }
  func encode(into key: inout StructureKey) { key.append(axis) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    var expected = inputs[0].shape
    guard inputs[1].shape.rank == expected.rank, inputs[1].dtype == .int64 else {
      throw ShapeError("indices must be int64 of the operand's rank")
    }
    expected[axis] = inputs[1].shape[axis]
    guard inputs[1].shape == expected, inputs[2] == TensorType(expected, inputs[0].dtype) else {
      throw ShapeError("indices and values must have the operand's extents but for axis \(axis)")
    }
    return [inputs[0]]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    [call.cotangent, nil, Tensor.record(TakeAlongAxis(axis: axis), [call.cotangent, call.inputs[1]])[0]]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = inputs[0]
    let target = AxisGeometry(inputs[0].shape, axis: axis)
    let source = AxisGeometry(inputs[1].shape, axis: axis)
    for o in 0..<source.outer {
      for k in 0..<source.extent {
        for i in 0..<source.inner {
          let index = target.resolve(inputs[1].values[source.offset(o, k, i)], name)
          result.values[target.offset(o, index, i)] += inputs[2].values[source.offset(o, k, i)]
        }
      }
    }
    return [result.converted]
  }
}

// MARK: - Methods

extension Tensor {
  private var asIndices: Tensor {
    guard !dtype.isFloatingPoint else { trap("index", [self], "indices must be integers") }
    return cast(to: .int64)
  }

  /// The slices at `indices` along an axis, which the axes of `indices` replace.
  public func gathered(_ indices: Tensor, axis: Int = 0) -> Tensor {
    Tensor.record(Gather(axis: resolve(axis, "gather")), [self, indices.asIndices])[0]
  }

  /// This tensor with the slices of `values` added at `indices` along an axis; indices may repeat.
  public func scatteringAdd(_ indices: Tensor, _ values: Tensor, axis: Int = 0) -> Tensor {
    Tensor.record(ScatterAdd(axis: resolve(axis, "scatter add")), [self, indices.asIndices, values.cast(to: dtype)])[0]
  }

  /// One element for each of `indices`, which have this tensor's shape but for the axis.
  public func takingAlong(axis: Int, _ indices: Tensor) -> Tensor {
    Tensor.record(TakeAlongAxis(axis: resolve(axis, "take along axis")), [self, indices.asIndices])[0]
  }

  /// This tensor with each of `values` added at its index along an axis.
  public func scatteringAddAlong(axis: Int, _ indices: Tensor, _ values: Tensor) -> Tensor {
    Tensor.record(ScatterAddAlongAxis(axis: resolve(axis, "scatter add along axis")), [self, indices.asIndices, values.cast(to: dtype)])[0]
  }

  /// 1 at the class number along a new last axis, 0 elsewhere.
  public func oneHot(_ count: Int, dtype: DType = .float32) -> Tensor {
    let classes = Tensor.record(Iota(shape: [count], axis: 0), [], TensorType([count], .int64))
    return (asIndices.expandingShape(at: -1) .== classes).cast(to: dtype)
  }
}
