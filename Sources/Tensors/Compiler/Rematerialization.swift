/// Trades time for memory: values that would wait long for their next use are computed again instead.
///
/// Greedy, in the manner of Chen et al. ("Training deep nets with sublinear memory cost", 2016) but on any graph: while the estimated peak is
/// above the budget, of the values that are merely waiting at the peak the one is chosen that frees most bytes for the least work, and
/// its operation is repeated just before the next use.
struct Rematerialization {
  private var graph: Graph
  private let budget: Int

  static func apply(to graph: Graph, budget: Int) -> Graph {
    var pass = Rematerialization(graph: graph, budget: budget)
    pass.run()
    return pass.graph
  }

  private mutating func run() {
    // Each round repeats one step; more rounds than steps would mean repeating repetitions without end.
    for _ in 0..<(2 * graph.steps.count) {
      let lives = Lives(graph)
      guard lives.peakBytes > budget, let choice = best(lives) else { return }
      repeatStep(of: choice.value, before: choice.use)
    }
  }

  private struct Lives {
    /// The steps that read each value, in order.
    var uses: [[Int]]
    var definition: [Int]
    var peakStep = 0
    var peakBytes = 0
    let stepCount: Int

    init(_ graph: Graph) {
      stepCount = graph.steps.count
      uses = Array(repeating: [], count: graph.types.count)
      definition = Array(repeating: -1, count: graph.types.count)
      for (index, step) in graph.steps.enumerated() {
        for input in Set(step.inputs) { uses[Lives.base(input, graph)].append(index) }
        for output in step.outputs { definition[output] = index }
      }
      for output in graph.outputs { uses[Lives.base(output, graph)].append(graph.steps.count) }
      var change = [Int](repeating: 0, count: graph.steps.count + 2)
      for value in graph.types.indices where definition[value] >= 0 && !Lives.isView(value, graph) {
        guard let last = uses[value].last else { continue }
        change[definition[value]] += graph.types[value].byteCount
        change[last + 1] -= graph.types[value].byteCount
      }
      var bytes = 0
      for step in graph.steps.indices {
        bytes += change[step]
        if bytes > peakBytes { (peakBytes, peakStep) = (bytes, step) }
      }
    }

    /// Movements without memory of their own keep their operand alive instead.
    static func isView(_ value: Int, _ graph: Graph) -> Bool {
      let producer = graph.producers[value]
      guard producer >= 0 else { return false }
      let operation = graph.steps[producer].operation
      return operation is Reshape || operation is Transpose || operation is Broadcast || operation is Slice || operation is StopGradient
    }

    static func base(_ value: Int, _ graph: Graph) -> Int {
      var value = value
      while isView(value, graph) { value = graph.steps[graph.producers[value]].inputs[0] }
      return value
    }
  }

  private func best(_ lives: Lives) -> (value: Int, use: Int)? {
    var best: (value: Int, use: Int)?
    var bestScore = 0.0
    let isOutput = Set(graph.outputs.map { Lives.base($0, graph) })
    for value in graph.types.indices {
      let definition = lives.definition[value]
      guard definition >= 0, definition < lives.peakStep, !Lives.isView(value, graph), !isOutput.contains(value) else { continue }
      let step = graph.steps[definition]
      guard step.operation.isPure, step.outputs.count == 1, !lives.uses[value].contains(lives.peakStep),
        let next = lives.uses[value].first(where: { $0 > lives.peakStep }), next < lives.stepCount
      else { continue }
      // Repeating must not keep something else alive that is as large: operands have to be there at that time anyway.
      let missing = Set(step.inputs.map { Lives.base($0, graph) }).reduce(0) { bytes, input in
        guard lives.definition[input] >= 0 else { return bytes }
        return (lives.uses[input].last ?? -1) >= next ? bytes : bytes + graph.types[input].byteCount
      }
      let gain = graph.types[value].byteCount - missing
      guard gain > 0 else { continue }
      let score = Double(gain) / (work(step) + 1)
      if score > bestScore { (best, bestScore) = ((value, next), score) }
    }
    return best
  }

  /// Rough operations of a step; only ratios matter.
  private func work(_ step: Graph.Step) -> Double {
    let output = Double(graph.types[step.outputs.lowerBound].shape.elementCount)
    let inputs = step.inputs.reduce(0.0) { $0 + Double(graph.types[$1].shape.elementCount) }
    switch step.operation {
    case is Matmul: return 2 * output * Double(graph.types[step.inputs[0]].shape.last ?? 1)
    case is Convolution: return 2 * output * Double(graph.types[step.inputs[1]].shape.dropFirst().reduce(1, *))
    default: return output + inputs
    }
  }

  /// Inserts a copy of the step that computes `value` before step `use`; uses from there on read the copy.
  private mutating func repeatStep(of value: Int, before use: Int) {
    let original = graph.steps[graph.producers[value]]
    let copy = graph.types.count
    graph.types.append(graph.types[value])
    graph.producers.append(-1)
    var steps: [Graph.Step] = []
    steps.reserveCapacity(graph.steps.count + 8)
    // Views of the value are repeated along with it, since they would keep the first computation alive.
    var replacement: [Int: Int] = [value: copy]
    for (index, step) in graph.steps.enumerated() {
      if index == use { steps.append(Graph.Step(operation: original.operation, inputs: original.inputs, outputs: copy..<(copy + 1))) }
      var step = step
      if index >= use {
        for position in step.inputs.indices {
          step.inputs[position] = renewed(step.inputs[position], &replacement, &steps)
        }
      }
      steps.append(step)
    }
    graph.steps = steps
    for (index, step) in steps.enumerated() { for output in step.outputs { graph.producers[output] = index } }
    graph.removeUnusedSteps()
  }

  private mutating func renewed(_ input: Int, _ replacement: inout [Int: Int], _ steps: inout [Graph.Step]) -> Int {
    if let known = replacement[input] { return known }
    guard Lives.isView(input, graph), graph.producers[input] >= 0 else { return input }
    let view = graph.steps[graph.producers[input]]
    let source = renewed(view.inputs[0], &replacement, &steps)
    guard source != view.inputs[0] else { return input }
    let copy = graph.types.count
    graph.types.append(graph.types[input])
    graph.producers.append(-1)
    steps.append(Graph.Step(operation: view.operation, inputs: [source], outputs: copy..<(copy + 1)))
    replacement[input] = copy
    return copy
  }
}

/// The bytes of temporary memory that evaluations of the current task should stay within.
enum MemoryBudget {
  @TaskLocal static var bytes: Int?
}

/// Evaluates within a budget of temporary memory where that is possible: what does not fit is computed twice instead of kept.
///
/// Whether it was possible is seen in `EngineStatistics.lastPeakBytes` or in the plan's summary.
public func withMemoryBudget<Result>(bytes: Int, _ body: () throws -> Result) rethrows -> Result {
  precondition(bytes >= 0, "a memory budget is a number of bytes >= 0, not \(bytes)")
  return try MemoryBudget.$bytes.withValue(bytes, operation: body)
}
