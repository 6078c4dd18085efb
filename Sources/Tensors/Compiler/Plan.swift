/// A compiled graph: kernels in order, with every address known but for the arena, the inputs and the outputs.
///
/// A plan is owned by the engine and run by one thread at a time, inside the engine's lock.
final class Plan {
  struct Step {
    let name: String
    let body: Kernel.Body
    /// Position of its first operand in the address table.
    let firstAddress: Int
    let flops: Double
    let reads: [TensorType]
    let writes: [TensorType]
  }

  /// An address that depends on where something was allocated.
  struct Relocation {
    let address: Int
    let slot: Int
    let byteOffset: Int
  }

  struct Input {
    let node: Int
    let output: Int
  }

  struct Output {
    enum Source {
      /// New memory of the given size.
      case allocation(Int)
      /// The memory of an input, overwritten or merely passed on.
      case input(Int)
      /// The same memory as an earlier output.
      case output(Int)
    }
    let source: Source
    let type: TensorType
  }

  let steps: [Step]
  /// Realised tensors the plan reads.
  let inputs: [Input]
  let outputs: [Output]
  let arenaBytes: Int
  /// Bytes of all inputs, of new outputs, and of temporary memory at its fullest.
  let inputBytes: Int
  let outputBytes: Int
  let nodeCount: Int
  let compileNanoseconds: UInt64

  private var addresses: UnsafeMutablePointer<UnsafeMutableRawPointer>
  private let addressCount: Int
  private let arenaRelocations: [Relocation]
  private let inputRelocations: [Relocation]
  private let outputRelocations: [Relocation]
  /// Numbers that vary from run to run: where each goes and in which type.
  private let scalars: [(slot: Int, byteOffset: Int, dtype: DType)]
  private let scalarMemory: UnsafeMutableRawPointer
  private var arenaBase: UnsafeMutableRawPointer?

  /// Chooses an order and places, and builds the plan.
  init(_ lowering: consuming Lowering, nodeCount: Int, compileStart: UInt64) {
    var lowering = lowering
    let claimed = Self.claimOutputs(&lowering)

    let timed = Self.schedule(lowering)

    // Roles of buffers.
    let buffers = lowering.buffers
    var roles = [MemoryPlan.Role](repeating: .temporary, count: buffers.count)
    var inputs: [Input] = []
    var inputBytes = 0
    var scalars: [(slot: Int, byteOffset: Int, dtype: DType)] = []
    var structural: [(number: Double, byteOffset: Int, dtype: DType)] = []
    var scalarOffset: [Int: Int] = [:]
    for (index, buffer) in buffers.enumerated() {
      switch buffer.kind {
      case .temporary: break
      case .array(let node, let output, let isDonatable):
        roles[index] = .input(inputs.count, isDonatable: isDonatable)
        inputs.append(Input(node: node, output: output))
        inputBytes += buffer.type.byteCount
      case .scalar(let slot):
        roles[index] = .input(-1, isDonatable: false)
        scalarOffset[index] = scalarOffset.count * 16
        scalars.append((slot, scalarOffset[index]!, buffer.type.dtype))
      case .structural(let number):
        roles[index] = .input(-1, isDonatable: false)
        scalarOffset[index] = scalarOffset.count * 16
        structural.append((number, scalarOffset[index]!, buffer.type.dtype))
      }
    }
    for (output, claim) in claimed.enumerated() {
      switch claim {
      case .buffer(let buffer): roles[buffer] = .output(output)
      case .input(let buffer):
        // Nobody holds the leaf, but its memory lives on as this output.
        if case .input(let slot, _) = roles[buffer] { roles[buffer] = .input(slot, isDonatable: false) }
      case .sameAs: break
      }
    }

    let memory = MemoryPlan(timed, roles: roles, buffers)

    // The address table.
    var steps: [Step] = []
    var arena: [Relocation] = []
    var input: [Relocation] = []
    var output: [Relocation] = []
    var scalarAddresses: [(address: Int, byteOffset: Int)] = []
    var count = 0
    for (time, kernel) in timed.enumerated() {
      steps.append(
        Step(
          name: kernel.name, body: kernel.body, firstAddress: count, flops: kernel.flops, reads: kernel.reads.map(\.type),
          writes: kernel.writes.map(\.type)))
      for view in kernel.reads + kernel.writes {
        let byteOffset = view.offset * view.dtype.byteCount
        if let offset = scalarOffset[view.buffer] {
          scalarAddresses.append((count, offset + byteOffset))
        } else {
          switch memory.places[view.buffer] {
          case .arena(let offset): arena.append(Relocation(address: count, slot: 0, byteOffset: offset + byteOffset))
          case .input(let slot): input.append(Relocation(address: count, slot: slot, byteOffset: byteOffset))
          case .output(let slot): output.append(Relocation(address: count, slot: slot, byteOffset: byteOffset))
          }
        }
        count += 1
      }
      if memory.scratch[time] >= 0 {
        arena.append(Relocation(address: count, slot: 0, byteOffset: memory.scratch[time]))
        count += 1
      }
    }

    var outputBytes = 0
    var outputs: [Output] = []
    for (index, claim) in claimed.enumerated() {
      let type = lowering.graph.types[lowering.graph.outputs[index]]
      switch claim {
      case .buffer:
        if let donor = memory.donations[index] {
          outputs.append(Output(source: .input(donor), type: type))
        } else {
          outputs.append(Output(source: .allocation(type.byteCount), type: type))
          outputBytes += type.byteCount
        }
      case .sameAs(let other): outputs.append(Output(source: .output(other), type: type))
      case .input(let buffer):
        guard case .input(let slot, _) = roles[buffer] else { fatalError("an output passes on a buffer that is not an input") }
        outputs.append(Output(source: .input(slot), type: type))
      }
    }

    self.steps = steps
    self.inputs = inputs
    self.outputs = outputs
    self.inputBytes = inputBytes
    self.outputBytes = outputBytes
    self.nodeCount = nodeCount
    self.scalars = scalars
    arenaBytes = memory.arenaBytes
    arenaRelocations = arena
    inputRelocations = input
    outputRelocations = output
    addressCount = count
    scalarMemory = allocateAligned(max(scalarOffset.count * 16, 64))
    for (number, byteOffset, dtype) in structural { dtype.store(number, at: scalarMemory + byteOffset) }
    // One address beyond the last, for kernels that look at the scratch address although they need none.
    addresses = .allocate(capacity: count + 1)
    addresses.initialize(repeating: scalarMemory, count: count + 1)
    for (address, byteOffset) in scalarAddresses { addresses[address] = scalarMemory + byteOffset }
    compileNanoseconds = monotonicNanoseconds() - compileStart
  }

  deinit {
    addresses.deallocate()
    scalarMemory.deallocate()
  }

  /// The kernels in the order in which they run, complete.
  private static func schedule(_ lowering: borrowing Lowering) -> [Kernel] {
    var timed: [(time: Int, kernel: Kernel)] = []
    for var pending in lowering.kernels {
      if let open = pending.open {
        let completion = open.build(open.epilogue)
        pending.kernel.body = completion.body
        pending.kernel.scratchBytes = completion.scratchBytes
      }
      timed.append((pending.time, pending.kernel))
    }
    for group in lowering.groups where group.mergedInto == nil && !group.outputs.isEmpty {
      for kernel in group.kernels() { timed.append((group.time, kernel)) }
    }
    timed.sort { $0.time < $1.time }
    return timed.map(\.kernel)
  }

  /// The temporary memory that the plan of a lowering would need.
  static func temporaryBytes(of lowering: Lowering) -> Int {
    var lowering = lowering
    let claimed = claimOutputs(&lowering)
    var roles = lowering.buffers.map { $0.kind == .temporary ? MemoryPlan.Role.temporary : .input(-1, isDonatable: false) }
    for (output, claim) in claimed.enumerated() {
      if case .buffer(let buffer) = claim { roles[buffer] = .output(output) }
    }
    return MemoryPlan(schedule(lowering), roles: roles, lowering.buffers).arenaBytes
  }

  private enum Claim {
    case buffer(Int)
    case input(Int)
    case sameAs(Int)
  }

  /// Gives every output whole memory of its own, except where it is an input passed on or equals another output.
  private static func claimOutputs(_ lowering: inout Lowering) -> [Claim] {
    var claims: [Claim] = []
    var outputOfBuffer: [Int: Int] = [:]
    for (output, value) in lowering.graph.outputs.enumerated() {
      let view = lowering.view(value)
      let buffer = lowering.buffers[view.buffer]
      let coversBuffer = view.isContiguous && view.type.byteCount == buffer.type.byteCount
      if coversBuffer, let earlier = outputOfBuffer[view.buffer] {
        claims.append(.sameAs(earlier))
        continue
      }
      if coversBuffer, case .array = buffer.kind {
        claims.append(.input(view.buffer))
        continue
      }
      if coversBuffer, buffer.kind == .temporary {
        outputOfBuffer[view.buffer] = output
        claims.append(.buffer(view.buffer))
        continue
      }
      let target = lowering.temporary(view.type)
      lowering.copy(view, into: target)
      outputOfBuffer[target.buffer] = output
      claims.append(.buffer(target.buffer))
    }
    return claims
  }

  /// Runs the plan.
  /// - Parameters:
  ///   - inputBuffers: one an input of the plan.
  ///   - numbers: values of the scalars, by slot.
  /// - Returns: one buffer an output.
  func run(inputs inputBuffers: [Buffer], scalars numbers: borrowing ContiguousArray<Double>, arena: Arena, profile: KernelProfile?) -> [Buffer] {
    let base = arena.memory(arenaBytes)
    if base != arenaBase {
      for relocation in arenaRelocations { addresses[relocation.address] = base + relocation.byteOffset }
      arenaBase = base
    }
    var results: [Buffer] = []
    results.reserveCapacity(outputs.count)
    for output in outputs {
      switch output.source {
      case .allocation(let byteCount): results.append(Buffer(byteCount: byteCount))
      case .input(let slot): results.append(inputBuffers[slot])
      case .output(let earlier): results.append(results[earlier])
      }
    }
    for relocation in inputRelocations { addresses[relocation.address] = inputBuffers[relocation.slot].pointer + relocation.byteOffset }
    for relocation in outputRelocations { addresses[relocation.address] = results[relocation.slot].pointer + relocation.byteOffset }
    for (slot, byteOffset, dtype) in scalars { dtype.store(numbers[slot], at: scalarMemory + byteOffset) }
    if let profile {
      for step in steps {
        let start = monotonicNanoseconds()
        step.body(addresses + step.firstAddress)
        profile.add(step, monotonicNanoseconds() - start)
      }
    } else {
      for step in steps { step.body(addresses + step.firstAddress) }
    }
    return results
  }
}

extension Plan: CustomStringConvertible {
  /// One line a kernel, then the totals.
  var description: String {
    var lines: [String] = []
    for (index, step) in steps.enumerated() {
      let operands = step.reads.map(\.description).joined(separator: ", ")
      let results = step.writes.map(\.description).joined(separator: ", ")
      lines.append("\(index)  \(step.name)(\(operands)) -> \(results)\(step.flops > 0 ? "  \(Int(step.flops)) flop" : "")")
    }
    lines.append(
      "\(nodeCount) nodes, \(steps.count) kernels, \(Int(flops)) flop; bytes: inputs \(inputBytes), outputs \(outputBytes), "
        + "temporary at most \(arenaBytes), peak \(peakBytes)")
    return lines.joined(separator: "\n")
  }

  var flops: Double { steps.reduce(0) { $0 + $1.flops } }

  /// Inputs, outputs and temporaries together, at the fullest moment.
  var peakBytes: Int { inputBytes + outputBytes + arenaBytes }
}
