import COneDNN

/// A convolution or one of its gradients, ready to run on the CPU.
final class ConvolutionKernel: Sendable {
  /// Run inside the engine's lock, by one thread at a time, as the bridge demands.
  nonisolated(unsafe) let handle: OpaquePointer

  init(_ specification: apus_convolution_spec) {
    var specification = specification
    var message = [CChar](repeating: 0, count: 256)
    guard let handle = apus_convolution_create(&specification, &message, message.count) else {
      fatalError("convolution: \(String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))")
    }
    self.handle = handle
  }

  deinit { apus_convolution_destroy(handle) }

  var scratchBytes: Int { apus_convolution_scratch_bytes(handle) }
  var flops: Double { apus_convolution_flops(handle) }

  func run(_ operands: inout apus_convolution_operands) {
    let status = apus_convolution_run(handle, &operands)
    precondition(status == 0, "convolution: oneDNN failed with status \(status)")
  }
}

extension ConvolutionGeometry {
  func specification(
    _ kind: apus_convolution_kind, input: Shape, weights: Shape, output: Shape, dtype: DType, epilogue: Epilogue = Epilogue()
  ) -> apus_convolution_spec {
    var result = apus_convolution_spec()
    let spatial = strides.count
    result.kind = kind
    result.spatial_rank = Int32(spatial)
    result.batch = Int64(input[0])
    result.in_channels = Int64(input[spatial + 1])
    result.out_channels = Int64(weights[0])
    result.groups = Int64(groups)
    func fill<Tuple>(_ tuple: inout Tuple, _ value: (Int) -> Int) {
      withUnsafeMutableBytes(of: &tuple) { bytes in
        let words = bytes.bindMemory(to: Int64.self)
        for axis in 0..<spatial { words[axis] = Int64(value(axis)) }
      }
    }
    fill(&result.input) { input[$0 + 1] }
    fill(&result.output) { output[$0 + 1] }
    fill(&result.kernel) { weights[$0 + 1] }
    fill(&result.stride) { strides[$0] }
    fill(&result.dilation) { dilations[$0] }
    fill(&result.padding_low) { paddingBefore[$0] }
    fill(&result.padding_high) { paddingAfter[$0] }
    let type = apus_dtype(rawValue: .init(dtype.rawValue))
    result.input_dtype = type
    result.weights_dtype = type
    result.output_dtype = type
    result.epilogue = Matmul.encode(epilogue, dtype)
    return result
  }
}

extension Convolution {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let output = call.outputTypes[0]
    if output.shape.elementCount == 0 {
      lowering.evaluateByDefinition(call, self)
      return
    }
    if output.dtype == .float64 {
      let (input, weights) = (call.inputTypes[0].shape, call.inputTypes[1].shape)
      return geometry.lowerInDoublePrecision(name, call, .forward, input: input, weights: weights, output: output.shape, into: &lowering)
    }
    let input = lowering.contiguous(call.inputs[0])
    let weights = lowering.contiguous(call.inputs[1])
    let target = lowering.newBuffer(call.outputs[0])
    let geometry = geometry
    let open = OpenKernel(
      supports: { _ in true },
      build: { epilogue in
        let kernel = ConvolutionKernel(
          geometry.specification(
            APUS_CONVOLUTION_FORWARD, input: input.shape, weights: weights.shape, output: output.shape, dtype: output.dtype,
            epilogue: epilogue))
        return Kernel.Completion(scratchBytes: kernel.scratchBytes) { addresses in
          var operands = apus_convolution_operands()
          operands.input = addresses[0]
          operands.weights = addresses[1]
          var next = 2
          if epilogue.hasBias {
            operands.bias = addresses[next]
            next += 1
          }
          if epilogue.hasResidual {
            operands.residual = UnsafeRawPointer(addresses[next])
            next += 1
          }
          operands.output = addresses[next]
          operands.scratch = addresses[next + 1]
          kernel.run(&operands)
        }
      })
    lowering.add(
      Kernel(name, reads: [input, weights], writes: [target], flops: geometry.flops(weights.shape, output.shape)), open: open,
      computing: call.outputs[0])
  }
}

extension ConvolutionBackwardData {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let result = call.outputTypes[0]
    if call.inputTypes[0].shape.elementCount == 0 || result.shape.elementCount == 0 {
      lowering.evaluateByDefinition(call, self)
      return
    }
    if result.dtype == .float64 {
      let (output, weights) = (call.inputTypes[0].shape, call.inputTypes[1].shape)
      return geometry.lowerInDoublePrecision(
        name, call, .backwardData, input: inputShape, weights: weights, output: output, into: &lowering)
    }
    let cotangent = lowering.contiguous(call.inputs[0])
    let weights = lowering.contiguous(call.inputs[1])
    let target = lowering.newBuffer(call.outputs[0])
    let kernel = ConvolutionKernel(
      geometry.specification(
        APUS_CONVOLUTION_BACKWARD_DATA, input: inputShape, weights: weights.shape, output: cotangent.shape, dtype: result.dtype))
    lowering.add(
      Kernel(
        name, reads: [cotangent, weights], writes: [target], scratchBytes: kernel.scratchBytes,
        flops: geometry.flops(weights.shape, cotangent.shape)
      ) { addresses in
        var operands = apus_convolution_operands()
        operands.output = addresses[0]
        operands.weights = addresses[1]
        operands.input = addresses[2]
        operands.scratch = addresses[3]
        kernel.run(&operands)
      })
  }
}

extension ConvolutionBackwardWeights {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let result = call.outputTypes[0]
    if call.inputTypes[0].shape.elementCount == 0 || call.inputTypes[1].shape.elementCount == 0 {
      lowering.evaluateByDefinition(call, self)
      return
    }
    if result.dtype == .float64 {
      let (input, output) = (call.inputTypes[0].shape, call.inputTypes[1].shape)
      return geometry.lowerInDoublePrecision(
        name, call, .backwardWeights, input: input, weights: weightsShape, output: output, into: &lowering)
    }
    let input = lowering.contiguous(call.inputs[0])
    let cotangent = lowering.contiguous(call.inputs[1])
    let target = lowering.newBuffer(call.outputs[0])
    let kernel = ConvolutionKernel(
      geometry.specification(
        APUS_CONVOLUTION_BACKWARD_WEIGHTS, input: input.shape, weights: weightsShape, output: cotangent.shape, dtype: result.dtype))
    lowering.add(
      Kernel(
        name, reads: [input, cotangent], writes: [target], scratchBytes: kernel.scratchBytes,
        flops: geometry.flops(weightsShape, cotangent.shape)
      ) { addresses in
        var operands = apus_convolution_operands()
        operands.input = addresses[0]
        operands.output = addresses[1]
        operands.weights = addresses[2]
        operands.scratch = addresses[3]
        kernel.run(&operands)
      })
  }
}

extension ConvolutionGeometry {
  /// Multiplications and additions, those with padding included.
  fileprivate func flops(_ weights: Shape, _ output: Shape) -> Double {
    2 * Double(output.elementCount) * Double(weights.elementCount / max(weights[0], 1))
  }
}
