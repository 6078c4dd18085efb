import CKernels

extension Sort {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let type = call.inputTypes[0]
    let extent = type.shape[type.shape.rank - 1]
    var specification = apus_sort_spec(
      dtype: type.dtype.computingType.kernelType, rows: Int64(type.shape.elementCount / max(extent, 1)), extent: Int64(extent),
      kept: Int64(count ?? extent), descending: isDescending, slots: 0)
    let scratchBytes = apus_sort_plan(&specification)
    let planned = specification
    lowering.addComputing(name, reading: call.inputs, writing: call.outputs, scratchBytes: scratchBytes) { addresses in
      let places = addresses[2].assumingMemoryBound(to: Int64.self)
      // Where nothing is sorted there is no scratch memory, nor its address.
      let scratch = scratchBytes > 0 ? addresses[3] : nil
      withUnsafePointer(to: planned) { apus_sort($0, addresses[0], addresses[1], places, scratch) }
    }
  }
}

extension ArgExtreme {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let type = call.inputTypes[0]
    let extent = type.shape[type.shape.rank - 1]
    let rows = type.shape.elementCount / extent
    let dtype = type.dtype.computingType.kernelType
    lowering.addComputing(name, reading: call.inputs, writing: call.outputs) { [isMaximum] addresses in
      apus_arg_extreme(dtype, Int64(rows), Int64(extent), isMaximum, addresses[0], addresses[1].assumingMemoryBound(to: Int64.self))
    }
  }
}

extension Scan {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let type = call.inputTypes[0]
    let extent = type.shape[type.shape.rank - 1]
    let kind: apus_scan_kind =
      switch reduction {
      case .sum: APUS_SCAN_SUM
      case .product: APUS_SCAN_PRODUCT
      case .maximum: APUS_SCAN_MAXIMUM
      case .minimum: APUS_SCAN_MINIMUM
      }
    let specification = apus_scan_spec(
      dtype: type.dtype.computingType.kernelType, kind: kind, rows: Int64(type.shape.elementCount / max(extent, 1)), extent: Int64(extent),
      reverse: isReverse, exclusive: isExclusive)
    lowering.addComputing(
      name, reading: call.inputs, writing: call.outputs, flops: Double(type.shape.elementCount), inPlace: [(0, 0)]
    ) { addresses in
      withUnsafePointer(to: specification) { apus_scan($0, addresses[0], addresses[1]) }
    }
  }
}
