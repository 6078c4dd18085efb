import CKernels

/// A program of the block machine, compiled once and run any number of times.
final class FusedProgram: Sendable {
  /// Immutable after creation, as the block machine promises.
  nonisolated(unsafe) let handle: OpaquePointer

  init(_ specification: inout apus_fused_spec) { handle = apus_fused_create(&specification) }

  deinit { apus_fused_destroy(handle) }

  var scratchBytes: Int { apus_fused_scratch_bytes(handle) }

  func run(_ pointers: UnsafePointer<UnsafeMutableRawPointer>) {
    UnsafeRawPointer(pointers).withMemoryRebound(to: UnsafeMutableRawPointer?.self, capacity: 1) { apus_fused_run(handle, $0) }
  }
}

extension FusionGroup {
  /// The kernels of the group: one, or several where there are more outputs than a program may have.
  func kernels() -> [Kernel] {
    var result: [Kernel] = []
    var start = 0
    while start < outputs.count {
      let end = min(start + Self.maximumOutputs, outputs.count)
      result.append(kernel(computing: Array(outputs[start..<end])))
      start = end
    }
    return result
  }

  private func kernel(computing outputs: [Output]) -> Kernel {
    var isNeeded = [Bool](repeating: false, count: instructions.count)
    for output in outputs { isNeeded[output.register] = true }
    for index in instructions.indices.reversed() where isNeeded[index] {
      let instruction = instructions[index]
      for operand in [instruction.operands.0, instruction.operands.1, instruction.operands.2] where operand >= 0 { isNeeded[operand] = true }
    }

    // Inputs come first in the machine's register file, then results in program order.
    var inputs: [View] = []
    var registers = [UInt16](repeating: 0, count: instructions.count)
    var inputOfLoad = [Int](repeating: -1, count: loads.count)
    func input(ofLoad load: Int) -> UInt16 {
      if inputOfLoad[load] < 0 {
        inputOfLoad[load] = inputs.count
        inputs.append(loads[load])
      }
      return UInt16(inputOfLoad[load])
    }
    for (index, instruction) in instructions.enumerated() where isNeeded[index] {
      switch instruction.kind {
      case .load(let load): registers[index] = input(ofLoad: load)
      case .randomBits(let key): _ = input(ofLoad: key)
      default: break
      }
    }

    var program: [apus_fused_instruction] = []
    var next = UInt16(inputs.count)
    var flopsPerElement = 0
    for (index, instruction) in instructions.enumerated() where isNeeded[index] {
      var encoded = apus_fused_instruction()
      switch instruction.kind {
      case .load: continue
      case .iota(let axis):
        encoded.op = UInt16(APUS_OP_IOTA_I64.rawValue)
        encoded.a = UInt16(axis)
      case .randomBits(let key):
        encoded.op = UInt16(APUS_OP_RANDOM_BITS.rawValue)
        encoded.a = UInt16(inputOfLoad[key])
      case .constant(let value):
        switch instruction.dtype {
        case .float64: encoded.op = UInt16(APUS_OP_CONSTANT_F64.rawValue)
        case .int64: encoded.op = UInt16(APUS_OP_CONSTANT_I64.rawValue)
        case .int32: encoded.op = UInt16(APUS_OP_CONSTANT_I32.rawValue)
        default: encoded.op = UInt16(APUS_OP_CONSTANT_F32.rawValue)
        }
        encoded.immediate = value
        encoded.integer = Int64(exactly: value) ?? 0
      case .apply(let operation):
        encoded.op = UInt16(operation.rawValue)
        encoded.a = instruction.operands.0 < 0 ? 0 : registers[instruction.operands.0]
        encoded.b = instruction.operands.1 < 0 ? 0 : registers[instruction.operands.1]
        encoded.c = instruction.operands.2 < 0 ? 0 : registers[instruction.operands.2]
        flopsPerElement += 1
      }
      encoded.dst = next
      registers[index] = next
      next += 1
      program.append(encoded)
    }

    let cInputs = inputs.map(Self.operand)
    let cOutputs = outputs.map { output in
      // A reduced output keeps its axes with extent 1, so its strides line up with the iteration space.
      apus_fused_output(
        target: Self.operand(output.view), source: registers[output.register], reduction: Self.reduction(output.reduction))
    }
    var specification = apus_fused_spec()
    specification.rank = Int32(domain.rank)
    withUnsafeMutableBytes(of: &specification.dims) { bytes in
      let dims = bytes.bindMemory(to: Int64.self)
      for axis in 0..<domain.rank { dims[axis] = Int64(domain[axis]) }
    }
    specification.reduced_dims = UInt32(reducedAxes?.bits ?? 0)
    specification.input_count = Int32(cInputs.count)
    specification.instruction_count = Int32(program.count)
    specification.output_count = Int32(cOutputs.count)
    let compiled = cInputs.withUnsafeBufferPointer { inputs in
      program.withUnsafeBufferPointer { instructions in
        cOutputs.withUnsafeBufferPointer { outputs in
          specification.inputs = inputs.baseAddress
          specification.instructions = instructions.baseAddress
          specification.outputs = outputs.baseAddress
          return FusedProgram(&specification)
        }
      }
    }

    var inPlace: [(write: Int, read: Int)] = []
    for (write, output) in outputs.enumerated() where output.reduction == nil && output.view.isContiguous {
      for (read, input) in inputs.enumerated()
      where input.dtype.byteCount == output.view.dtype.byteCount && input.shape == output.view.shape && input.isContiguous {
        inPlace.append((write, read))
      }
    }
    return Kernel(
      name(of: program), reads: inputs, writes: outputs.map(\.view), scratchBytes: compiled.scratchBytes,
      flops: Double(flopsPerElement * domain.elementCount), inPlace: inPlace
    ) { compiled.run($0) }
  }

  private func name(of program: [apus_fused_instruction]) -> String {
    program.isEmpty ? (reducedAxes == nil ? "copy" : "reduce") : "fused(\(program.count)\(reducedAxes == nil ? "" : ", reduce"))"
  }

  private static func operand(_ view: View) -> apus_fused_operand {
    var operand = apus_fused_operand()
    operand.dtype = apus_dtype(rawValue: .init(view.dtype.rawValue))
    withUnsafeMutableBytes(of: &operand.strides) { bytes in
      let strides = bytes.bindMemory(to: Int64.self)
      for axis in 0..<view.rank { strides[axis] = Int64(view.strides[axis]) }
    }
    return operand
  }

  private static func reduction(_ reduction: Reduction?) -> apus_reduction {
    switch reduction {
    case nil: APUS_REDUCE_NONE
    case .sum: APUS_REDUCE_SUM
    case .maximum: APUS_REDUCE_MAX
    case .minimum: APUS_REDUCE_MIN
    case .product: APUS_REDUCE_PRODUCT
    }
  }
}
