import CKernels

/// Turns a graph into kernels on buffers. Everything that knows the CPU lies below this type.
struct Lowering {
  /// Where a value is.
  enum Storage {
    case none
    case memory(View)
    /// Register of a fusion group; in memory too once somebody asked for a view.
    case register(group: Int, register: Int)
  }

  struct BufferState {
    enum Kind: Equatable {
      case temporary
      case array(node: Int, output: Int, isDonatable: Bool)
      case scalar(slot: Int)
      case structural(Double)
    }
    enum Writer { case none, kernel(Int), group(Int) }
    let kind: Kind
    let type: TensorType
    var writer = Writer.none
  }

  struct TimedKernel {
    var kernel: Kernel
    var time: Int
    var open: OpenKernel?
  }

  let graph: Graph
  let uses: [Int]
  var buffers: [BufferState] = []
  var storage: [Storage]
  var kernels: [TimedKernel] = []
  var groups: [FusionGroup] = []
  /// Contiguous copies made of values that are not.
  private var contiguousCopies: [Int: View] = [:]
  /// Kernels that may still take over what follows, by the value they compute.
  private var openKernels: [Int: Int] = [:]
  private var clock = 0
  /// Groups up to this time may not take over the operation being lowered.
  private var earliest = 0

  init(_ graph: Graph) {
    self.graph = graph
    uses = graph.useCounts()
    storage = Array(repeating: .none, count: graph.types.count)
    for (value, leaf) in graph.leaves where uses[value] > 0 {
      let kind: BufferState.Kind =
        switch leaf {
        case .array(let node, let output, let isDonatable): .array(node: node, output: output, isDonatable: isDonatable)
        case .structural(let number): .structural(number)
        case .scalar(let slot): .scalar(slot: slot)
        }
      buffers.append(BufferState(kind: kind, type: graph.types[value]))
      storage[value] = .memory(View(buffer: buffers.count - 1, type: graph.types[value]))
    }
    var isRepeating = false
    for step in graph.steps {
      let call = LoweringCall(
        inputs: step.inputs, outputs: Array(step.outputs), inputTypes: step.inputs.map { graph.types[$0] },
        outputTypes: step.outputs.map { graph.types[$0] })
      if step.isRepetition {
        // One repetition continues the other, but none joins what ran before the first of a row.
        if !isRepeating { earliest = clock }
      } else {
        earliest = 0
      }
      isRepeating = step.isRepetition
      step.operation.lower(call, into: &self)
    }
  }
}

// MARK: - What operations use

extension Lowering {
  /// Where the elements of `value` lie.
  mutating func view(_ value: Int) -> View {
    switch storage[value] {
    case .memory(let view): return view
    case .register(let group, let register):
      let (group, register) = resolve(group, register)
      // One register may hold values of several types, such as a bfloat16 and what it is as a float32.
      for output in groups[group].outputs
      where output.register == register && output.reduction == nil && output.view.dtype == graph.types[value].dtype {
        return output.view
      }
      let view = temporary(graph.types[value], writer: .group(group))
      groups[group].outputs.append(FusionGroup.Output(register: register, view: view, reduction: nil))
      return view
    case .none: fatalError("value \(value) of the graph is read before it is lowered")
    }
  }

  /// The elements of `value` in row-major order, copied if they are not.
  mutating func contiguous(_ value: Int) -> View {
    let source = view(value)
    if source.isContiguous { return source }
    if let copy = contiguousCopies[value] { return copy }
    let target = temporary(source.type, writer: .none)
    copy(source, into: target)
    contiguousCopies[value] = target
    return target
  }

  /// The elements of a view in row-major order, copied if they are not.
  mutating func compact(_ source: View) -> View {
    if source.isContiguous { return source }
    let target = temporary(source.type)
    copy(source, into: target)
    return target
  }

  /// A number known at compile time that every element of `value` equals.
  func structuralScalar(_ value: Int) -> Double? { graph.structuralScalar(value) }

  /// New memory for an output of the operation being lowered.
  mutating func newBuffer(_ value: Int) -> View {
    let view = temporary(graph.types[value], writer: .none)
    storage[value] = .memory(view)
    return view
  }

  mutating func temporary(_ type: TensorType, writer: BufferState.Writer = .none) -> View {
    buffers.append(BufferState(kind: .temporary, type: type, writer: writer))
    return View(buffer: buffers.count - 1, type: type)
  }

  mutating func alias(_ value: Int, to source: Int) { storage[value] = storage[source] }

  mutating func alias(_ value: Int, _ view: View) { storage[value] = .memory(view) }

  /// Adds a kernel at the end.
  mutating func add(_ kernel: Kernel, open: OpenKernel? = nil, computing value: Int? = nil) {
    clock += 1
    for read in kernel.reads { pin(read) }
    for write in kernel.writes { buffers[write.buffer].writer = .kernel(kernels.count) }
    if open != nil, let value, uses[value] == 1 { openKernels[value] = kernels.count }
    kernels.append(TimedKernel(kernel: kernel, time: clock, open: open))
  }

  mutating func copy(_ value: Int, into target: View) {
    // A value that only this copy reads and that nobody has written yet goes straight to its place.
    if case .register(let group, let register) = storage[value], uses[value] == 1 {
      let (group, register) = resolve(group, register)
      if !groups[group].isPinned, !groups[group].outputs.contains(where: { $0.register == register }) {
        moveToEnd(group)
        groups[group].outputs.append(FusionGroup.Output(register: register, view: target, reduction: nil))
        buffers[target.buffer].writer = .group(group)
        storage[value] = .memory(target)
        // Other parts of the target may be written later, so the group has to stay where it is.
        groups[group].isPinned = true
        return
      }
    }
    copy(view(value), into: target)
  }

  mutating func copy(_ source: View, into target: View) {
    pin(source)
    var group = newGroup(source.shape)
    group.outputs.append(FusionGroup.Output(register: group.load(source), view: target, reduction: nil))
    group.isPinned = true
    buffers[target.buffer].writer = .group(groups.count)
    groups.append(group)
  }

  mutating func fill(_ target: View, with number: Double) {
    var group = newGroup(target.shape)
    group.outputs.append(FusionGroup.Output(register: group.constant(number, target.dtype), view: target, reduction: nil))
    group.isPinned = true
    buffers[target.buffer].writer = .group(groups.count)
    groups.append(group)
  }
}

// MARK: - Order

extension Lowering {
  /// Fixes the place of the group that writes what is about to be read.
  mutating func pin(_ view: View) {
    if case .group(let group) = buffers[view.buffer].writer { groups[resolve(group, 0).group].isPinned = true }
  }

  /// When the elements of a view are there.
  func availability(_ view: View) -> Int {
    switch buffers[view.buffer].writer {
    case .none: 0
    case .kernel(let index): kernels[index].time
    case .group(let group): groups[resolve(group, 0).group].time
    }
  }

  func resolve(_ group: Int, _ register: Int) -> (group: Int, register: Int) {
    var group = group
    var register = register
    while let merged = groups[group].mergedInto {
      group = merged.group
      register += merged.offset
    }
    return (group, register)
  }

  mutating func newGroup(_ domain: Shape) -> FusionGroup {
    clock += 1
    return FusionGroup(domain: domain, time: clock)
  }

  mutating func moveToEnd(_ group: Int) {
    clock += 1
    groups[group].time = clock
  }

  /// The group that can compute an operation on `operands` over `domain`: one that holds operands already, if the order allows it.
  ///
  /// Groups nobody reads yet may still move to the end, so they merge freely. A group somebody reads stays where it is, and
  /// can be joined only by work whose other operands are ready by then.
  mutating func group(for operands: [Int], over domain: Shape, reducing axes: AxisSet? = nil) -> Int {
    var floating: [Int] = []
    var pinned: [Int] = []
    var latest = 0
    // What is read from memory comes first: it pins its writers, which settles who may still move.
    var registers: [Int] = []
    for operand in operands {
      if case .register(let group, let register) = storage[operand] {
        let group = resolve(group, register).group
        if groups[group].domain == domain, groups[group].time > earliest {
          registers.append(group)
          continue
        }
      }
      if graph.structuralScalar(operand) != nil { continue }
      let source = view(operand)
      pin(source)
      latest = max(latest, availability(source))
    }
    for group in registers {
      if groups[group].isPinned {
        if !pinned.contains(group) { pinned.append(group) }
      } else if !floating.contains(group) {
        floating.append(group)
      }
    }

    if pinned.count == 1, latest < groups[pinned[0]].time, canMerge(pinned + floating, axes) {
      let target = pinned[0]
      let isReady = floating.allSatisfy { group in
        groups[group].loads.allSatisfy { availability($0) < groups[target].time }
      }
      if isReady {
        for group in floating { merge(group, into: target) }
        return target
      }
    }
    if let target = floating.first, canMerge(floating, axes) {
      for group in floating.dropFirst() { merge(group, into: target) }
      moveToEnd(target)
      return target
    }
    groups.append(newGroup(domain))
    return groups.count - 1
  }

  private func canMerge(_ candidates: [Int], _ axes: AxisSet?) -> Bool {
    var loads = 4
    var instructions = 8
    var outputs = 1
    var reduced = axes
    for candidate in candidates {
      let group = groups[candidate]
      loads += group.loads.count
      instructions += group.instructions.count
      outputs += group.outputs.count
      if let other = group.reducedAxes {
        if let reduced, reduced != other { return false }
        reduced = other
      }
    }
    return loads <= FusionGroup.maximumLoads && instructions <= FusionGroup.maximumInstructions && outputs <= FusionGroup.maximumOutputs
  }

  private mutating func merge(_ group: Int, into target: Int) {
    let offset = groups[target].absorb(groups[group])
    groups[group].mergedInto = (target, offset)
    groups[group].instructions = []
    groups[group].loads = []
    groups[group].outputs = []
  }

  /// The register of `group` that holds `operand`, loading it if need be.
  mutating func register(of operand: Int, in group: Int) -> Int {
    if let number = graph.structuralScalar(operand) { return groups[group].constant(number, graph.types[operand].dtype) }
    if case .register(let other, let register) = storage[operand] {
      let resolved = resolve(other, register)
      if resolved.group == group { return resolved.register }
    }
    let source = view(operand).broadcast(to: groups[group].domain)
    pin(source)
    return groups[group].load(source)
  }
}

// MARK: - Epilogues

extension Lowering {
  /// Gives an elementwise operation to the matrix product or convolution that computes its operand, if that can take it.
  mutating func absorb(_ call: LoweringCall, _ function: Elementwise.Function) -> Bool {
    let activation: Epilogue.Activation? =
      switch function {
      case .relu: .relu
      case .sigmoid: .sigmoid
      case .hyperbolicTangent: .hyperbolicTangent
      default: nil
      }
    if activation != nil { return absorb(call, call.inputs[0], activation) }
    guard function == .add else { return false }
    return absorbAddition(call, call.inputs[0], call.inputs[1]) || absorbAddition(call, call.inputs[1], call.inputs[0])
  }

  mutating func absorb(_ call: LoweringCall, _ value: Int, _ activation: Epilogue.Activation?) -> Bool {
    guard let index = openKernels[value], var open = kernels[index].open, open.epilogue.activation == nil else { return false }
    open.epilogue.activation = activation
    return settle(open, index, value, call.outputs[0])
  }

  private mutating func absorbAddition(_ call: LoweringCall, _ value: Int, _ addend: Int) -> Bool {
    guard let index = openKernels[value], var open = kernels[index].open, open.epilogue.activation == nil,
      graph.types[value] == call.outputTypes[0], structuralScalar(addend) == nil
    else { return false }
    let shape = graph.types[value].shape
    let addendShape = graph.types[addend].shape
    guard shape.rank > 0 else { return false }

    if case .register(let group, let register) = storage[addend] {
      // A value that is not in memory yet would have to be written first: worth it only where it is ready in time.
      let resolved = resolve(group, register).group
      guard groups[resolved].time < kernels[index].time else { return false }
    }
    let isVector = addendShape.elementCount == shape[shape.rank - 1] && addendShape.last == shape.last
    let source = view(addend)
    guard availability(source) < kernels[index].time, source.dtype == graph.types[value].dtype else { return false }
    if isVector, !open.epilogue.hasBias, !open.epilogue.hasResidual, source.isContiguous {
      open.epilogue.hasBias = true
    } else if addendShape == shape, !open.epilogue.hasResidual, source.isContiguous {
      open.epilogue.hasResidual = true
    } else {
      return false
    }
    guard open.supports(open.epilogue) else { return false }
    pin(source)
    kernels[index].kernel.reads.append(source)
    return settle(open, index, value, call.outputs[0])
  }

  private mutating func settle(_ open: OpenKernel, _ index: Int, _ value: Int, _ result: Int) -> Bool {
    guard open.supports(open.epilogue) else { return false }
    kernels[index].open = open
    openKernels[value] = nil
    storage[result] = storage[value]
    if uses[result] == 1 { openKernels[result] = index }
    return true
  }
}
