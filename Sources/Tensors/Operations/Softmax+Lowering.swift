import CKernels

extension TensorType {
  /// The operand seen as rows along its last axis.
  fileprivate var softmaxRows: apus_softmax_spec {
    let classes = shape[shape.rank - 1]
    return apus_softmax_spec(
      dtype: dtype.computingType.kernelType, rows: Int64(classes == 0 ? 0 : shape.elementCount / classes), classes: Int64(classes))
  }
}

extension Softmax {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let specification = call.outputTypes[0].softmaxRows
    let isLogarithmic = isLogarithmic
    lowering.addComputing(name, reading: call.inputs, writing: call.outputs, inPlace: [(0, 0)]) { addresses in
      withUnsafePointer(to: specification) { apus_softmax($0, isLogarithmic, addresses[0], addresses[1]) }
    }
  }
}

extension SoftmaxBackward {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let specification = call.outputTypes[0].softmaxRows
    let isLogarithmic = isLogarithmic
    lowering.addComputing(name, reading: call.inputs, writing: call.outputs, inPlace: [(0, 0), (0, 1)]) { addresses in
      withUnsafePointer(to: specification) { apus_softmax_backward($0, isLogarithmic, addresses[0], addresses[1], addresses[2]) }
    }
  }
}

extension SoftmaxCrossEntropy {
  fileprivate func specification(_ logits: TensorType) -> apus_cross_entropy_spec {
    apus_cross_entropy_spec(
      shape: logits.softmaxRows, smoothing: smoothing, has_ignored: ignored != nil, ignored: Int64(ignored ?? 0))
  }

  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let specification = specification(call.inputTypes[0])
    lowering.addComputing(name, reading: call.inputs, writing: call.outputs) { [name] addresses in
      let labels = addresses[1].assumingMemoryBound(to: Int64.self)
      let invalid = withUnsafePointer(to: specification) { apus_softmax_cross_entropy($0, addresses[0], labels, addresses[2]) }
      refuseLabel(name, labels, invalid, specification)
    }
  }
}

extension SoftmaxCrossEntropyBackward {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let specification = forward.specification(call.inputTypes[0])
    lowering.addComputing(name, reading: call.inputs, writing: call.outputs, inPlace: [(0, 0)]) { [name] addresses in
      let labels = addresses[1].assumingMemoryBound(to: Int64.self)
      let invalid = withUnsafePointer(to: specification) {
        apus_softmax_cross_entropy_backward($0, addresses[0], labels, addresses[2], addresses[3])
      }
      refuseLabel(name, labels, invalid, specification)
    }
  }
}

/// Stops at the row the kernel named, if it named one.
private func refuseLabel(_ name: String, _ labels: UnsafePointer<Int64>, _ row: Int64, _ specification: apus_cross_entropy_spec) {
  guard row >= 0 else { return }
  fatalError("\(name): label \(labels[Int(row)]) of row \(row) lies outside 0 ..< \(specification.shape.classes) classes")
}
