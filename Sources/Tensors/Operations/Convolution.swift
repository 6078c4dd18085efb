/// How a convolution slides: one entry a spatial axis.
struct ConvolutionGeometry: Hashable, Sendable {
  var strides: [Int]
  var paddingBefore: [Int]
  var paddingAfter: [Int]
  var dilations: [Int]
  var groups: Int

  func encode(into key: inout StructureKey) {
    key.append(strides)
    key.append(paddingBefore)
    key.append(paddingAfter)
    key.append(dilations)
    key.append(groups)
  }

  /// Extent of the result along spatial axis `axis`; negative or 0 where the kernel does not fit.
  func outputExtent(_ input: Int, kernel: Int, axis: Int) -> Int {
    let reach = dilations[axis] * (kernel - 1) + 1
    let room = input + paddingBefore[axis] + paddingAfter[axis] - reach
    return room < 0 ? 0 : room / strides[axis] + 1
  }

  /// Checks operands of a convolution and gives the shape of its result.
  func outputShape(input: Shape, weights: Shape) throws(ShapeError) -> Shape {
    let spatial = strides.count
    guard input.rank == spatial + 2, weights.rank == spatial + 2 else {
      throw ShapeError("input \(input) and weights \(weights) need \(spatial + 2) axes for \(spatial) spatial ones")
    }
    guard groups > 0, weights[0] % groups == 0, input[input.rank - 1] == weights[weights.rank - 1] * groups else {
      throw ShapeError(
        "\(input[input.rank - 1]) input channels do not fit weights \(weights) = (out, kernel..., in / groups) with \(groups) groups")
    }
    var result = input
    for axis in 0..<spatial {
      guard strides[axis] > 0, dilations[axis] > 0, paddingBefore[axis] >= 0, paddingAfter[axis] >= 0 else {
        throw ShapeError("strides and dilations must be positive, padding not negative")
      }
      let extent = outputExtent(input[axis + 1], kernel: weights[axis + 1], axis: axis)
      guard extent > 0 else { throw ShapeError("the kernel of \(weights) does not fit the padded input \(input)") }
      result[axis + 1] = extent
    }
    result[result.rank - 1] = weights[0]
    return result
  }

  /// Visits every product a convolution is made of, by flat offsets into input, weights and output.
  func forEachProduct(input: Shape, weights: Shape, output: Shape, _ body: (_ input: Int, _ weights: Int, _ output: Int) -> Void) {
    let spatial = strides.count
    let perGroup = weights[0] / groups
    let channels = weights[weights.rank - 1]
    let kernel = Shape(weights.dimensions[1...spatial])
    var kernelPositions: [[Int]] = []
    forEachPosition(of: kernel) { kernelPositions.append($0) }
    forEachPosition(of: output) { position in
      let out = position[spatial + 1]
      let outputOffset = Self.offset(position, output)
      for kernelPosition in kernelPositions {
        var source = position
        var isInside = true
        for axis in 0..<spatial {
          source[axis + 1] = position[axis + 1] * strides[axis] - paddingBefore[axis] + kernelPosition[axis] * dilations[axis]
          if source[axis + 1] < 0 || source[axis + 1] >= input[axis + 1] { isInside = false }
        }
        guard isInside else { continue }
        source[spatial + 1] = out / perGroup * channels
        let inputOffset = Self.offset(source, input)
        let weightOffset = Self.offset([out] + kernelPosition + [0], weights)
        for channel in 0..<channels { body(inputOffset + channel, weightOffset + channel, outputOffset) }
      }
    }
  }

  private static func offset(_ position: [Int], _ shape: Shape) -> Int {
    var offset = 0
    for axis in 0..<shape.rank { offset = offset * shape[axis] + position[axis] }
    return offset
  }
}

/// Convolution (cross-correlation) of `input` (N, spatial..., in) with `weights` (out, kernel..., in / groups).
struct Convolution: Primitive {
  let geometry: ConvolutionGeometry

  var name: String { "convolution" }
  func encode(into key: inout StructureKey) { geometry.encode(into: &key) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[0].dtype == inputs[1].dtype, inputs[0].dtype.isFloatingPoint else {
      throw ShapeError("input and weights must have one floating point type")
    }
    return [TensorType(try geometry.outputShape(input: inputs[0].shape, weights: inputs[1].shape), inputs[0].dtype)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let (x, w) = (call.inputs[0], call.inputs[1])
    let g = call.cotangent
    return [
      call.wanted[0] ? Tensor.record(ConvolutionBackwardData(geometry: geometry, inputShape: x.shape), [g, w])[0] : nil,
      call.wanted[1] ? Tensor.record(ConvolutionBackwardWeights(geometry: geometry, weightsShape: w.shape), [x, g])[0] : nil,
    ]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    geometry.forEachProduct(input: inputs[0].shape, weights: inputs[1].shape, output: outputs[0].shape) {
      result.values[$2] += inputs[0].values[$0] * inputs[1].values[$1]
    }
    return [result]
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    geometry.roles(operands: [.input, .weights], result: .output)
  }
}

/// The convolution's transpose in its input: from `cotangent` (N, spatial..., out) and `weights` to the input's shape.
struct ConvolutionBackwardData: Primitive {
  let geometry: ConvolutionGeometry
  let inputShape: Shape

  var name: String { "convolution backward data" }
  func encode(into key: inout StructureKey) {
    geometry.encode(into: &key)
    key.append(inputShape)
  }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let expected = try geometry.outputShape(input: inputShape, weights: inputs[1].shape)
    guard expected == inputs[0].shape else { throw ShapeError("a convolution to \(expected) has no cotangent of shape \(inputs[0].shape)") }
    return [TensorType(inputShape, inputs[0].dtype)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let (g, w) = (call.inputs[0], call.inputs[1])
    let second = call.cotangent
    return [
      call.wanted[0] ? Tensor.record(Convolution(geometry: geometry), [second, w])[0] : nil,
      call.wanted[1] ? Tensor.record(ConvolutionBackwardWeights(geometry: geometry, weightsShape: w.shape), [second, g])[0] : nil,
    ]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    geometry.forEachProduct(input: inputShape, weights: inputs[1].shape, output: inputs[0].shape) {
      result.values[$0] += inputs[0].values[$2] * inputs[1].values[$1]
    }
    return [result]
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    geometry.roles(operands: [.output, .weights], result: .input)
  }
}

/// The convolution's transpose in its weights: from `input` and `cotangent` to the weights' shape.
struct ConvolutionBackwardWeights: Primitive {
  let geometry: ConvolutionGeometry
  let weightsShape: Shape

  var name: String { "convolution backward weights" }
  func encode(into key: inout StructureKey) {
    geometry.encode(into: &key)
    key.append(weightsShape)
  }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let expected = try geometry.outputShape(input: inputs[0].shape, weights: weightsShape)
    guard expected == inputs[1].shape else { throw ShapeError("a convolution to \(expected) has no cotangent of shape \(inputs[1].shape)") }
    return [TensorType(weightsShape, inputs[0].dtype)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let (x, g) = (call.inputs[0], call.inputs[1])
    let second = call.cotangent
    return [
      call.wanted[0] ? Tensor.record(ConvolutionBackwardData(geometry: geometry, inputShape: x.shape), [g, second])[0] : nil,
      call.wanted[1] ? Tensor.record(Convolution(geometry: geometry), [x, second])[0] : nil,
    ]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    geometry.forEachProduct(input: inputs[0].shape, weights: weightsShape, output: inputs[1].shape) {
      result.values[$1] += inputs[0].values[$0] * inputs[1].values[$2]
    }
    return [result]
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    geometry.roles(operands: [.input, .output], result: .weights)
  }
}

extension ConvolutionGeometry {
  enum Operand { case input, weights, output }

  /// Batch and channels split as in a matrix product (channels only without groups); spatial axes stay whole, since windows overlap.
  func roles(operands: [Operand], result: Operand) -> AxisRoles {
    let spatial = strides.count
    var roles: [AxisRoles.Role] = [.independent, .independent, .independent]
    let (batch, inChannels, outChannels) = (0, 1, 2)
    func whole() -> Int {
      roles.append(.whole)
      return roles.count - 1
    }
    func labels(_ operand: Operand) -> [Int] {
      let middle = (0..<spatial).map { _ in whole() }
      let input = groups == 1 ? inChannels : whole()
      let output = groups == 1 ? outChannels : whole()
      switch operand {
      case .input: return [batch] + middle + [input]
      case .weights: return [output] + middle + [input]
      case .output: return [batch] + middle + [output]
      }
    }
    let inputs = operands.map(labels)
    let output = labels(result)
    for label in 0..<3 where !output.contains(label) { roles[label] = .reduced(.sum) }
    return AxisRoles(inputs: inputs, outputs: [output], roles: roles, linearInputs: [0, 1])
  }
}

extension Tensor {
  /// The convolution (cross-correlation) of this tensor, (N, spatial..., in), with `weights`, (out, kernel..., in / groups), in as many spatial
  /// axes as the tensor has beside batch and channels (1, 2 or 3).
  ///
  /// - Parameters:
  ///   - strides: steps of the kernel, by default 1.
  ///   - padding: zeros before and after each spatial axis, by default none.
  ///   - dilations: distance of neighbouring kernel elements, by default 1.
  ///   - groups: blocks of channels that do not see each other.
  public func convolution(
    _ weights: Tensor, strides: [Int]? = nil, padding: [(before: Int, after: Int)]? = nil, dilations: [Int]? = nil, groups: Int = 1
  ) -> Tensor {
    let geometry = geometry("convolution", weights, strides, padding, dilations, groups)
    let dtype = dtype.promoted(with: weights.dtype)
    return Tensor.record(Convolution(geometry: geometry), [cast(to: dtype), weights.cast(to: dtype)])[0]
  }

  /// The transpose of a convolution: this tensor, (N, spatial..., in), spread through `weights`, (in, kernel..., out / groups).
  ///
  /// - Parameter outputPadding: extra positions at the end of each spatial axis, each less than the stride or the dilation; they choose
  ///   among the inputs that a strided convolution maps to the same shape.
  public func transposedConvolution(
    _ weights: Tensor, strides: [Int]? = nil, padding: [(before: Int, after: Int)]? = nil, outputPadding: [Int]? = nil,
    dilations: [Int]? = nil, groups: Int = 1
  ) -> Tensor {
    let geometry = geometry("transposed convolution", weights, strides, padding, dilations, groups)
    let extra = outputPadding ?? Array(repeating: 0, count: rank - 2)
    guard extra.count == rank - 2, extra.indices.allSatisfy({ extra[$0] >= 0 && extra[$0] < Swift.max(geometry.strides[$0], geometry.dilations[$0]) })
    else { trap("transposed convolution", [self, weights], "output padding \(extra) must be below strides \(geometry.strides) or dilations") }
    var target = shape
    for axis in 0..<(rank - 2) {
      target[axis + 1] =
        (shape[axis + 1] - 1) * geometry.strides[axis] - geometry.paddingBefore[axis] - geometry.paddingAfter[axis]
        + geometry.dilations[axis] * (weights.shape[axis + 1] - 1) + extra[axis] + 1
      guard target[axis + 1] > 0 else { trap("transposed convolution", [self, weights], "the result would have no extent along axis \(axis + 1)") }
    }
    target[rank - 1] = weights.shape[weights.rank - 1] * groups
    let dtype = dtype.promoted(with: weights.dtype)
    return Tensor.record(ConvolutionBackwardData(geometry: geometry, inputShape: target), [cast(to: dtype), weights.cast(to: dtype)])[0]
  }

  private func geometry(
    _ name: String, _ weights: Tensor, _ strides: [Int]?, _ padding: [(before: Int, after: Int)]?, _ dilations: [Int]?, _ groups: Int
  ) -> ConvolutionGeometry {
    let spatial = rank - 2
    guard (1...3).contains(spatial), weights.rank == rank else {
      trap(name, [self, weights], "1 to 3 spatial axes beside batch and channels are needed, and weights of the same rank")
    }
    let ones = Array(repeating: 1, count: spatial)
    let padding = padding ?? Array(repeating: (0, 0), count: spatial)
    let geometry = ConvolutionGeometry(
      strides: strides ?? ones, paddingBefore: padding.map(\.before), paddingAfter: padding.map(\.after), dilations: dilations ?? ones,
      groups: groups)
    guard geometry.strides.count == spatial, padding.count == spatial, geometry.dilations.count == spatial else {
      trap(name, [self, weights], "strides, padding and dilations need one entry for each of \(spatial) spatial axes")
    }
    return geometry
  }
}
