import CKernels

// Products of a sparse matrix A (rows, columns) with dense ones. Both operations take the places of A's entries first, by rows and by
// columns: offsets of the rows (rows + 1), columns of the entries, offsets of the columns (columns + 1), rows of the entries by columns, and
// where those stand among the entries. With both at hand each is the other's derivative, and no sum is ever shared between threads.

/// A x, or A transposed times x, for dense x (..., columns, n) or (..., rows, n).
struct SparseMatmul: Primitive {
  let isTransposed: Bool

  var name: String { isTransposed ? "sparse matmul, transposed" : "sparse matmul" }
  func encode(into key: inout StructureKey) { key.append(isTransposed) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let (values, dense) = (inputs[5], inputs[6])
    let size = try sparseSize(inputs)
    let (from, to) = isTransposed ? (size.rows, size.columns) : (size.columns, size.rows)
    guard values.shape == inputs[1].shape else { throw ShapeError("\(values) is not one value for each of \(inputs[1].shape[0]) entries") }
    guard values.dtype == dense.dtype, dense.dtype.isFloatingPoint else {
      throw ShapeError("values and dense operand must have one floating point type")
    }
    let rank = dense.shape.rank
    guard rank >= 2, dense.shape[rank - 2] == from else {
      throw ShapeError("the matrix of \(size.rows) rows and \(size.columns) columns does not meet \(dense)")
    }
    var shape = dense.shape
    shape[rank - 2] = to
    return [TensorType(shape, dense.dtype)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let structure = Array(call.inputs[..<5])
    let (values, dense, g) = (call.inputs[5], call.inputs[6], call.cotangent)
    var result = [Tensor?](repeating: nil, count: 7)
    if call.wanted[5] { result[5] = Tensor.record(SampledMatmul(), structure + (isTransposed ? [dense, g] : [g, dense]))[0] }
    if call.wanted[6] { result[6] = Tensor.record(SparseMatmul(isTransposed: !isTransposed), structure + [values, g])[0] }
    return result
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    let inner = outputs[0].shape[outputs[0].shape.rank - 1]
    forEachEntry(inputs, batches: outputs[0].shape.dropLast(2).reduce(1, *)) { entry, row, column in
      let (to, from) = isTransposed ? (column, row) : (row, column)
      for i in 0..<inner { result.values[to * inner + i] += inputs[5].values[entry] * inputs[6].values[from * inner + i] }
    }
    return [result]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let dense = call.inputTypes[6].shape
    let specification = sparseSpecification(call.outputTypes[0].dtype, rows: call.outputTypes[0].shape, columns: dense)
    let structure = isTransposed ? Array(call.inputs[2...4]) : Array(call.inputs[0...1])
    lowering.addComputing(
      name, reading: structure + [call.inputs[5], call.inputs[6]], writing: call.outputs,
      flops: 2 * Double(call.inputTypes[5].shape[0]) * Double(specification.inner * specification.batch)
    ) { [isTransposed] addresses in
      let matrix = apus_sparse_rows(at: addresses, hasPlaces: isTransposed)
      let next = isTransposed ? 3 : 2
      withUnsafePointer(to: specification) { specification in
        withUnsafePointer(to: matrix) {
          apus_sparse_matmul(specification, $0, addresses[next], addresses[next + 1], addresses[next + 2])
        }
      }
    }
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    // Labels: axes of the result, then those of the matrix.
    let rank = outputs[0].shape.rank
    let (offsets, entries, otherOffsets, from) = (rank, rank + 1, rank + 2, rank + 3)
    return AxisRoles(
      inputs: [[offsets], [entries], [otherOffsets], [entries], [entries], [entries], Array(0..<(rank - 2)) + [from, rank - 1]],
      outputs: [Array(0..<rank)], roles: (0..<rank).map { $0 == rank - 2 ? .whole : .independent } + [.whole, .whole, .whole, .whole],
      linearInputs: [5, 6])
  }
}

/// The elements of left x right transposed where A has entries, summed over leading axes: left (..., rows, n), right (..., columns, n).
struct SampledMatmul: Primitive {
  var name: String { "sampled matmul" }
  func encode(into key: inout StructureKey) {}
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let (left, right) = (inputs[5], inputs[6])
    let size = try sparseSize(inputs)
    let rank = left.shape.rank
    var expected = left.shape
    guard rank >= 2, left.shape[rank - 2] == size.rows, left.dtype.isFloatingPoint else {
      throw ShapeError("\(left) does not have a row for each of the matrix's \(size.rows)")
    }
    expected[rank - 2] = size.columns
    guard right == TensorType(expected, left.dtype) else { throw ShapeError("\(right) should be \(TensorType(expected, left.dtype))") }
    return [TensorType(inputs[1].shape, left.dtype)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let structure = Array(call.inputs[..<5])
    var result = [Tensor?](repeating: nil, count: 7)
    if call.wanted[5] { result[5] = Tensor.record(SparseMatmul(isTransposed: false), structure + [call.cotangent, call.inputs[6]])[0] }
    if call.wanted[6] { result[6] = Tensor.record(SparseMatmul(isTransposed: true), structure + [call.cotangent, call.inputs[5]])[0] }
    return result
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    let shape = inputs[5].shape
    let inner = shape[shape.rank - 1]
    forEachEntry(inputs, batches: shape.dropLast(2).reduce(1, *)) { entry, row, column in
      for i in 0..<inner { result.values[entry] += inputs[5].values[row * inner + i] * inputs[6].values[column * inner + i] }
    }
    return [result]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let specification = sparseSpecification(call.outputTypes[0].dtype, rows: call.inputTypes[5].shape, columns: call.inputTypes[6].shape)
    lowering.addComputing(
      name, reading: Array(call.inputs[0...1]) + Array(call.inputs[5...6]), writing: call.outputs,
      flops: 2 * Double(call.outputTypes[0].shape[0]) * Double(specification.inner * specification.batch)
    ) { addresses in
      let matrix = apus_sparse_rows(at: addresses, hasPlaces: false)
      withUnsafePointer(to: specification) { specification in
        withUnsafePointer(to: matrix) { apus_sparse_sampled(specification, $0, addresses[2], addresses[3], addresses[4]) }
      }
    }
  }
}

private func sparseSize(_ inputs: [TensorType]) throws(ShapeError) -> (rows: Int, columns: Int) {
  let (offsets, entries, columnOffsets) = (inputs[0].shape, inputs[1].shape, inputs[2].shape)
  guard inputs[..<5].allSatisfy({ $0.shape.rank == 1 && $0.dtype == .int64 }), offsets[0] > 0, columnOffsets[0] > 0,
    inputs[3].shape == entries, inputs[4].shape == entries
  else { throw ShapeError("the structure of a sparse matrix is five int64 vectors") }
  return (offsets[0] - 1, columnOffsets[0] - 1)
}

private func sparseSpecification(_ dtype: DType, rows: Shape, columns: Shape) -> apus_sparse_spec {
  let rank = rows.rank
  return apus_sparse_spec(
    dtype: dtype.computingType.kernelType, batch: Int64(rows.dropLast(2).reduce(1, *)), rows: Int64(rows[rank - 2]),
    columns: Int64(columns[rank - 2]), inner: Int64(rows[rank - 1]))
}

extension apus_sparse_rows {
  fileprivate init(at addresses: UnsafePointer<UnsafeMutableRawPointer>, hasPlaces: Bool) {
    self.init(
      offsets: addresses[0].assumingMemoryBound(to: Int64.self), columns: addresses[1].assumingMemoryBound(to: Int64.self),
      places: hasPlaces ? UnsafePointer(addresses[2].assumingMemoryBound(to: Int64.self)) : nil)
  }
}

/// Visits the entries by rows, once a batch, with rows and columns counted through the batches.
private func forEachEntry(_ inputs: [ReferenceArray], batches: Int, _ body: (_ entry: Int, _ row: Int, _ column: Int) -> Void) {
  let (offsets, columns) = (inputs[0].values, inputs[1].values)
  let (rowCount, columnCount) = (offsets.count - 1, inputs[2].values.count - 1)
  for batch in 0..<batches {
    for row in 0..<rowCount {
      for entry in Int(offsets[row])..<Int(offsets[row + 1]) {
        body(entry, batch * rowCount + row, batch * columnCount + Int(columns[entry]))
      }
    }
  }
}
