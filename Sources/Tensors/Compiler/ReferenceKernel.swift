extension Lowering {
  /// Carries an operation out by its definition, in double precision, element by element.
  mutating func evaluateByDefinition(_ call: LoweringCall, _ operation: any Primitive) {
    let reads = call.inputs.map { contiguous($0) }
    let writes = call.outputs.map { newBuffer($0) }
    let inputTypes = call.inputTypes
    let outputTypes = call.outputTypes
    add(
      Kernel(operation.name, reads: reads, writes: writes) { addresses in
        let inputs = inputTypes.enumerated().map { index, type in ReferenceArray(type, at: addresses[index]) }
        for (index, result) in operation.evaluate(inputs, outputs: outputTypes).enumerated() {
          result.store(outputTypes[index].dtype, at: addresses[inputTypes.count + index])
        }
      })
  }
}

extension ReferenceArray {
  init(_ type: TensorType, at address: UnsafeRawPointer) {
    let size = type.dtype.byteCount
    self.init(type.shape, type.dtype, (0..<type.shape.elementCount).map { type.dtype.load(address + $0 * size) })
  }

  func store(_ dtype: DType, at address: UnsafeMutableRawPointer) {
    for (index, value) in values.enumerated() { dtype.store(value, at: address + index * dtype.byteCount) }
  }
}
