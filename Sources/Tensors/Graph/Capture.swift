/// The unevaluated graph behind some tensors, taken out of its nodes and described by a key.
///
/// Taking the inputs out has a purpose beyond speed: afterwards a node that somebody outside the graph still holds is
/// known by its reference count. Such nodes become outputs of the plan ("if you hold it, you get it"), and leaves that nobody holds
/// may be overwritten in place.
struct Capture {
  struct Operand: Equatable {
    let node: Int
    let output: Int
  }

  /// In the order the walk finished them; operands come before the operations on them.
  var nodes: ContiguousArray<Node> = []
  /// Operands of node `i`: `operands[operandRanges[i]]`.
  var operands: ContiguousArray<Operand> = []
  var operandStarts: ContiguousArray<Int> = [0]
  /// Where the words of node `i`'s attributes begin and end in `key.words`.
  var attributeStarts: ContiguousArray<Int> = []
  var attributeEnds: ContiguousArray<Int> = []
  /// What is to be computed: per node, whether its outputs are wanted.
  var isOutput: ContiguousArray<Bool> = []
  /// Leaves whose memory may be overwritten.
  var isDonatable: ContiguousArray<Bool> = []
  /// Distinct values of the scalars that are not structural.
  var scalars: ContiguousArray<Double> = []
  /// The leaves that are numbers, each value and type once.
  private var numbers: ContiguousArray<Int> = []
  var key = StructureKey()

  private struct Frame {
    let node: Node
    let inputs: [Tensor]
    var next: Int
  }

  /// The walk's stacks; empty after it.
  private var frames: ContiguousArray<Frame> = []
  private var pending: ContiguousArray<Node> = []

  private init() {}

  /// Captures what `roots` need. Call inside the engine's lock.
  /// - Parameters:
  ///   - keepsHistory: leaves the inputs where they are, for a derivative to be taken later; then only the roots
  ///     are outputs and nothing is donated.
  ///   - spare: an emptied capture whose memory may be used again.
  init(_ roots: [Tensor], epoch: UInt64, keepsHistory: Bool, in spare: consuming Capture? = nil) {
    self = spare ?? Capture()
    for root in roots.reversed() { pending.append(root.node) }

    while true {
      if frames.isEmpty {
        guard let root = pending.popLast() else { break }
        if root.visit != epoch { open(root, epoch, keepsHistory) }
        continue
      }
      let top = frames.count - 1
      if frames[top].next < frames[top].inputs.count {
        let input = frames[top].inputs[frames[top].next].node
        frames[top].next += 1
        if input.visit != epoch { open(input, epoch, keepsHistory) }
      } else {
        close(frames.removeLast())
      }
    }

    isOutput.append(contentsOf: repeatElement(false, count: nodes.count))
    isDonatable.append(contentsOf: repeatElement(false, count: nodes.count))
    if keepsHistory {
      for root in roots { isOutput[root.node.index] = true }
    } else {
      findOwners()
    }
    for root in roots where !root.node.isEvaluated { isOutput[root.node.index] = true }
    var word: UInt64 = 0
    for index in nodes.indices {
      word = word << 2 | (isOutput[index] ? 2 : 0) | (isDonatable[index] ? 1 : 0)
      if index & 31 == 31 || index == nodes.count - 1 {
        key.append(word)
        word = 0
      }
    }
  }

  /// Lets go of the graph and keeps the memory: a training captures a graph of the same size every step.
  mutating func removeAll() {
    nodes.removeAll(keepingCapacity: true)
    operands.removeAll(keepingCapacity: true)
    operandStarts.removeAll(keepingCapacity: true)
    operandStarts.append(0)
    attributeStarts.removeAll(keepingCapacity: true)
    attributeEnds.removeAll(keepingCapacity: true)
    isOutput.removeAll(keepingCapacity: true)
    isDonatable.removeAll(keepingCapacity: true)
    scalars.removeAll(keepingCapacity: true)
    numbers.removeAll(keepingCapacity: true)
    key.words.removeAll(keepingCapacity: true)
  }

  /// Makes every value that is computed an output, so that each can be looked at afterwards.
  mutating func wantEverything() {
    for index in nodes.indices where !nodes[index].isEvaluated && !nodes[index].isNumber { isOutput[index] = true }
    key.append(UInt64.max)
  }

  /// Starts on a node the walk meets for the first time.
  private mutating func open(_ node: Node, _ epoch: UInt64, _ keepsHistory: Bool) {
    node.visit = epoch
    node.index = -1
    if !keepsHistory, !node.companions.isEmpty {
      for companion in node.companions {
        if let update = companion.node, update.visit != epoch { pending.append(update) }
      }
      node.companions = []
    }
    if node.isEvaluated || node.inputs.isEmpty {
      if !keepsHistory, !node.inputs.isEmpty { node.inputs = [] }
      closeLeaf(node)
      return
    }
    if keepsHistory {
      frames.append(Frame(node: node, inputs: node.inputs, next: 0))
    } else {
      var inputs: [Tensor] = []
      swap(&inputs, &node.inputs)
      frames.append(Frame(node: node, inputs: inputs, next: 0))
    }
  }

  private mutating func close(_ frame: Frame) {
    let node = frame.node
    node.index = nodes.count
    key.append(UInt64(UInt(bitPattern: ObjectIdentifier(type(of: node.operation)))))
    attributeStarts.append(key.words.count)
    node.operation.encode(into: &key)
    attributeEnds.append(key.words.count)
    for input in frame.inputs {
      operands.append(Operand(node: input.node.index, output: input.output))
      key.append(UInt64(input.node.index) << 8 | UInt64(input.output))
    }
    operandStarts.append(operands.count)
    nodes.append(node)
  }

  private mutating func closeLeaf(_ node: Node) {
    // Whether equal numbers share a node is chance (another task may have used their place in the cache); the structure must not tell.
    if node.isNumber, let twin = numbers.first(where: { isSameNumber(nodes[$0], node) }) {
      node.index = twin
      return
    }
    node.index = nodes.count
    let start = key.words.count
    if node.isNumber {
      numbers.append(node.index)
      let scalar = node.operation as! ScalarConstant
      key.append(2 | UInt64(node.type.dtype.rawValue) << 8)
      if ScalarConstant.isStructural(scalar.value) {
        key.append(scalar.value.bitPattern)
      } else {
        let slot = scalars.firstIndex { $0.bitPattern == scalar.value.bitPattern } ?? scalars.count
        if slot == scalars.count { scalars.append(scalar.value) }
        key.append(UInt64(slot) | 1 << 63 | 1 << 62)
      }
    } else if node.isEvaluated {
      key.append(1)
      key.append(node.type)
      for type in node.otherTypes { key.append(type) }
    } else {
      // An operation without operands, such as an iota.
      key.append(UInt64(UInt(bitPattern: ObjectIdentifier(type(of: node.operation)))))
      attributeStarts.append(key.words.count)
      node.operation.encode(into: &key)
      attributeEnds.append(key.words.count)
      operandStarts.append(operands.count)
      nodes.append(node)
      return
    }
    attributeStarts.append(start)
    attributeEnds.append(key.words.count)
    operandStarts.append(operands.count)
    nodes.append(node)
  }

  private func isSameNumber(_ a: Node, _ b: Node) -> Bool {
    a.type.dtype == b.type.dtype && (a.operation as! ScalarConstant).value.bitPattern == (b.operation as! ScalarConstant).value.bitPattern
  }

  /// Reads off the reference counts who else holds each node.
  private mutating func findOwners() {
    for index in nodes.indices where !nodes[index].isNumber {
      let isHeld = !isKnownUniquelyReferenced(&nodes[index])
      let node = nodes[index]
      if !node.isEvaluated {
        isOutput[index] = isHeld
      } else if !isHeld {
        isDonatable[index] = node.buffers.withLock { buffers in
          var isUnshared = true
          for position in buffers.indices where !isKnownUniquelyReferenced(&buffers[position]) { isUnshared = false }
          return isUnshared
        }
      }
    }
  }
}
