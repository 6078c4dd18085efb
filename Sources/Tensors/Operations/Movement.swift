/// Operations that rearrange elements. Where an affine index map can express the result they cost nothing: the compiler
/// hands the map to whoever reads it.
struct Reshape: Primitive {
  let shape: Shape

  var name: String { "reshape" }
  func encode(into key: inout StructureKey) { key.append(shape) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard shape.elementCount == inputs[0].shape.elementCount else {
      throw ShapeError("\(inputs[0].shape.elementCount) elements do not fill \(shape)")
    }
    return [TensorType(shape, inputs[0].dtype)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] { [call.cotangent.reshaped(to: call.inputs[0].shape)] }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    [ReferenceArray(shape, inputs[0].dtype, inputs[0].values)]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let view = lowering.view(call.inputs[0])
    lowering.alias(call.outputs[0], view.reshaped(to: shape) ?? lowering.contiguous(call.inputs[0]).reshaped(to: shape)!)
  }

  /// Axes of equal running product correspond; within a group the outermost axis carries the split.
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    var roles = AxisRoles.whole(inputs: inputs, outputs: outputs)
    roles.linearInputs = [0]
    let from = inputs[0].shape
    var source = 0
    var target = 0
    while source < from.rank && target < shape.rank {
      let startSource = source
      let startTarget = target
      var sourceProduct = from[source]
      var targetProduct = shape[target]
      while sourceProduct != targetProduct {
        if sourceProduct < targetProduct {
          source += 1
          guard source < from.rank else { return roles }
          sourceProduct *= from[source]
        } else {
          target += 1
          guard target < shape.rank else { return roles }
          targetProduct *= shape[target]
        }
      }
      if from[startSource] == shape[startTarget] {
        roles.outputs[0][startTarget] = roles.inputs[0][startSource]
        roles.roles[roles.inputs[0][startSource]] = .independent
      }
      source += 1
      target += 1
    }
    return roles
  }
}

struct Transpose: Primitive {
  /// Output axis `i` is input axis `permutation[i]`.
  let permutation: [Int]

  var name: String { "transpose" }
  func encode(into key: inout StructureKey) { key.append(permutation) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard permutation.sorted() == Array(0..<inputs[0].shape.rank) else {
      throw ShapeError("\(permutation) is not a permutation of the axes of \(inputs[0].shape)")
    }
    return [TensorType(Shape(permutation.map { inputs[0].shape[$0] }), inputs[0].dtype)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    var inverse = permutation
    for (to, from) in permutation.enumerated() { inverse[from] = to }
    return [call.cotangent.transposed(permutation: inverse)]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    var source = [Int](repeating: 0, count: permutation.count)
    forEachPosition(of: outputs[0].shape) { position in
      for (to, from) in permutation.enumerated() { source[from] = position[to] }
      result[position] = inputs[0][source]
    }
    return [result]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    lowering.alias(call.outputs[0], lowering.view(call.inputs[0]).transposed(permutation))
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    let labels = Array(0..<permutation.count)
    return AxisRoles(
      inputs: [labels], outputs: [permutation], roles: labels.map { _ in .independent }, linearInputs: [0])
  }
}

struct Broadcast: Primitive {
  let shape: Shape

  var name: String { "broadcast" }
  func encode(into key: inout StructureKey) { key.append(shape) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[0].shape.broadcast(with: shape) == shape else {
      throw ShapeError("\(inputs[0].shape) does not broadcast to \(shape)")
    }
    return [TensorType(shape, inputs[0].dtype)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] { [call.cotangent.summed(toShape: call.inputs[0].shape)] }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] { [inputs[0].broadcast(to: shape)] }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    lowering.alias(call.outputs[0], lowering.view(call.inputs[0]).broadcast(to: shape))
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles { .elementwise(inputs: inputs, outputs: outputs, linear: [0]) }
}

/// Every `steps[i]`-th element of axis `i` starting at `starts[i]`; steps may be negative, which reverses.
struct Slice: Primitive {
  let starts: [Int]
  let steps: [Int]
  let shape: Shape

  var name: String { "slice" }
  func encode(into key: inout StructureKey) {
    key.append(starts)
    key.append(steps)
    key.append(shape)
  }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    for axis in 0..<shape.rank where shape[axis] > 0 {
      let last = starts[axis] + (shape[axis] - 1) * steps[axis]
      guard starts[axis] >= 0, starts[axis] < inputs[0].shape[axis], last >= 0, last < inputs[0].shape[axis] else {
        throw ShapeError("positions \(starts[axis]) to \(last) of axis \(axis) lie outside \(inputs[0].shape)")
      }
    }
    return [TensorType(shape, inputs[0].dtype)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let full = call.inputs[0].shape
    return [Tensor.record(SliceScatter(starts: starts, steps: steps, shape: full), [call.cotangent], TensorType(full, call.cotangent.dtype))]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    forEachPosition(of: shape) { position in
      result[position] = inputs[0][position.indices.map { starts[$0] + position[$0] * steps[$0] }]
    }
    return [result]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    lowering.alias(call.outputs[0], lowering.view(call.inputs[0]).sliced(starts: starts, steps: steps, shape: shape))
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    var roles = AxisRoles.whole(inputs: inputs, outputs: outputs)
    for axis in 0..<shape.rank where shape[axis] == inputs[0].shape[axis] && steps[axis] == 1 {
      roles.outputs[0][axis] = roles.inputs[0][axis]
      roles.roles[roles.inputs[0][axis]] = .independent
    }
    roles.linearInputs = [0]
    return roles
  }
}

/// The transpose of `Slice`: zeros of `shape` with the input at the sliced positions. Padding is the case of unit steps.
struct SliceScatter: Primitive {
  let starts: [Int]
  let steps: [Int]
  let shape: Shape

  var name: String { "pad" }
  func encode(into key: inout StructureKey) {
    key.append(starts)
    key.append(steps)
    key.append(shape)
  }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [TensorType(shape, inputs[0].dtype)] }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let part = call.inputs[0].shape
    return [Tensor.record(Slice(starts: starts, steps: steps, shape: part), [call.cotangent], TensorType(part, call.cotangent.dtype))]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    forEachPosition(of: inputs[0].shape) { position in
      result[position.indices.map { starts[$0] + position[$0] * steps[$0] }] = inputs[0][position]
    }
    return [result]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let target = lowering.newBuffer(call.outputs[0])
    if call.type(ofInput: 0).shape != shape { lowering.fill(target, with: 0) }
    lowering.copy(call.inputs[0], into: target.sliced(starts: starts, steps: steps, shape: call.type(ofInput: 0).shape))
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    var roles = AxisRoles.whole(inputs: inputs, outputs: outputs)
    for axis in 0..<shape.rank where shape[axis] == inputs[0].shape[axis] && steps[axis] == 1 {
      roles.outputs[0][axis] = roles.inputs[0][axis]
      roles.roles[roles.inputs[0][axis]] = .independent
    }
    roles.linearInputs = [0]
    return roles
  }
}

struct Concatenate: Primitive {
  let axis: Int

  var name: String { "concatenate" }
  func encode(into key: inout StructureKey) { key.append(axis) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    var shape = inputs[0].shape
    for input in inputs.dropFirst() {
      guard input.shape.rank == shape.rank, input.dtype == inputs[0].dtype,
        (0..<shape.rank).allSatisfy({ $0 == axis || input.shape[$0] == inputs[0].shape[$0] })
      else { throw ShapeError("\(input) does not fit \(inputs[0]) along axis \(axis)") }
      shape[axis] += input.shape[axis]
    }
    return [TensorType(shape, inputs[0].dtype)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    var start = 0
    return call.inputs.map { input in
      defer { start += input.shape[axis] }
      return call.cotangent.slice(axis: axis, from: start, count: input.shape[axis])
    }
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    var start = 0
    for input in inputs {
      forEachPosition(of: input.shape) { position in
        var target = position
        target[axis] += start
        result[target] = input[position]
      }
      start += input.shape[axis]
    }
    return [result]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let target = lowering.newBuffer(call.outputs[0])
    var start = 0
    for (index, input) in call.inputs.enumerated() {
      let shape = call.type(ofInput: index).shape
      var starts = [Int](repeating: 0, count: shape.rank)
      starts[axis] = start
      lowering.copy(input, into: target.sliced(starts: starts, steps: Array(repeating: 1, count: shape.rank), shape: shape))
      start += shape[axis]
    }
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    var roles = AxisRoles.whole(inputs: inputs, outputs: outputs)
    for other in 0..<outputs[0].shape.rank where other != axis {
      let label = roles.outputs[0][other]
      roles.roles[label] = .independent
      for index in inputs.indices { roles.inputs[index][other] = label }
    }
    roles.linearInputs = Set(inputs.indices)
    return roles
  }
}
