/// The graph a plan is compiled from: operations on numbered values, in an order that respects dependence.
struct Graph {
  struct Step {
    var operation: any Primitive
    var inputs: [Int]
    var outputs: Range<Int>
    /// Whether this computes again, to save memory, what was there before: it must not run early.
    var isRepetition = false
  }

  /// A value that exists before the plan runs.
  enum Leaf {
    /// An output of a realised node of the capture.
    case array(node: Int, output: Int, isDonatable: Bool)
    /// A number known at compile time.
    case structural(Double)
    /// A number given at each run.
    case scalar(slot: Int)
  }

  var steps: [Step] = []
  /// The type of each value.
  var types: [TensorType] = []
  var leaves: [Int: Leaf] = [:]
  /// The step that computes each value; -1 for leaves.
  var producers: [Int] = []
  /// The wanted values, in the capture's order.
  var outputs: [Int] = []

  mutating func addValue(_ type: TensorType, producer: Int) -> Int {
    types.append(type)
    producers.append(producer)
    return types.count - 1
  }

  /// How often each value is read, counting outputs.
  func useCounts() -> [Int] {
    var counts = [Int](repeating: 0, count: types.count)
    for step in steps { for input in step.inputs { counts[input] += 1 } }
    for output in outputs { counts[output] += 1 }
    return counts
  }

  /// Drops steps whose results nobody reads.
  mutating func removeUnusedSteps() {
    var isNeeded = [Bool](repeating: false, count: types.count)
    for output in outputs { isNeeded[output] = true }
    var kept: [Step] = []
    kept.reserveCapacity(steps.count)
    for step in steps.reversed() where step.outputs.contains(where: { isNeeded[$0] }) {
      for input in step.inputs { isNeeded[input] = true }
      kept.append(step)
    }
    steps = kept.reversed()
    for (index, step) in steps.enumerated() { for output in step.outputs { producers[output] = index } }
  }

  /// The number every element of a value is known to equal at compile time, seen through movements.
  func structuralScalar(_ value: Int) -> Double? {
    var value = value
    while true {
      if let leaf = leaves[value] {
        if case .structural(let number) = leaf { return number }
        return nil
      }
      let step = steps[producers[value]]
      guard step.operation is Broadcast || step.operation is Reshape || step.operation is Cast else { return nil }
      value = step.inputs[0]
    }
  }
}

extension Graph {
  /// Turns a capture into a graph: equal computations become one, and what algebra makes unnecessary is left out.
  ///
  /// Steps follow the order in which the program recorded them, which keeps a gradient close to the activations it needs.
  init(_ capture: borrowing Capture) {
    var order = Array(capture.nodes.indices)
    // One number may stand for equal ones recorded earlier.
    func time(_ node: Int) -> Int { capture.nodes[node].isNumber ? -1 : capture.nodes[node].serial }
    order.sort { time($0) < time($1) }

    var firstValue = [Int](repeating: 0, count: capture.nodes.count)
    // Value ids after replacement, for each output of each node, at `firstValue[node] + output`.
    var valueOf: [Int] = []
    var known: [UInt64: [(node: Int, step: Int)]] = [:]
    var resolvedInputs: [Int] = []

    for index in order {
      let node = capture.nodes[index]
      firstValue[index] = valueOf.count
      if node.isNumber, let scalar = node.operation as? ScalarConstant {
        valueOf.append(addScalar(scalar, node.type, capture))
        continue
      }
      if node.isEvaluated {
        for output in 0..<node.outputCount {
          let value = addValue(node.outputType(output), producer: -1)
          leaves[value] = .array(node: index, output: output, isDonatable: capture.isDonatable[index])
          valueOf.append(value)
        }
        continue
      }

      resolvedInputs.removeAll(keepingCapacity: true)
      for operand in capture.operands[capture.operandStarts[index]..<capture.operandStarts[index + 1]] {
        resolvedInputs.append(valueOf[firstValue[operand.node] + operand.output])
      }
      var operation = node.operation
      if node.outputCount == 1, let replacement = simplify(&operation, &resolvedInputs, node.type) {
        valueOf.append(replacement)
        continue
      }

      // Common subexpressions: same operation, attributes and operands.
      var hash = UInt64(UInt(bitPattern: ObjectIdentifier(type(of: operation))))
      var attributes = StructureKey()
      operation.encode(into: &attributes)
      for word in attributes.words { hash = StructureKey.mix(hash, word) }
      for input in resolvedInputs { hash = StructureKey.mix(hash, UInt64(input)) }
      let twin = known[hash]?.first { candidate in
        let step = steps[candidate.step]
        guard step.inputs == resolvedInputs, type(of: step.operation) == type(of: operation) else { return false }
        var other = StructureKey()
        step.operation.encode(into: &other)
        return other.words == attributes.words
      }
      if let twin, operation.isPure {
        valueOf.append(contentsOf: steps[twin.step].outputs)
        continue
      }

      let first = types.count
      for output in 0..<node.outputCount { _ = addValue(node.outputType(output), producer: steps.count) }
      known[hash, default: []].append((index, steps.count))
      steps.append(Step(operation: operation, inputs: resolvedInputs, outputs: first..<types.count))
      valueOf.append(contentsOf: first..<types.count)
    }

    for index in capture.nodes.indices where capture.isOutput[index] {
      for output in 0..<capture.nodes[index].outputCount { outputs.append(valueOf[firstValue[index] + output]) }
    }
    removeUnusedSteps()
  }

  private mutating func addScalar(_ scalar: ScalarConstant, _ type: TensorType, _ capture: borrowing Capture) -> Int {
    // Few scalars appear in a graph, so a search is the shortest way to share them.
    let leaf: Leaf =
      ScalarConstant.isStructural(scalar.value)
      ? .structural(scalar.value)
      : .scalar(slot: capture.scalars.firstIndex { $0.bitPattern == scalar.value.bitPattern }!)
    for (value, known) in leaves where types[value] == type {
      switch (known, leaf) {
      case (.structural(let a), .structural(let b)) where a == b: return value
      case (.scalar(let a), .scalar(let b)) where a == b: return value
      default: continue
      }
    }
    let value = addValue(type, producer: -1)
    leaves[value] = leaf
    return value
  }
}

extension StructureKey {
  /// One step of a multiplicative hash.
  @inline(__always)
  static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
    let product = (hash ^ word).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return product.high ^ product.low
  }

  var hash: UInt64 {
    var hash: UInt64 = 0x243F_6A88_85A3_08D3
    for word in words { hash = Self.mix(hash, word) }
    return hash
  }
}
