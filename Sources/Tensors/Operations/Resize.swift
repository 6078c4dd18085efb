import CKernels

/// How values between samples are found.
public enum Interpolation: Sendable, Hashable {
  /// The value of the nearest sample.
  case nearest
  /// The weighted mean of the neighbours along each axis.
  case linear
}

/// Which input positions make up each output position along one axis, and with what weights.
struct AxisTaps: Sendable, Equatable {
  struct Tap: Sendable, Equatable {
    let source: Int
    let weight: Double
  }

  let inputExtent: Int
  /// For each output position.
  var taps: [[Tap]]

  /// The positions of output centres (or, aligning corners, of output samples) on the input axis.
  init(from input: Int, to output: Int, _ interpolation: Interpolation, aligningCorners: Bool) {
    inputExtent = input
    taps = (0..<output).map { position in
      if interpolation == .nearest { return [Tap(source: Swift.min(position * input / output, input - 1), weight: 1)] }
      let scale = aligningCorners ? (output > 1 ? Double(input - 1) / Double(output - 1) : 0) : Double(input) / Double(output)
      let place = aligningCorners ? Double(position) * scale : Swift.max((Double(position) + 0.5) * scale - 0.5, 0)
      let left = Swift.min(Int(place), input - 1)
      let share = place - Double(left)
      if left == input - 1 || share == 0 { return [Tap(source: left, weight: 1)] }
      return [Tap(source: left, weight: 1 - share), Tap(source: left + 1, weight: share)]
    }
  }

  private init(inputExtent: Int, taps: [[Tap]]) {
    self.inputExtent = inputExtent
    self.taps = taps
  }

  /// From output positions to the input positions they read.
  var transposed: AxisTaps {
    var turned = [[Tap]](repeating: [], count: inputExtent)
    for (position, list) in taps.enumerated() { for tap in list { turned[tap.source].append(Tap(source: position, weight: tap.weight)) } }
    return AxisTaps(inputExtent: taps.count, taps: turned)
  }
}

/// Linear or nearest-neighbour interpolation of (N, spatial..., C) to other spatial extents, or its transpose.
struct Resize: Primitive {
  let from: [Int]
  let to: [Int]
  let interpolation: Interpolation
  let aligningCorners: Bool
  /// Whether this is the transpose, from extents `to` back to `from`.
  var isTransposed = false

  var name: String { isTransposed ? "resize backward" : "resize" }
  func encode(into key: inout StructureKey) {
    key.append(from)
    key.append(to)
    key.append(UInt64((interpolation == .linear ? 4 : 0) | (aligningCorners ? 2 : 0) | (isTransposed ? 1 : 0)))
  }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let shape = inputs[0].shape
    let expected = isTransposed ? to : from
    guard inputs[0].dtype.isFloatingPoint, Array(shape.dimensions.dropFirst().dropLast()) == expected, shape.rank == expected.count + 2
    else {
      throw ShapeError("a floating point operand (N, \(expected.map(String.init).joined(separator: ", ")), C) is needed")
    }
    return [TensorType(Shape([shape[0]] + (isTransposed ? from : to) + [shape[shape.rank - 1]]), inputs[0].dtype)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    var adjoint = self
    adjoint.isTransposed.toggle()
    return [Tensor.record(adjoint, [call.cotangent])[0]]
  }

  private var axes: [AxisTaps] {
    zip(from, to).map { from, to in
      let axis = AxisTaps(from: from, to: to, interpolation, aligningCorners: aligningCorners)
      return isTransposed ? axis.transposed : axis
    }
  }

  /// One axis after the other.
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = inputs[0]
    for (axis, table) in axes.enumerated() {
      let source = result
      var extents = source.shape
      extents[axis + 1] = table.taps.count
      result = ReferenceArray(repeating: 0, TensorType(extents, source.dtype))
      let (read, write) = (AxisGeometry(source.shape, axis: axis + 1), AxisGeometry(extents, axis: axis + 1))
      for o in 0..<write.outer {
        for (position, taps) in table.taps.enumerated() {
          for i in 0..<write.inner {
            result.values[write.offset(o, position, i)] = taps.reduce(0) { $0 + $1.weight * source.values[read.offset(o, $1.source, i)] }
          }
        }
      }
    }
    return [result]
  }

  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let input = lowering.contiguous(call.inputs[0])
    let target = lowering.newBuffer(call.outputs[0])
    if target.shape.elementCount == 0 { return }
    let tables = ResampleTables(axes, shape: input.shape, dtype: input.dtype)
    lowering.add(
      Kernel(name, reads: [input], writes: [target], flops: 2 * Double(tables.tapCount * target.shape[0] * target.shape.last!)) {
        addresses in
        apus_resample(tables.specification, addresses[0], addresses[1])
      })
  }

  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles { batchAndChannelRoles(inputs, outputs, linear: [0]) }
}

/// The tables of a resampling in the layout of the C kernel.
private final class ResampleTables: Sendable {
  nonisolated(unsafe) let specification: UnsafeMutablePointer<apus_resample_spec>
  /// Products in one image and channel.
  let tapCount: Int

  init(_ axes: [AxisTaps], shape: Shape, dtype: DType) {
    specification = .allocate(capacity: 1)
    var own = apus_resample_spec()
    own.dtype = apus_dtype(rawValue: .init(dtype.rawValue))
    own.batch = Int64(shape[0])
    own.channels = Int64(shape[shape.rank - 1])
    // Fewer than three axes leave leading ones of extent 1.
    let single = AxisTaps(from: 1, to: 1, .nearest, aligningCorners: false)
    let padded = Array(repeating: single, count: 3 - axes.count) + axes
    own.axes = (Self.table(padded[0]), Self.table(padded[1]), Self.table(padded[2]))
    tapCount = padded.reduce(1) { $0 * $1.taps.reduce(0) { $0 + $1.count } }
    specification.initialize(to: own)
  }

  deinit {
    let axes = specification.pointee.axes
    for axis in [axes.0, axes.1, axes.2] {
      axis.starts.deallocate()
      axis.sources.deallocate()
      axis.weights.deallocate()
    }
    specification.deallocate()
  }

  private static func table(_ axis: AxisTaps) -> apus_resample_axis {
    func copy<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
      let memory = UnsafeMutablePointer<Element>.allocate(capacity: Swift.max(elements.count, 1))
      memory.initialize(from: elements, count: elements.count)
      return UnsafePointer(memory)
    }
    let flat = axis.taps.flatMap { $0 }
    var starts: [Int32] = [0]
    for taps in axis.taps { starts.append(starts.last! + Int32(taps.count)) }
    return apus_resample_axis(
      input: Int64(axis.inputExtent), output: Int64(axis.taps.count), starts: copy(starts), sources: copy(flat.map { Int32($0.source) }),
      weights: copy(flat.map(\.weight)))
  }
}

extension Tensor {
  /// (N, spatial..., C) with one to three spatial axes, interpolated to other spatial extents.
  ///
  /// - Parameters:
  ///   - extents: one a spatial axis, each at least 1.
  ///   - aligningCorners: whether the centres of the outermost samples of input and output coincide; otherwise their outer edges do. Linear only.
  public func resized(to extents: [Int], _ interpolation: Interpolation = .linear, aligningCorners: Bool = false) -> Tensor {
    guard (1...3).contains(extents.count), rank == extents.count + 2, extents.allSatisfy({ $0 > 0 }),
      shape.dropFirst().dropLast().allSatisfy({ $0 > 0 })
    else { trap("resize", [self], "\(extents) must give a positive extent for each of \(rank - 2) spatial axes (1 to 3)") }
    let real = dtype.isFloatingPoint ? self : cast(to: .float32)
    let operation = Resize(
      from: Array(shape.dropFirst().dropLast()), to: extents, interpolation: interpolation,
      aligningCorners: aligningCorners && interpolation == .linear)
    return Tensor.record(operation, [real])[0]
  }
}
