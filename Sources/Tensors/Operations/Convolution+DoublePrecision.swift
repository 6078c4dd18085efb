import CKernels

/// Which of a convolution's three arrays is computed from the other two.
enum ConvolutionDirection {
  case forward, backwardData, backwardWeights
}

extension ConvolutionGeometry {
  /// Adds the kernel of a convolution, or of one of its gradients, in double precision, which oneDNN does not have.
  func lowerInDoublePrecision(
    _ name: String, _ call: LoweringCall, _ direction: ConvolutionDirection, input: Shape, weights: Shape, output: Shape,
    into lowering: inout Lowering
  ) {
    let spatial = strides.count
    let flops = 2 * Double(output.elementCount) * Double(weights.elementCount / max(weights[0], 1))
    func add(_ scratchBytes: Int, _ run: @escaping @Sendable (UnsafePointer<UnsafeMutableRawPointer>) -> Void) {
      lowering.addComputing(name, reading: call.inputs, writing: call.outputs, scratchBytes: scratchBytes, flops: flops, body: run)
    }
    // Missing axes are leading ones.
    func at(_ axis: Int, of axes: Int, _ otherwise: Int, _ value: (Int) -> Int) -> Int64 {
      Int64(axis < axes - spatial ? otherwise : value(axis - (axes - spatial)))
    }
    func pair(_ otherwise: Int, _ value: (Int) -> Int) -> (Int64, Int64) {
      (at(0, of: 2, otherwise, value), at(1, of: 2, otherwise, value))
    }
    func triple(_ otherwise: Int, _ value: (Int) -> Int) -> (Int64, Int64, Int64) {
      (at(0, of: 3, otherwise, value), at(1, of: 3, otherwise, value), at(2, of: 3, otherwise, value))
    }

    if spatial <= 2, groups == weights[0], groups == input[spatial + 1] {
      let specification = apus_depthwise_spec(
        dtype: DType.float64.kernelType, batch: Int64(input[0]), channels: Int64(groups), input: pair(1) { input[$0 + 1] },
        output: pair(1) { output[$0 + 1] }, kernel: pair(1) { weights[$0 + 1] }, stride: pair(1) { strides[$0] },
        dilation: pair(1) { dilations[$0] }, padding_before: pair(0) { paddingBefore[$0] })
      let (isSupported, scratchBytes) = withUnsafePointer(to: specification) {
        (
          apus_depthwise_supports($0),
          direction == .backwardWeights ? apus_depthwise_weights_scratch_bytes($0) : apus_depthwise_scratch_bytes($0)
        )
      }
      if isSupported {
        return add(scratchBytes) { addresses in
          withUnsafePointer(to: specification) {
            switch direction {
            case .forward: apus_depthwise($0, addresses[0], addresses[1], addresses[2], addresses[3])
            case .backwardData: apus_depthwise_backward_data($0, addresses[0], addresses[1], addresses[2], addresses[3])
            case .backwardWeights: apus_depthwise_backward_weights($0, addresses[0], addresses[1], addresses[2], addresses[3])
            }
          }
        }
      }
    }
    let specification = apus_direct_convolution_spec(
      batch: Int64(input[0]), in_channels: Int64(input[spatial + 1]), out_channels: Int64(weights[0]), groups: Int64(groups),
      input: triple(1) { input[$0 + 1] }, output: triple(1) { output[$0 + 1] }, kernel: triple(1) { weights[$0 + 1] },
      stride: triple(1) { strides[$0] }, dilation: triple(1) { dilations[$0] }, padding_before: triple(0) { paddingBefore[$0] })
    add(withUnsafePointer(to: specification) { apus_direct_convolution_scratch_bytes($0) }) { addresses in
      withUnsafePointer(to: specification) {
        switch direction {
        case .forward: apus_direct_convolution($0, addresses[0], addresses[1], addresses[2], addresses[3])
        case .backwardData: apus_direct_convolution_backward_data($0, addresses[0], addresses[1], addresses[2], addresses[3])
        case .backwardWeights: apus_direct_convolution_backward_weights($0, addresses[0], addresses[1], addresses[2], addresses[3])
        }
      }
    }
  }
}
