import CKernels

extension NormalizationGeometry {
  fileprivate func specification(_ dtype: DType) -> apus_normalization_spec {
    apus_normalization_spec(
      dtype: dtype.computingType.kernelType, outer: Int64(outer), inner: Int64(inner), groups: Int64(groups), width: Int64(width),
      is_centered: isCentered, epsilon: epsilon)
  }
}

extension Normalization {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let specification = geometry.specification(call.inputTypes[0].dtype)
    let scratchBytes = withUnsafePointer(to: specification) { apus_normalization_scratch_bytes($0) }
    lowering.addComputing(
      name, reading: call.inputs, writing: call.outputs, scratchBytes: scratchBytes, inPlace: [(0, 0)]
    ) { addresses in
      var operands = apus_normalization_operands()
      operands.x = UnsafeRawPointer(addresses[0])
      operands.scale = UnsafeRawPointer(addresses[1])
      operands.shift = UnsafeRawPointer(addresses[2])
      operands.y = addresses[3]
      operands.mean = addresses[4]
      operands.reciprocal_deviation = addresses[5]
      operands.variance = addresses[6]
      operands.scratch = addresses[7]
      withUnsafePointer(to: specification) { apus_normalization($0, &operands) }
    }
  }
}

extension NormalizationBackward {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let specification = geometry.specification(call.inputTypes[1].dtype)
    let scratchBytes = withUnsafePointer(to: specification) { apus_normalization_scratch_bytes($0) }
    lowering.addComputing(
      name, reading: call.inputs, writing: call.outputs, scratchBytes: scratchBytes, inPlace: [(0, 0), (0, 1)]
    ) { addresses in
      var operands = apus_normalization_backward_operands()
      operands.dy = UnsafeRawPointer(addresses[0])
      operands.x = UnsafeRawPointer(addresses[1])
      operands.scale = UnsafeRawPointer(addresses[2])
      operands.mean = UnsafeRawPointer(addresses[3])
      operands.reciprocal_deviation = UnsafeRawPointer(addresses[4])
      operands.dx = addresses[5]
      operands.dscale = addresses[6]
      operands.dshift = addresses[7]
      operands.scratch = addresses[8]
      withUnsafePointer(to: specification) { apus_normalization_backward($0, &operands) }
    }
  }
}
