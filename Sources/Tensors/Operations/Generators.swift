import CKernels

/// 32 random bits an element from the counter-based generator Philox-4x32-10 (Salmon et al., 2011).
///
/// The input is the key, two int64 values (seed, stream). The bits of an element depend on the key and its row-major index
/// alone, so any number of threads or devices draws the same numbers.
struct RandomBits: Primitive {
  let shape: Shape

  var name: String { "random bits" }
  func encode(into key: inout StructureKey) { key.append(shape) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[0].dtype == .int64, inputs[0].shape == [2] else { throw ShapeError("the key must be int64[2]") }
    return [TensorType(shape, .int32)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] { [nil] }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    let seed = Int64(inputs[0].values[0])
    let stream = Int64(inputs[0].values[1])
    let values = (0..<shape.elementCount).map { Double(Int32(bitPattern: apus_philox(seed, stream, Int64($0)))) }
    return [ReferenceArray(shape, .int32, values)]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) { lowering.fuseRandomBits(call) }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    // Bits are drawn by logical index, so any axis may be split once the kernel is told its offset.
    AxisRoles(inputs: [[shape.rank]], outputs: [Array(0..<shape.rank)], roles: (0..<shape.rank).map { _ in .independent } + [.whole])
  }
}

/// Uniform numbers in [0, 1) from random bits: 24 bits for float32.
struct UniformFromBits: Primitive {
  var name: String { "uniform" }
  func encode(into key: inout StructureKey) {}
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[0].dtype == .int32 else { throw ShapeError("random bits are int32") }
    return [TensorType(inputs[0].shape, .float32)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] { [nil] }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    [ReferenceArray(outputs[0].shape, .float32, inputs[0].values.map { Double(UInt32(bitPattern: Int32($0)) >> 8) * 0x1p-24 })]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) { lowering.fuseUniform(call) }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles { .elementwise(inputs: inputs, outputs: outputs) }
}

/// The index along one axis, at every position of `shape`.
struct Iota: Primitive {
  let shape: Shape
  let axis: Int

  var name: String { "iota" }
  func encode(into key: inout StructureKey) {
    key.append(shape)
    key.append(axis)
  }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [TensorType(shape, .int64)] }
  func cotangents(_ call: Differentiation) -> [Tensor?] { [] }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    forEachPosition(of: shape) { result[$0] = Double($0[axis]) }
    return [result]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) { lowering.fuseIota(call, axis: axis) }
}
