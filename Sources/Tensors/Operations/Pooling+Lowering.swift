import CKernels

extension PoolingWindows {
  func specification(input: Shape, output: Shape, dtype: DType, countsPadding: Bool = false) -> apus_pool_spec {
    var result = apus_pool_spec()
    result.dtype = apus_dtype(rawValue: .init(dtype.rawValue))
    result.argmax_dtype = apus_dtype(rawValue: .init(placeType(input: input).rawValue))
    result.batch = Int64(input[0])
    result.channels = Int64(input[input.rank - 1])
    result.counts_padding = countsPadding
    if case .adaptive = self { result.adaptive = true }
    func fill(_ tuple: inout (Int64, Int64, Int64), neutral: Int, _ value: (Int) -> Int) {
      // Fewer than three spatial axes leave leading ones.
      let lead = 3 - spatialRank
      func entry(_ axis: Int) -> Int64 { Int64(axis < lead ? neutral : value(axis - lead)) }
      tuple = (entry(0), entry(1), entry(2))
    }
    fill(&result.input, neutral: 1) { input[$0 + 1] }
    fill(&result.output, neutral: 1) { output[$0 + 1] }
    fill(&result.window, neutral: 1) { extentOfWindow(axis: $0, input: input[$0 + 1]) }
    fill(&result.stride, neutral: 1) { _ in 1 }
    fill(&result.dilation, neutral: 1) { _ in 1 }
    fill(&result.padding_before, neutral: 0) { _ in 0 }
    fill(&result.padding_after, neutral: 0) { _ in 0 }
    if case .sliding(_, let strides, let before, let after, let dilations) = self {
      fill(&result.stride, neutral: 1) { strides[$0] }
      fill(&result.dilation, neutral: 1) { dilations[$0] }
      fill(&result.padding_before, neutral: 0) { before[$0] }
      fill(&result.padding_after, neutral: 0) { after[$0] }
    }
    return result
  }
}

extension MaxPool {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let input = lowering.contiguous(call.inputs[0])
    let values = lowering.newBuffer(call.outputs[0])
    let places = lowering.newBuffer(call.outputs[1])
    let specification = windows.specification(input: input.shape, output: values.shape, dtype: input.dtype)
    lowering.add(
      Kernel(name, reads: [input], writes: [values, places]) { addresses in
        withUnsafePointer(to: specification) { apus_max_pool($0, addresses[0], addresses[1], addresses[2]) }
      })
  }
}

extension MaxPoolScatter {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let cotangent = lowering.contiguous(call.inputs[0])
    let places = lowering.contiguous(call.inputs[1])
    let target = lowering.newBuffer(call.outputs[0])
    let specification = windows.specification(input: inputShape, output: cotangent.shape, dtype: cotangent.dtype)
    lowering.add(
      Kernel(name, reads: [cotangent, places], writes: [target]) { addresses in
        withUnsafePointer(to: specification) { apus_max_pool_backward($0, addresses[0], addresses[1], addresses[2]) }
      })
  }
}

extension AveragePool {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let input = lowering.contiguous(call.inputs[0])
    let target = lowering.newBuffer(call.outputs[0])
    let specification = windows.specification(
      input: input.shape, output: target.shape, dtype: input.dtype, countsPadding: countsPadding)
    lowering.add(
      Kernel(name, reads: [input], writes: [target]) { addresses in
        withUnsafePointer(to: specification) { apus_average_pool($0, addresses[0], addresses[1]) }
      })
  }
}

extension AveragePoolScatter {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let cotangent = lowering.contiguous(call.inputs[0])
    let target = lowering.newBuffer(call.outputs[0])
    let specification = windows.specification(
      input: inputShape, output: cotangent.shape, dtype: cotangent.dtype, countsPadding: countsPadding)
    lowering.add(
      Kernel(name, reads: [cotangent], writes: [target]) { addresses in
        withUnsafePointer(to: specification) { apus_average_pool_backward($0, addresses[0], addresses[1]) }
      })
  }
}
