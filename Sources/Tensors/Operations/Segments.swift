import CKernels

// Rows combined by the segment each belongs to: the first axis of the operand is cut into segments whose numbers (int64) are data. They
// need no order, and a segment may be empty.

/// The largest or smallest element of each segment, and the row it came from (int64): of equal ones the first, -1 where a segment is empty.
/// NaN is more extreme than every number.
struct SegmentExtreme: Primitive {
  let isMaximum: Bool
  let count: Int
  /// What an empty segment gives.
  let empty: Double

  var name: String { isMaximum ? "segment max" : "segment min" }
  func encode(into key: inout StructureKey) {
    key.append(isMaximum)
    key.append(count)
    key.append(empty)
  }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let type = try segmentType(inputs, count)
    return [type, TensorType(type.shape, .int64)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    guard let g = call.cotangents[0] else { return [nil, nil] }
    let zeros = Tensor.zeros(call.inputs[0].shape, dtype: g.dtype)
    guard call.inputs[0].elementCount > 0 else { return [zeros, nil] }
    let source = call.outputs[1]
    let isFilled = source .>= 0
    let rows = Tensor.select(isFilled, source, Tensor(0, dtype: .int64))
    return [Tensor.record(ScatterAddAlongAxis(axis: 0), [zeros, rows, Tensor.select(isFilled, g, Tensor(0, dtype: g.dtype))])[0], nil]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var values = ReferenceArray(repeating: ReferenceArray.convert(empty, to: outputs[0].dtype), outputs[0])
    var sources = ReferenceArray(repeating: -1, outputs[1])
    forEachSegmentElement(inputs, outputs[0].shape, name) { row, source, target in
      let (value, held) = (inputs[0].values[source], values.values[target])
      let isBetter = (isMaximum ? value > held : value < held) || (value.isNaN && !held.isNaN)
      guard sources.values[target] < 0 || isBetter else { return }
      values.values[target] = value
      sources.values[target] = Double(row)
    }
    return [values, sources]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let specification = segmentSpecification(call, isMaximum: isMaximum, empty: empty)
    lowering.addComputing(name, reading: call.inputs, writing: call.outputs) { [name, count] addresses in
      let indices = addresses[1].assumingMemoryBound(to: Int64.self)
      let sources = addresses[3].assumingMemoryBound(to: Int64.self)
      let invalid = withUnsafePointer(to: specification) { apus_segment_extreme($0, addresses[0], indices, addresses[2], sources) }
      refuseIndex(name, indices, invalid, extent: Int64(count))
    }
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles { segmentRoles(inputs, outputs, linear: []) }
}

/// The product of each segment; 1 where it is empty.
struct SegmentProduct: Primitive {
  let count: Int

  var name: String { "segment product" }
  func encode(into key: inout StructureKey) { key.append(count) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [try segmentType(inputs, count)] }

  /// An element's derivative is the product of the others. Zeros are taken out before dividing: where a segment has one, only that
  /// element has a derivative, and where it has more, none has.
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let (x, segments) = (call.inputs[0], call.inputs[1])
    let one = Tensor(1, dtype: x.dtype)
    let zero = Tensor(0, dtype: x.dtype)
    let isZero = x .== 0
    let safe = Tensor.select(isZero, one, x)
    let products = Tensor.record(SegmentProduct(count: count), [safe, segments])[0]
    let zeros = Tensor.select(isZero, one, zero).segmentSum(segments, count: count)
    func own(_ tensor: Tensor) -> Tensor { tensor.gathered(segments) }
    let others = own(zeros) - Tensor.select(isZero, one, zero)
    return [Tensor.select(others .== 0, own(products) / safe, zero) * own(call.cotangent), nil]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var values = ReferenceArray(repeating: 1, outputs[0])
    forEachSegmentElement(inputs, outputs[0].shape, name) { _, source, target in
      values.values[target] = ReferenceArray.convert(values.values[target] * inputs[0].values[source], to: outputs[0].dtype)
    }
    return [values]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let specification = segmentSpecification(call)
    lowering.addComputing(
      name, reading: call.inputs, writing: call.outputs, flops: Double(call.inputTypes[0].shape.elementCount)
    ) { [name, count] addresses in
      let indices = addresses[1].assumingMemoryBound(to: Int64.self)
      let invalid = withUnsafePointer(to: specification) { apus_segment_product($0, addresses[0], indices, addresses[2]) }
      refuseIndex(name, indices, invalid, extent: Int64(count))
    }
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles { segmentRoles(inputs, outputs, linear: []) }
}

private func segmentType(_ inputs: [TensorType], _ count: Int) throws(ShapeError) -> TensorType {
  let shape = inputs[0].shape
  guard count >= 0 else { throw ShapeError("there cannot be \(count) segments") }
  guard shape.rank > 0, inputs[1] == TensorType([shape[0]], .int64) else {
    throw ShapeError("segments must be int64, one for each row of the operand's first axis")
  }
  return TensorType(Shape([count] + shape.dimensions.dropFirst()), inputs[0].dtype)
}

private func segmentSpecification(_ call: LoweringCall, isMaximum: Bool = false, empty: Double = 0) -> apus_segment_spec {
  let shape = call.inputTypes[0].shape
  return apus_segment_spec(
    dtype: call.inputTypes[0].dtype.computingType.kernelType, count: Int64(shape[0]), segments: Int64(call.outputTypes[0].shape[0]),
    inner: Int64(shape.dropFirst().reduce(1, *)), maximum: isMaximum ? 1 : 0,
    empty: ReferenceArray.convert(empty, to: call.outputTypes[0].dtype))
}

private func forEachSegmentElement(
  _ inputs: [ReferenceArray], _ output: Shape, _ name: String, _ body: (_ row: Int, _ source: Int, _ target: Int) -> Void
) {
  let geometry = AxisGeometry(output, axis: 0)
  for (row, index) in inputs[1].values.enumerated() {
    let segment = geometry.resolve(index, name)
    for i in 0..<geometry.inner { body(row, row * geometry.inner + i, segment * geometry.inner + i) }
  }
}

private func segmentRoles(_ inputs: [TensorType], _ outputs: [TensorType], linear: Set<Int>) -> AxisRoles {
  let rank = inputs[0].shape.rank
  // Labels: rows, segments, then the other axes.
  let others = Array(2..<(rank + 1))
  return AxisRoles(
    inputs: [[0] + others, [0]], outputs: outputs.map { _ in [1] + others }, roles: [.whole, .whole] + others.map { _ in .independent },
    linearInputs: linear)
}

// MARK: - Methods

extension Tensor {
  /// The sum of the rows (slices along the first axis) of each segment; 0 for a segment without rows.
  ///
  /// - Parameters:
  ///   - segments: the segment of each row, integers in 0 ..< count in any order.
  ///   - count: the number of segments, which is the extent of the result's first axis.
  public func segmentSum(_ segments: Tensor, count: Int) -> Tensor {
    guard rank > 0 else { trap("segment sum", [self, segments], "a scalar has no rows") }
    return Tensor.zeros(Shape([count] + shape.dimensions.dropFirst()), dtype: dtype).scatteringAdd(segments, self)
  }

  /// The mean of the rows of each segment; 0 for a segment without rows. Parameters as in `segmentSum`.
  public func segmentMean(_ segments: Tensor, count: Int) -> Tensor {
    let sums = segmentSum(segments, count: count)
    let rows = Tensor.ones(segments.shape, dtype: sums.dtype).segmentSum(segments, count: count).maximum(1)
    return sums / rows.reshaped(to: [count] + Array(repeating: 1, count: rank - 1))
  }

  /// The largest elements of the rows of each segment. Of equal ones the first receives the derivative; NaN is larger than every number.
  ///
  /// - Parameter empty: what a segment without rows gives.
  public func segmentMax(_ segments: Tensor, count: Int, empty: Double = 0) -> Tensor {
    Tensor.record(SegmentExtreme(isMaximum: true, count: count, empty: empty), [self, segments.cast(to: .int64)])[0]
  }

  /// The smallest elements of the rows of each segment. Of equal ones the first receives the derivative; NaN is smaller than every number.
  ///
  /// - Parameter empty: what a segment without rows gives.
  public func segmentMin(_ segments: Tensor, count: Int, empty: Double = 0) -> Tensor {
    Tensor.record(SegmentExtreme(isMaximum: false, count: count, empty: empty), [self, segments.cast(to: .int64)])[0]
  }

  /// The product of the rows of each segment; 1 for a segment without rows.
  public func segmentProduct(_ segments: Tensor, count: Int) -> Tensor {
    Tensor.record(SegmentProduct(count: count), [self, segments.cast(to: .int64)])[0]
  }
}
