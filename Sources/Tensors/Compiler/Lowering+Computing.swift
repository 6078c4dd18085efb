import CKernels

extension Lowering {
  /// Adds a kernel that computes on contiguous operands. Where a value is stored as bfloat16, the kernel sees float32 and the result is rounded
  /// afterwards, since arithmetic happens in no narrower type.
  mutating func addComputing(
    _ name: String, reading inputs: [Int], writing outputs: [Int], scratchBytes: Int = 0, flops: Double = 0,
    inPlace: [(write: Int, read: Int)] = [], body: @escaping Kernel.Body
  ) {
    let reads = inputs.map { computable($0) }
    let writes = outputs.map { value in
      graph.types[value].dtype == .bfloat16 ? temporary(TensorType(graph.types[value].shape, .float32)) : newBuffer(value)
    }
    add(Kernel(name, reads: reads, writes: writes, scratchBytes: scratchBytes, flops: flops, inPlace: inPlace, body: body))
    for (value, written) in zip(outputs, writes) where graph.types[value].dtype == .bfloat16 { copy(written, into: newBuffer(value)) }
  }

  /// The elements of `value` in row-major order, in float32 where they are stored as bfloat16.
  private mutating func computable(_ value: Int) -> View {
    guard graph.types[value].dtype == .bfloat16 else { return contiguous(value) }
    let target = temporary(TensorType(graph.types[value].shape, .float32))
    copy(view(value), into: target)
    return target
  }
}

extension DType {
  /// The number of this type in the C kernels.
  var kernelType: apus_dtype { apus_dtype(rawValue: .init(rawValue)) }

  /// The type that arithmetic on values of this type happens in.
  var computingType: DType { self == .bfloat16 ? .float32 : self }
}
