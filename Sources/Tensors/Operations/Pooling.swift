import CKernels

/// Which positions each output of a pooling looks at, along every spatial axis.
enum PoolingWindows: Hashable, Sendable {
  /// Windows of one extent at regular steps.
  case sliding(window: [Int], strides: [Int], paddingBefore: [Int], paddingAfter: [Int], dilations: [Int])
  /// As many windows as asked for, of nearly equal extent, covering the axis: window i spans floor(i n / m) ..< ceil((i + 1) n / m).
  case adaptive(output: [Int])

  func encode(into key: inout StructureKey) {
    switch self {
    case .sliding(let window, let strides, let before, let after, let dilations):
      for words in [window, strides, before, after, dilations] { key.append(words) }
    case .adaptive(let output):
      key.append(-1)
      key.append(output)
    }
  }

  var spatialRank: Int {
    switch self {
    case .sliding(let window, _, _, _, _): window.count
    case .adaptive(let output): output.count
    }
  }

  func outputShape(_ input: Shape) throws(ShapeError) -> Shape {
    guard input.rank == spatialRank + 2 else { throw ShapeError("\(spatialRank) window extents do not fit \(input.rank) axes") }
    var result = input
    switch self {
    case .sliding(let window, let strides, let before, let after, let dilations):
      for axis in 0..<spatialRank {
        guard window[axis] > 0, strides[axis] > 0, dilations[axis] > 0 else { throw ShapeError("windows, strides and dilations must be positive") }
        guard before[axis] >= 0, after[axis] >= 0, before[axis] < dilations[axis] * (window[axis] - 1) + 1,
          after[axis] < dilations[axis] * (window[axis] - 1) + 1
        else { throw ShapeError("padding must be smaller than the window, so that every window holds an element") }
        let room = input[axis + 1] + before[axis] + after[axis] - (dilations[axis] * (window[axis] - 1) + 1)
        guard room >= 0 else { throw ShapeError("the window \(window) does not fit the padded input \(input)") }
        result[axis + 1] = room / strides[axis] + 1
      }
    case .adaptive(let output):
      for axis in 0..<spatialRank {
        guard output[axis] > 0, input[axis + 1] > 0 else { throw ShapeError("extents must be positive") }
        result[axis + 1] = output[axis]
      }
    }
    return result
  }

  /// The positions of one spatial axis that output `index` looks at, some of them possibly in the padding.
  func positions(axis: Int, index: Int, extent: Int) -> [Int] {
    switch self {
    case .sliding(let window, let strides, let before, _, let dilations):
      return (0..<window[axis]).map { index * strides[axis] - before[axis] + $0 * dilations[axis] }
    case .adaptive(let output):
      return Array((index * extent / output[axis])..<(((index + 1) * extent + output[axis] - 1) / output[axis]))
    }
  }

  /// Positions of the widest window along an axis: places in a window are counted as if all were as wide.
  func extentOfWindow(axis: Int, input: Int) -> Int {
    switch self {
    case .sliding(let window, _, _, _, _): window[axis]
    case .adaptive(let output): Int(apus_adaptive_window(Int64(input), Int64(output[axis])))
    }
  }

  /// The type that places in a window are stored as.
  func placeType(input: Shape) -> DType {
    (0..<spatialRank).reduce(1) { $0 * extentOfWindow(axis: $1, input: input[$1 + 1]) } <= 256 ? .uint8 : .int32
  }

  /// How many positions of a window count for an average that includes padding: those within the padded input.
  func countWithPadding(axis: Int, index: Int, extent: Int) -> Int {
    guard case .sliding(_, _, _, let after, _) = self else { return positions(axis: axis, index: index, extent: extent).count }
    return positions(axis: axis, index: index, extent: extent).count { $0 < extent + after[axis] }
  }

  /// Calls `body` for each output position with the flat offsets of the inputs it looks at (with their number inside the window) and
  /// the divisor of an average that includes padding.
  func forEachWindow(
    input: Shape, output: Shape, _ body: (_ output: Int, _ inputs: [(offset: Int, place: Int)], _ paddedCount: Int) -> Void
  ) {
    var flat = 0
    forEachPosition(of: output) { position in
      var members: [(offset: Int, place: Int)] = [(position[0], 0)]
      var count = 1
      for axis in 0..<spatialRank {
        let extent = input[axis + 1]
        let candidates = positions(axis: axis, index: position[axis + 1], extent: extent)
        let width = extentOfWindow(axis: axis, input: extent)
        count *= countWithPadding(axis: axis, index: position[axis + 1], extent: extent)
        members = members.flatMap { member in
          candidates.enumerated().filter { $1 >= 0 && $1 < extent }.map {
            (member.offset * extent + $1, member.place * width + $0)
          }
        }
      }
      let channels = input[input.rank - 1]
      body(flat, members.map { ($0.offset * channels + position[output.rank - 1], $0.place) }, count)
      flat += 1
    }
  }
}

extension PoolingWindows {
  /// For each output, the flat position in the input of the element at its place, as int64.
  func flatPositions(of places: Tensor, input: Shape) -> Tensor {
    let output = places.shape
    func index(_ axis: Int) -> Tensor { Tensor.record(Iota(shape: output, axis: axis), [], TensorType(output, .int64)) }
    var place = places.cast(to: .int64)
    var flat = index(output.rank - 1)
    var step = input[output.rank - 1]
    for axis in (0..<spatialRank).reversed() {
      let extent = input[axis + 1]
      let width = Double(extentOfWindow(axis: axis, input: extent))
      let tap = place % width
      place = place / width
      let position: Tensor
      switch self {
      case .sliding(_, let strides, let before, _, let dilations):
        position = index(axis + 1) * Double(strides[axis]) - Double(before[axis]) + tap * Double(dilations[axis])
      case .adaptive(let extents):
        position = index(axis + 1) * Double(extent) / Double(extents[axis]) + tap
      }
      flat = flat + position * Double(step)
      step *= extent
    }
    return flat + index(0) * Double(step)
  }
}

/// The roles of the axes of operands that all are (N, spatial..., C): batch and channels are independent.
func batchAndChannelRoles(_ inputs: [TensorType], _ outputs: [TensorType], linear: Set<Int>) -> AxisRoles {
  var roles = AxisRoles.whole(inputs: inputs, outputs: outputs)
  let batch = roles.outputs[0][0]
  let channels = roles.outputs[0].last!
  roles.roles[batch] = .independent
  roles.roles[channels] = .independent
  func relabel(_ labels: inout [Int]) {
    labels[0] = batch
    labels[labels.count - 1] = channels
  }
  for index in roles.inputs.indices { relabel(&roles.inputs[index]) }
  for index in roles.outputs.indices { relabel(&roles.outputs[index]) }
  roles.linearInputs = linear
  return roles
}

/// The largest element of each window, and its place in the window, which the gradient needs. NaN counts as largest; of equal
/// elements the first is taken.
struct MaxPool: Primitive {
  let windows: PoolingWindows

  var name: String { "max pool" }
  func encode(into key: inout StructureKey) { windows.encode(into: &key) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[0].dtype.isFloatingPoint else { throw ShapeError("the input must be floating point") }
    let shape = try windows.outputShape(inputs[0].shape)
    return [TensorType(shape, inputs[0].dtype), TensorType(shape, windows.placeType(input: inputs[0].shape))]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    [Tensor.record(MaxPoolScatter(windows: windows, inputShape: call.inputs[0].shape), [call.cotangent, call.outputs[1]])[0]]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var values = ReferenceArray(repeating: 0, outputs[0])
    var places = ReferenceArray(repeating: 0, outputs[1])
    windows.forEachWindow(input: inputs[0].shape, output: outputs[0].shape) { output, members, _ in
      var best = -Double.infinity
      var place = members[0].place
      for (index, member) in members.enumerated() {
        let value = inputs[0].values[member.offset]
        if index == 0 || value > best || (value.isNaN && !best.isNaN) {
          best = value
          place = member.place
        }
      }
      values.values[output] = best
      places.values[output] = Double(place)
    }
    return [values, places]
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles { batchAndChannelRoles(inputs, outputs, linear: []) }
}

/// Adds each cotangent to the input element at the given place of its window.
struct MaxPoolScatter: Primitive {
  let windows: PoolingWindows
  let inputShape: Shape

  var name: String { "max pool backward" }
  func encode(into key: inout StructureKey) {
    windows.encode(into: &key)
    key.append(inputShape)
  }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [TensorType(inputShape, inputs[0].dtype)] }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    // The transpose picks, from the cotangent of the input, the element at each place.
    [call.cotangent.flattened().gathered(windows.flatPositions(of: call.inputs[1], input: inputShape)), nil]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    windows.forEachWindow(input: inputShape, output: inputs[0].shape) { output, members, _ in
      for member in members where Double(member.place) == inputs[1].values[output] {
        result.values[member.offset] += inputs[0].values[output]
      }
    }
    return [result]
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles { batchAndChannelRoles(inputs, outputs, linear: [0]) }
}

/// The mean of each window; padding counts as zeros, or not at all.
struct AveragePool: Primitive {
  let windows: PoolingWindows
  let countsPadding: Bool

  var name: String { "average pool" }
  func encode(into key: inout StructureKey) {
    windows.encode(into: &key)
    key.append(countsPadding)
  }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[0].dtype.isFloatingPoint else { throw ShapeError("the input must be floating point") }
    return [TensorType(try windows.outputShape(inputs[0].shape), inputs[0].dtype)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    [Tensor.record(AveragePoolScatter(windows: windows, countsPadding: countsPadding, inputShape: call.inputs[0].shape), [call.cotangent])[0]]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    windows.forEachWindow(input: inputs[0].shape, output: outputs[0].shape) { output, members, paddedCount in
      let sum = members.reduce(0) { $0 + inputs[0].values[$1.offset] }
      result.values[output] = sum / Double(countsPadding ? paddedCount : members.count)
    }
    return [result]
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles { batchAndChannelRoles(inputs, outputs, linear: [0]) }
}

/// Spreads each cotangent evenly over its window: the transpose of `AveragePool`.
struct AveragePoolScatter: Primitive {
  let windows: PoolingWindows
  let countsPadding: Bool
  let inputShape: Shape

  var name: String { "average pool backward" }
  func encode(into key: inout StructureKey) {
    windows.encode(into: &key)
    key.append(countsPadding)
    key.append(inputShape)
  }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [TensorType(inputShape, inputs[0].dtype)] }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    [Tensor.record(AveragePool(windows: windows, countsPadding: countsPadding), [call.cotangent])[0]]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    windows.forEachWindow(input: inputShape, output: inputs[0].shape) { output, members, paddedCount in
      let share = inputs[0].values[output] / Double(countsPadding ? paddedCount : members.count)
      for member in members { result.values[member.offset] += share }
    }
    return [result]
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles { batchAndChannelRoles(inputs, outputs, linear: [0]) }
}

// MARK: - Methods

extension Tensor {
  private func slidingWindows(
    _ name: String, _ window: [Int], _ strides: [Int]?, _ padding: [(before: Int, after: Int)]?, _ dilations: [Int]?
  ) -> PoolingWindows {
    let padding = padding ?? Array(repeating: (0, 0), count: window.count)
    let strides = strides ?? window
    let dilations = dilations ?? Array(repeating: 1, count: window.count)
    guard (1...3).contains(window.count), rank == window.count + 2, strides.count == window.count, padding.count == window.count,
      dilations.count == window.count
    else { trap(name, [self], "window, strides, padding and dilations need one entry for each of \(rank - 2) spatial axes (1 to 3)") }
    return .sliding(
      window: window, strides: strides, paddingBefore: padding.map(\.before), paddingAfter: padding.map(\.after), dilations: dilations)
  }

  /// The largest element of each window of (N, spatial..., C). Padding never wins.
  ///
  /// - Parameter strides: steps between windows, by default their extents.
  public func maxPooled(
    window: [Int], strides: [Int]? = nil, padding: [(before: Int, after: Int)]? = nil, dilations: [Int]? = nil
  ) -> Tensor {
    Tensor.record(MaxPool(windows: slidingWindows("max pool", window, strides, padding, dilations)), [self])[0]
  }

  /// The mean of each window of (N, spatial..., C).
  ///
  /// - Parameter countsPadding: whether padding counts as zeros or is left out of the mean.
  public func averagePooled(
    window: [Int], strides: [Int]? = nil, padding: [(before: Int, after: Int)]? = nil, countsPadding: Bool = true
  ) -> Tensor {
    let windows = slidingWindows("average pool", window, strides, padding, nil)
    return Tensor.record(AveragePool(windows: windows, countsPadding: countsPadding), [self])[0]
  }

  /// The means of `extents` windows of nearly equal extent that cover each spatial axis.
  public func adaptiveAveragePooled(to extents: [Int]) -> Tensor {
    if extents.allSatisfy({ $0 == 1 }), rank == extents.count + 2 { return mean(axes: Array(1..<(rank - 1)), keepingAxes: true) }
    return Tensor.record(AveragePool(windows: .adaptive(output: extents), countsPadding: false), [self])[0]
  }

  /// The largest elements of `extents` windows of nearly equal extent that cover each spatial axis.
  public func adaptiveMaxPooled(to extents: [Int]) -> Tensor {
    Tensor.record(MaxPool(windows: .adaptive(output: extents)), [self])[0]
  }
}
