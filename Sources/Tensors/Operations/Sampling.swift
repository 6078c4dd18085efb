import CKernels

/// Bilinear samples of an image (N, H, W, C) at positions (N, points, (x, y)) in pixels; pixels outside are zeros. Gives (N, points, C).
struct Sample: Primitive {
  var name: String { "sample" }
  func encode(into key: inout StructureKey) {}
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try requirePositions(inputs[1], images: inputs[0].shape[0], dtype: inputs[0].dtype)
    guard inputs[0].shape.rank == 4 else { throw ShapeError("the image must be (N, H, W, C)") }
    return [TensorType([inputs[0].shape[0], inputs[1].shape[1], inputs[0].shape[3]], inputs[0].dtype)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let (image, positions, g) = (call.inputs[0], call.inputs[1], call.cotangent)
    return [
      call.wanted[0] ? Tensor.record(SampleScatter(imageShape: image.shape), [g, positions])[0] : nil,
      call.wanted[1] ? Tensor.record(SampleSlopes(), [image, positions, g])[0] : nil,
    ]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    forEachCorner(of: inputs[1], image: inputs[0].shape) { sample, pixel, corner in
      for c in 0..<outputs[0].shape[2] { result.values[sample + c] += corner.weight * inputs[0].values[pixel + c] }
    }
    return [result]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let reads = call.inputs.map { lowering.contiguous($0) }
    let target = lowering.newBuffer(call.outputs[0])
    if target.shape.elementCount == 0 { return }
    let specification = sampleSpecification(image: reads[0].shape, points: reads[1].shape[1], reads[0].dtype)
    lowering.add(
      Kernel(name, reads: reads, writes: [target], flops: 8 * Double(target.shape.elementCount)) { addresses in
        withUnsafePointer(to: specification) { apus_sample($0, addresses[0], addresses[1], addresses[2]) }
      })
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    AxisRoles(
      inputs: [[0, 3, 4, 2], [0, 1, 5]], outputs: [[0, 1, 2]], roles: [.independent, .independent, .independent, .whole, .whole, .whole],
      linearInputs: [0])
  }
}

/// The transpose of `Sample` in the image: from samples (N, points, C) and positions to the image's shape.
struct SampleScatter: Primitive {
  let imageShape: Shape

  var name: String { "sample backward image" }
  func encode(into key: inout StructureKey) { key.append(imageShape) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try requirePositions(inputs[1], images: imageShape[0], dtype: inputs[0].dtype)
    return [TensorType(imageShape, inputs[0].dtype)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let (samples, positions, h) = (call.inputs[0], call.inputs[1], call.cotangent)
    return [
      call.wanted[0] ? Tensor.record(Sample(), [h, positions])[0] : nil,
      call.wanted[1] ? Tensor.record(SampleSlopes(), [h, positions, samples])[0] : nil,
    ]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    forEachCorner(of: inputs[1], image: imageShape) { sample, pixel, corner in
      for c in 0..<imageShape[3] { result.values[pixel + c] += corner.weight * inputs[0].values[sample + c] }
    }
    return [result]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let reads = call.inputs.map { lowering.contiguous($0) }
    let target = lowering.newBuffer(call.outputs[0])
    if target.shape.elementCount == 0 { return }
    let specification = sampleSpecification(image: imageShape, points: reads[1].shape[1], reads[0].dtype)
    lowering.add(
      Kernel(name, reads: reads, writes: [target], flops: 8 * Double(reads[0].shape.elementCount)) { addresses in
        withUnsafePointer(to: specification) { apus_sample_scatter($0, addresses[0], addresses[1], addresses[2]) }
      })
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    AxisRoles(
      inputs: [[0, 1, 2], [0, 1, 5]], outputs: [[0, 3, 4, 2]],
      roles: [.independent, .reduced(.sum), .independent, .whole, .whole, .whole], linearInputs: [0])
  }
}

/// The derivative of the sum of samples times weights (N, points, C) with respect to the positions: (N, points, 2).
struct SampleSlopes: Primitive {
  var name: String { "sample backward positions" }
  func encode(into key: inout StructureKey) {}
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [inputs[1]] }

  /// Rarely wanted, so by way of the same sample composed of simpler operations.
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    // Under identities of their own, for the operands may be computed from one another.
    let (image, positions, weights) = (call.inputs[0].asVariable(), call.inputs[1].asVariable(), call.inputs[2].asVariable())
    let slopes = composedSample(image, positions).gradients(withRespectTo: [positions], cotangent: weights)[0]
    return slopes.gradients(withRespectTo: [image, positions, weights], cotangent: call.cotangent)
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    let channels = inputs[0].shape[3]
    forEachCorner(of: inputs[1], image: inputs[0].shape) { sample, pixel, corner in
      let product = (0..<channels).reduce(0) { $0 + inputs[0].values[pixel + $1] * inputs[2].values[sample + $1] }
      result.values[corner.point * 2] += product * corner.slopes.x
      result.values[corner.point * 2 + 1] += product * corner.slopes.y
    }
    return [result]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let reads = call.inputs.map { lowering.contiguous($0) }
    let target = lowering.newBuffer(call.outputs[0])
    if target.shape.elementCount == 0 { return }
    if reads[0].shape.elementCount == 0 {
      lowering.fill(target, with: 0)
      return
    }
    let specification = sampleSpecification(image: reads[0].shape, points: reads[1].shape[1], reads[0].dtype)
    lowering.add(
      Kernel(name, reads: reads, writes: [target], flops: 8 * Double(reads[2].shape.elementCount)) { addresses in
        withUnsafePointer(to: specification) { apus_sample_slopes($0, addresses[0], addresses[1], addresses[2], addresses[3]) }
      })
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    AxisRoles(
      inputs: [[0, 3, 4, 2], [0, 1, 5], [0, 1, 2]], outputs: [[0, 1, 5]],
      roles: [.independent, .independent, .reduced(.sum), .whole, .whole, .whole], linearInputs: [0, 2])
  }
}

// MARK: - Shared parts

private func requirePositions(_ positions: TensorType, images: Int, dtype: DType) throws(ShapeError) {
  guard dtype.isFloatingPoint, positions.dtype == dtype, positions.shape.rank == 3, positions.shape[0] == images, positions.shape[2] == 2
  else {
    throw ShapeError("positions must be \(dtype)[\(images), points, 2]")
  }
}

private func sampleSpecification(image: Shape, points: Int, _ dtype: DType) -> apus_sample_spec {
  apus_sample_spec(
    dtype: apus_dtype(rawValue: .init(dtype.rawValue)), batch: Int64(image[0]), height: Int64(image[1]), width: Int64(image[2]),
    channels: Int64(image[3]), points: Int64(points))
}

private struct Corner {
  /// Counted over all images.
  let point: Int
  let weight: Double
  /// The derivative of the weight with respect to the position.
  let slopes: (x: Double, y: Double)
}

/// Visits the pixels around each position that lie inside the image, with the offset of the sample and that of the pixel.
private func forEachCorner(of positions: ReferenceArray, image: Shape, _ body: (_ sample: Int, _ pixel: Int, _ corner: Corner) -> Void) {
  let (height, width, channels) = (image[1], image[2], image[3])
  for point in 0..<(positions.values.count / 2) {
    let (x, y) = (positions.values[point * 2], positions.values[point * 2 + 1])
    guard x > -1, x < Double(width), y > -1, y < Double(height) else { continue }
    let (left, top) = (Int(x.rounded(.down)), Int(y.rounded(.down)))
    for (row, column) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
      guard (0..<width).contains(left + column), (0..<height).contains(top + row) else { continue }
      let across = column == 1 ? x - Double(left) : 1 - (x - Double(left))
      let down = row == 1 ? y - Double(top) : 1 - (y - Double(top))
      let corner = Corner(point: point, weight: across * down, slopes: ((column == 1 ? 1 : -1) * down, (row == 1 ? 1 : -1) * across))
      let image = point / positions.shape[1]
      body(point * channels, ((image * height + top + row) * width + left + column) * channels, corner)
    }
  }
}

/// `Sample` by gathers, differentiable to any order.
private func composedSample(_ image: Tensor, _ positions: Tensor) -> Tensor {
  let (images, height, width, channels) = (image.shape[0], image.shape[1], image.shape[2], image.shape[3])
  let pixels = image.reshaped(to: [images * height * width, channels])
  let origin = positions.floor()
  let share = positions - origin
  let first = Tensor.range(images, dtype: .int64).reshaped(to: [images, 1]) * Double(height * width)
  var result = Tensor.zeros([images, positions.shape[1], channels], dtype: image.dtype)
  for (row, column) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
    let x = origin[.ellipsis, 0] + Double(column)
    let y = origin[.ellipsis, 1] + Double(row)
    let isInside = (x .>= 0) .& (x .< Double(width)) .& (y .>= 0) .& (y .< Double(height))
    let (across, down) = (share[.ellipsis, 0], share[.ellipsis, 1])
    let weight = (column == 1 ? across : 1 - across) * (row == 1 ? down : 1 - down) * isInside.cast(to: image.dtype)
    // Whole numbers, for a large image has more pixels than a float32 tells apart.
    let place = y.cast(to: .int64) * Double(width) + x.cast(to: .int64) + first
    let index = Tensor.select(isInside, place, Tensor(0, dtype: .int64))
    result = result + pixels.gathered(index) * weight.expandingShape(at: -1)
  }
  return result
}

// MARK: - Methods

/// What lies outside an image that is sampled.
public enum SamplingPadding: Sendable, Hashable {
  case zeros
  /// The nearest pixel of the border.
  case border
  /// The image mirrored at its border, over and over.
  case reflection
}

extension Tensor {
  /// Samples of an image (N, H, W, C) at the points of `grid` (N, h, w, (x, y)), whose coordinates run from -1 to 1 over the image (Jaderberg et
  /// al., "Spatial transformer networks", 2015). Gives (N, h, w, C).
  ///
  /// - Parameter aligningCorners: whether -1 and 1 are the centres of the outermost pixels, or their outer edges.
  public func sampled(
    at grid: Tensor, _ interpolation: Interpolation = .linear, padding: SamplingPadding = .zeros, aligningCorners: Bool = false
  ) -> Tensor {
    guard rank == 4, grid.rank == 4, grid.shape[0] == shape[0], grid.shape[3] == 2, grid.dtype.isFloatingPoint else {
      trap("sample", [self, grid], "an image (N, H, W, C) and a floating point grid (N, h, w, 2) are needed")
    }
    let type = dtype.promoted(with: grid.dtype)
    let extents = Tensor([Double(shape[2]), Double(shape[1])]).cast(to: type)
    let points = grid.cast(to: type).reshaped(to: [shape[0], -1, 2])
    let last = extents - 1
    var positions = aligningCorners ? (points + 1) * 0.5 * last : ((points + 1) * extents - 1) * 0.5
    switch padding {
    case .zeros: break
    case .border: positions = positions.maximum(0).minimum(last)
    case .reflection:
      let low = aligningCorners ? 0 : -0.5
      // An axis of one pixel reflects onto itself.
      let span = (aligningCorners ? last : extents).maximum(aligningCorners ? 1e-30 : 1)
      let folded = span - ((positions - low).abs() % (span * 2) - span).abs() + low
      positions = folded.maximum(0).minimum(last)
    }
    if interpolation == .nearest { positions = positions.rounded() }
    let samples = Tensor.record(Sample(), [cast(to: type), positions])[0]
    return samples.reshaped(to: [shape[0], grid.shape[1], grid.shape[2], shape[3]]).cast(to: dtype.isFloatingPoint ? dtype : type)
  }

  /// The grid (N, height, width, (x, y)) on which affine maps (N, 2, 3) of output to input coordinates sample an image.
  public static func affineGrid(_ transform: Tensor, height: Int, width: Int, aligningCorners: Bool = false) -> Tensor {
    guard transform.rank == 3, transform.shape[1] == 2, transform.shape[2] == 3, transform.dtype.isFloatingPoint, height > 0, width > 0
    else {
      trap("affineGrid", [transform], "floating point maps (N, 2, 3) and positive extents are needed")
    }
    func coordinates(_ count: Int) -> Tensor {
      let index = Tensor.range(count, dtype: transform.dtype)
      if aligningCorners { return count == 1 ? index : index * (2 / Double(count - 1)) - 1 }
      return (index * 2 + 1) * (1 / Double(count)) - 1
    }
    let shape: Shape = [height, width]
    let x = coordinates(width).broadcast(to: shape)
    let y = coordinates(height).expandingShape(at: 1).broadcast(to: shape)
    let points = Tensor.stack([x, y, Tensor.ones(shape, dtype: transform.dtype)], axis: -1).reshaped(to: [height * width, 3])
    return points.matmul(transform.transposed()).reshaped(to: [transform.shape[0], height, width, 2])
  }
}
