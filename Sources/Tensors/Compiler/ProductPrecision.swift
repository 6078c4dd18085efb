import COneDNN

extension Graph {
  /// The graph with products of bfloat16 in float32, between conversions, where the CPU has no instructions for them.
  ///
  /// Operands are rounded to bfloat16 and sums run in float32 either way, so results agree but for the order of summation.
  func wideningUnsupportedProducts() -> Graph {
    guard !apus_onednn_supports_bf16(), steps.contains(where: { isReducedProduct($0) }) else { return self }
    var result = self
    result.steps = []
    var widened: [Int: Int] = [:]
    func append(_ step: Step) {
      for output in step.outputs { result.producers[output] = result.steps.count }
      result.steps.append(step)
    }
    for var step in steps {
      guard isReducedProduct(step) else {
        append(step)
        continue
      }
      for (position, input) in step.inputs.enumerated() where types[input].dtype == .bfloat16 {
        if widened[input] == nil {
          let value = result.addValue(TensorType(types[input].shape, .float32), producer: -1)
          append(Step(operation: Cast(target: .float32), inputs: [input], outputs: value..<(value + 1)))
          widened[input] = value
        }
        step.inputs[position] = widened[input]!
      }
      let reduced = step.outputs
      let value = result.addValue(TensorType(types[reduced.lowerBound].shape, .float32), producer: -1)
      step.outputs = value..<(value + 1)
      append(step)
      append(Step(operation: Cast(target: .bfloat16), inputs: [value], outputs: reduced))
    }
    return result
  }

  private func isReducedProduct(_ step: Step) -> Bool {
    guard types[step.outputs.lowerBound].dtype == .bfloat16 else { return false }
    return step.operation is Matmul || step.operation is Convolution || step.operation is ConvolutionBackwardData
      || step.operation is ConvolutionBackwardWeights
  }
}
