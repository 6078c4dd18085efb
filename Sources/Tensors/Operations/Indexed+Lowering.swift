import CKernels

extension AxisGeometry {
  fileprivate func specification(_ dtype: DType, count: Int) -> apus_indexed_spec {
    apus_indexed_spec(
      dtype: dtype.kernelType, outer: Int64(outer), extent: Int64(extent), inner: Int64(inner), count: Int64(count))
  }
}

/// Stops at the index the kernel named, if it named one.
func refuseIndex(_ name: String, _ indices: UnsafeRawPointer, _ place: Int64, extent: Int64) {
  guard place >= 0 else { return }
  let index = indices.load(fromByteOffset: Int(place) * MemoryLayout<Int64>.size, as: Int64.self)
  fatalError("\(name): index \(index) at position \(place) of the indices lies outside the axis of extent \(extent)")
}

extension Gather {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let reads = call.inputs.map { lowering.contiguous($0) }
    let target = lowering.newBuffer(call.outputs[0])
    let specification = AxisGeometry(reads[0].shape, axis: axis).specification(target.dtype, count: reads[1].shape.elementCount)
    lowering.add(
      Kernel(name, reads: reads, writes: [target]) { [name] addresses in
        let indices = addresses[1].assumingMemoryBound(to: Int64.self)
        let invalid = withUnsafePointer(to: specification) { apus_gather($0, addresses[0], indices, addresses[2]) }
        refuseIndex(name, indices, invalid, extent: specification.extent)
      })
  }
}

extension TakeAlongAxis {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let reads = call.inputs.map { lowering.contiguous($0) }
    let target = lowering.newBuffer(call.outputs[0])
    let specification = AxisGeometry(reads[0].shape, axis: axis).specification(target.dtype, count: reads[1].shape[axis])
    lowering.add(
      Kernel(name, reads: reads, writes: [target]) { [name] addresses in
        let indices = addresses[1].assumingMemoryBound(to: Int64.self)
        let invalid = withUnsafePointer(to: specification) { apus_take_along($0, addresses[0], indices, addresses[2]) }
        refuseIndex(name, indices, invalid, extent: specification.extent)
      })
  }
}

extension ScatterAdd {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let dtype = call.outputTypes[0].dtype.computingType
    let specification = AxisGeometry(call.outputTypes[0].shape, axis: axis)
      .specification(dtype, count: call.inputTypes[1].shape.elementCount)
    lowering.addScatter(name, call, specification, apus_scatter_add)
  }
}

extension ScatterAddAlongAxis {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let dtype = call.outputTypes[0].dtype.computingType
    let specification = AxisGeometry(call.outputTypes[0].shape, axis: axis).specification(dtype, count: call.inputTypes[1].shape[axis])
    lowering.addScatter(name, call, specification, apus_scatter_add_along)
  }
}

extension Lowering {
  fileprivate typealias ScatterKernel =
    @convention(c) (
      UnsafePointer<apus_indexed_spec>?, UnsafeRawPointer?, UnsafePointer<Int64>?, UnsafeRawPointer?, UnsafeMutableRawPointer?
    ) -> Int64

  /// Adds values to a base, in its place where nobody else needs it; a base of zeros is not read.
  fileprivate mutating func addScatter(
    _ name: String, _ call: LoweringCall, _ specification: apus_indexed_spec, _ kernel: @escaping ScatterKernel
  ) {
    if structuralScalar(call.inputs[0]) == 0 {
      addComputing(name, reading: [call.inputs[1], call.inputs[2]], writing: call.outputs) { addresses in
        let indices = addresses[0].assumingMemoryBound(to: Int64.self)
        let invalid = withUnsafePointer(to: specification) { kernel($0, nil, indices, addresses[1], addresses[2]) }
        refuseIndex(name, indices, invalid, extent: specification.extent)
      }
    } else {
      addComputing(name, reading: call.inputs, writing: call.outputs, inPlace: [(0, 0)]) { addresses in
        let indices = addresses[1].assumingMemoryBound(to: Int64.self)
        let invalid = withUnsafePointer(to: specification) { kernel($0, addresses[0], indices, addresses[2], addresses[3]) }
        refuseIndex(name, indices, invalid, extent: specification.extent)
      }
    }
  }
}
