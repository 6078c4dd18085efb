import CFFT
import Foundation

/// The discrete Fourier transform over the last `axisCount` axes before the last one, which holds real and imaginary part. Not scaled.
struct FourierTransform: Primitive {
  let axisCount: Int
  /// Positive exponents.
  let isInverse: Bool

  var name: String { isInverse ? "inverse fft" : "fft" }
  func encode(into key: inout StructureKey) {
    key.append(axisCount)
    key.append(isInverse)
  }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try inputs[0].requireComplex(axes: axisCount)
    return inputs
  }

  /// The transform is a symmetric complex matrix, so its adjoint is its conjugate.
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    [Tensor.record(FourierTransform(axisCount: axisCount, isInverse: !isInverse), [call.cotangent])[0]]
  }

  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    let rank = inputs[0].shape.rank
    return [((rank - 1 - axisCount)..<(rank - 1)).reduce(inputs[0]) { Self.transform($0, axis: $1, isInverse) }]
  }

  private static func transform(_ input: ReferenceArray, axis: Int, _ isInverse: Bool) -> ReferenceArray {
    var result = input
    let geometry = AxisGeometry(input.shape, axis: axis)
    for o in 0..<geometry.outer {
      for k in 0..<geometry.extent {
        for pair in stride(from: 0, to: geometry.inner, by: 2) {
          var (real, imaginary) = (0.0, 0.0)
          for j in 0..<geometry.extent {
            let (c, s) = rotation(j * k, of: geometry.extent, isInverse)
            let (x, y) = (input.values[geometry.offset(o, j, pair)], input.values[geometry.offset(o, j, pair + 1)])
            real += x * c - y * s
            imaginary += x * s + y * c
          }
          result.values[geometry.offset(o, k, pair)] = real
          result.values[geometry.offset(o, k, pair + 1)] = imaginary
        }
      }
    }
    return result
  }

  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let shape = call.inputTypes[0].shape
    let extents = shape.dimensions.dropLast().suffix(axisCount)
    lowering.transform(call, self, isInverse ? APUS_FFT_INVERSE : APUS_FFT_FORWARD, extents: Array(extents))
  }

  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    fourierRoles(inputs, outputs, leading: inputs[0].shape.rank - 1 - axisCount)
  }
}

/// The transform of real numbers along the last axis: n numbers become n / 2 + 1 complex ones, of which the others are the mirror. Not scaled.
struct RealFourierTransform: Primitive {
  var name: String { "real fft" }
  func encode(into key: inout StructureKey) {}
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[0].dtype == .float32 || inputs[0].dtype == .float64, let extent = inputs[0].shape.last, extent > 0 else {
      throw ShapeError("float32 or float64 numbers along an axis are needed")
    }
    return [TensorType(Shape(inputs[0].shape.dropLast() + [extent / 2 + 1, 2]), inputs[0].dtype)]
  }

  /// The adjoint sums over the half alone, where the inverse counts what has a mirror image twice.
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let extent = call.inputs[0].shape.last!
    let half = call.cotangent * mirrorWeights(extent, call.cotangent.dtype).reciprocal()
    return [Tensor.record(InverseRealFourierTransform(extent: extent), [half])[0]]
  }

  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    var target = 0
    forEachRow(of: inputs[0].shape) { row in
      for k in 0...(row.count / 2) {
        for j in 0..<row.count {
          let (c, s) = rotation(j * k, of: row.count, false)
          result.values[target] += inputs[0].values[row.lowerBound + j] * c
          result.values[target + 1] += inputs[0].values[row.lowerBound + j] * s
        }
        target += 2
      }
    }
    return [result]
  }

  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    lowering.transform(call, self, APUS_FFT_REAL_FORWARD, extents: [call.inputTypes[0].shape.last!])
  }

  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    fourierRoles(inputs, outputs, leading: inputs[0].shape.rank - 1)
  }
}

/// The real numbers whose transform begins with the operand (..., extent / 2 + 1, 2), times `extent`. The imaginary parts of the first number, and for
/// even extents of the last, have no effect.
struct InverseRealFourierTransform: Primitive {
  let extent: Int

  var name: String { "inverse real fft" }
  func encode(into key: inout StructureKey) { key.append(extent) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    try inputs[0].requireComplex(axes: 1)
    let shape = inputs[0].shape
    guard extent > 0, shape[shape.rank - 2] == extent / 2 + 1 else {
      throw ShapeError("\(extent) real numbers come from \(extent / 2 + 1) complex ones, not \(shape[shape.rank - 2])")
    }
    return [TensorType(Shape(shape.dropLast(2) + [extent]), inputs[0].dtype)]
  }

  func cotangents(_ call: Differentiation) -> [Tensor?] {
    [Tensor.record(RealFourierTransform(), [call.cotangent])[0] * mirrorWeights(extent, call.cotangent.dtype)]
  }

  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    let count = extent / 2 + 1
    for row in 0..<(result.values.count / extent) {
      for j in 0..<extent {
        for k in 0..<count {
          let weight = k == 0 || 2 * k == extent ? 1.0 : 2
          let (c, s) = rotation(j * k, of: extent, true)
          let place = (row * count + k) * 2
          result.values[row * extent + j] += weight * (inputs[0].values[place] * c - inputs[0].values[place + 1] * s)
        }
      }
    }
    return [result]
  }

  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    lowering.transform(call, self, APUS_FFT_REAL_INVERSE, extents: [extent])
  }

  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    fourierRoles(inputs, outputs, leading: outputs[0].shape.rank - 1)
  }
}

// MARK: - Shared parts

extension TensorType {
  fileprivate func requireComplex(axes: Int) throws(ShapeError) {
    guard dtype == .float32 || dtype == .float64, shape.rank > axes, shape.last == 2 else {
      throw ShapeError("float32 or float64 pairs along a last axis, after \(axes) axes to transform, are needed")
    }
    for axis in (shape.rank - 1 - axes)..<(shape.rank - 1) where shape[axis] == 0 { throw ShapeError("an axis to transform is empty") }
  }
}

/// exp(∓ 2πi product / extent): the turn that a term of the sum receives.
private func rotation(_ product: Int, of extent: Int, _ isInverse: Bool) -> (cosine: Double, sine: Double) {
  let angle = 2 * Double.pi * Double(product % extent) / Double(extent)
  return (cos(angle), isInverse ? sin(angle) : -sin(angle))
}

/// How often each of the extent / 2 + 1 terms stands in the full transform, (terms, 1): twice where it has a mirror image.
private func mirrorWeights(_ extent: Int, _ dtype: DType) -> Tensor {
  let count = extent / 2 + 1
  let index = Tensor.range(count, dtype: .int64)
  let isAlone = (index .== 0) .| (index * 2 .== Double(extent))
  return Tensor.select(isAlone, Tensor(1, dtype: dtype), Tensor(2, dtype: dtype)).reshaped(to: [count, 1])
}

private func fourierRoles(_ inputs: [TensorType], _ outputs: [TensorType], leading: Int) -> AxisRoles {
  matrixRoles(inputs, outputs, leading: leading, linear: [0])
}

/// A transform ready to run.
private final class FourierKernel: Sendable {
  /// Immutable after creation, as the bridge promises.
  nonisolated(unsafe) let handle: OpaquePointer

  init(_ specification: apus_fft_spec) {
    var specification = specification
    var message = [CChar](repeating: 0, count: 256)
    guard let handle = apus_fft_create(&specification, &message, message.count) else {
      fatalError(String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    }
    self.handle = handle
  }

  deinit { apus_fft_destroy(handle) }
}

extension Lowering {
  /// - Parameter extents: of the axes to transform, in real numbers for the real kinds.
  fileprivate mutating func transform(_ call: LoweringCall, _ operation: any Primitive, _ kind: apus_fft_kind, extents: [Int]) {
    let target = newBuffer(call.outputs[0])
    if target.shape.elementCount == 0 { return }
    var specification = apus_fft_spec()
    specification.kind = kind
    specification.dtype = apus_dtype(rawValue: .init(target.dtype.rawValue))
    specification.rank = Int32(extents.count)
    let points = extents.reduce(1, *)
    specification.batch = Int64(
      kind == APUS_FFT_REAL_FORWARD
        ? call.inputTypes[0].shape.elementCount / points
        : kind == APUS_FFT_REAL_INVERSE
          ? target.shape.elementCount / points : target.shape.elementCount / (2 * points))
    withUnsafeMutableBytes(of: &specification.extents) { bytes in
      let words = bytes.bindMemory(to: Int64.self)
      for (axis, extent) in extents.enumerated() { words[axis] = Int64(extent) }
    }
    let kernel = FourierKernel(specification)
    // 5 n log2 n is the customary count for a complex transform.
    let flops = 5 * Double(points) * log2(Double(points)) * Double(specification.batch)
    add(
      Kernel(
        operation.name, reads: [contiguous(call.inputs[0])], writes: [target], scratchBytes: apus_fft_scratch_bytes(kernel.handle),
        flops: kind == APUS_FFT_REAL_FORWARD || kind == APUS_FFT_REAL_INVERSE ? flops / 2 : flops
      ) { addresses in apus_fft_run(kernel.handle, addresses[0], addresses[1], addresses[2]) })
  }
}
