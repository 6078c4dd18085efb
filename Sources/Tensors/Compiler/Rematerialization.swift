/// Trades time for memory: values that would wait long for their next use are computed again instead.
///
/// Two ways, both measured by what the plan then really needs. *Segments*, as in Chen et al. ("Training deep nets with sublinear memory cost",
/// 2016) but on any graph: the computation up to its fullest moment is cut where few values cross, only those are kept, and a segment is repeated
/// as a whole when the first of its values is needed again. Then *single values*, greedily: of the values that are merely waiting at the fullest
/// moment, the one that frees most bytes for the least work.
///
/// Only values that the lowering gives memory count, since what is fused away costs none.
struct Rematerialization {
  private var graph: Graph
  private let budget: Int
  /// Values that have memory of their own.
  private var isMaterialised: [Bool] = []

  static func apply(to graph: Graph, budget: Int) -> Graph {
    let free = Rematerialization(graph: graph, budget: budget)
    var (best, bytes) = (free, free.temporaryBytes)
    guard bytes > budget else { return graph }
    for count in [2, 3, 4, 6, 8, 12, 16, 24, 32] {
      guard let cut = free.segmented(count) else { break }
      let needed = cut.temporaryBytes
      if needed < bytes { (best, bytes) = (cut, needed) }
      if needed <= budget { break }
    }
    for start in [best, free] where bytes > budget {
      let refined = start.refined()
      if refined.bytes < bytes { (best, bytes) = refined }
    }
    return best.graph
  }

  private init(graph: Graph, budget: Int) {
    self.graph = graph
    self.budget = budget
    isMaterialised = Lowering(graph).materialisedValues()
  }

  private var temporaryBytes: Int { Plan.temporaryBytes(of: Lowering(graph)) }

  // MARK: - Segments

  /// The graph with what precedes its fullest moment cut into `count` segments of about equal memory, of which only the borders are kept; nil
  /// where that changes nothing.
  private func segmented(_ count: Int) -> Rematerialization? {
    let lives = Lives(graph, isMaterialised)
    let peak = lives.peakStep
    let waiting = graph.types.indices.filter { value in
      isMaterialised[value] && lives.definition[value] >= 0 && lives.definition[value] < peak
        && lives.uses[value].last.map { $0 > peak && $0 < graph.steps.count } ?? false
    }.sorted { lives.definition[$0] < lives.definition[$1] }
    guard waiting.count > count else { return nil }

    // Bytes that cross from each step to the next within the computation up to the peak.
    var crossing = [Int](repeating: 0, count: peak + 1)
    var lastEarlyUse: [Int: Int] = [:]
    for value in graph.types.indices where isMaterialised[value] && lives.definition[value] >= 0 && lives.definition[value] < peak {
      guard let last = lives.uses[value].last(where: { $0 <= peak }) else { continue }
      lastEarlyUse[value] = last
      for step in lives.definition[value]..<last { crossing[step] += graph.types[value].byteCount }
    }
    let total = waiting.reduce(0) { $0 + graph.types[$1].byteCount }
    var cuts: [Int] = []
    var bytes = 0
    var window: ClosedRange<Int>?
    for value in waiting {
      bytes += graph.types[value].byteCount
      let target = total * (cuts.count + 1) / count
      let tolerance = total / count / 4
      let step = lives.definition[value]
      if bytes >= target - tolerance { window = (window?.lowerBound ?? step)...step }
      if bytes >= target + tolerance || bytes >= target && value == waiting.last, let range = window, cuts.count < count - 1 {
        cuts.append(range.min { crossing[$0] < crossing[$1] }!)
        window = nil
      }
    }
    guard !cuts.isEmpty else { return nil }
    var kept: Set<Int> = []
    for (value, last) in lastEarlyUse where cuts.contains(where: { lives.definition[value] <= $0 && $0 < last }) { kept.insert(value) }

    var repetitions: [Repetition] = []
    for (lower, upper) in zip([-1] + cuts, cuts + [peak]) {
      let members = waiting.filter { lives.definition[$0] > lower && lives.definition[$0] <= upper && !kept.contains($0) }
      guard let use = members.compactMap({ lives.uses[$0].first { $0 > peak } }).min() else { continue }
      var closure = Closure(next: use, kept: kept)
      for member in members {
        var extended = closure
        if collect(graph.producers[member], into: &extended, lives) { closure = extended }
      }
      repetitions.append(Repetition(steps: closure.steps.sorted(), use: use))
    }
    var result = self
    result.insert(repetitions)
    return result
  }

  // MARK: - Single values

  /// More repetitions than this multiple of the original steps would be repeating repetitions without end.
  private static let maximumGrowth = 4

  private func refined() -> (Rematerialization, bytes: Int) {
    let limit = Self.maximumGrowth * graph.steps.count
    var pass = self
    var (best, bytes) = (self, temporaryBytes)
    while bytes > budget, pass.graph.steps.count < limit, pass.shrink(by: bytes - budget) {
      let needed = pass.temporaryBytes
      guard needed < bytes else { break }
      (best, bytes) = (pass, needed)
    }
    return (best, bytes)
  }

  /// Repeats steps until the estimated peak has fallen by `bytes`; false where nothing can be gained.
  private mutating func shrink(by bytes: Int) -> Bool {
    let start = Lives(graph, isMaterialised).peakBytes
    var hasChanged = false
    for _ in 0..<graph.steps.count {
      let lives = Lives(graph, isMaterialised)
      if start - lives.peakBytes >= bytes { return true }
      guard let choice = best(lives) else { return hasChanged }
      insert([choice])
      hasChanged = true
    }
    return hasChanged
  }

  /// When values are there, in steps of the graph.
  private struct Lives {
    /// The steps that read each value or a view of it, in order.
    var uses: [[Int]]
    var definition: [Int]
    var peakStep = 0
    var peakBytes = 0

    init(_ graph: Graph, _ isMaterialised: [Bool]) {
      uses = Array(repeating: [], count: graph.types.count)
      definition = Array(repeating: -1, count: graph.types.count)
      for (index, step) in graph.steps.enumerated() {
        for input in Set(step.inputs.map { Lives.base($0, graph) }) { uses[input].append(index) }
        for output in step.outputs { definition[output] = index }
      }
      // What is fused into its readers holds its operands until the last of them has run.
      for step in graph.steps.reversed() {
        for output in step.outputs where !isMaterialised[output] && !Lives.isView(output, graph) {
          guard let last = uses[output].last else { continue }
          for input in Set(step.inputs.map { Lives.base($0, graph) }) where last > uses[input].last! { uses[input].append(last) }
        }
      }
      for output in graph.outputs { uses[Lives.base(output, graph)].append(graph.steps.count) }
      var change = [Int](repeating: 0, count: graph.steps.count + 2)
      for value in graph.types.indices where definition[value] >= 0 && isMaterialised[value] {
        guard let last = uses[value].last, last < graph.steps.count else { continue }
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

  /// Steps to repeat, in order, before step `use`.
  private struct Repetition {
    var steps: [Int]
    var use: Int
  }

  private func best(_ lives: Lives) -> Repetition? {
    var best: Repetition?
    var bestScore = 0.0
    for value in graph.types.indices where isMaterialised[value] {
      let definition = lives.definition[value]
      guard definition >= 0, definition < lives.peakStep, lives.uses[value].last.map({ $0 < graph.steps.count }) ?? false,
        !lives.uses[value].contains(lives.peakStep), let next = lives.uses[value].first(where: { $0 > lives.peakStep })
      else { continue }
      var plan = Closure(next: next)
      guard collect(graph.producers[value], into: &plan, lives) else { continue }
      let gain = graph.types[value].byteCount - plan.extraBytes
      guard gain > 0 else { continue }
      let score = Double(gain) / (plan.work + 1)
      if score > bestScore { (best, bestScore) = (Repetition(steps: plan.steps.sorted(), use: next), score) }
    }
    return best
  }

  private struct Closure {
    let next: Int
    /// The values that are there; nil means those that are alive by then anyway.
    var kept: Set<Int>?
    var steps: Set<Int> = []
    var work = 0.0
    /// Bytes that would have to wait at the peak because of the repetition.
    var extraBytes = 0

    init(next: Int, kept: Set<Int>? = nil) {
      self.next = next
      self.kept = kept
    }
  }

  /// Adds the step and, of those before it, the ones whose results are gone by then; false where one of them cannot be repeated.
  private func collect(_ index: Int, into closure: inout Closure, _ lives: Lives) -> Bool {
    if closure.steps.contains(index) { return true }
    let step = graph.steps[index]
    guard step.operation.isPure else { return false }
    closure.steps.insert(index)
    closure.work += work(step)
    for input in step.inputs {
      let base = Lives.base(input, graph)
      // Views are repeated along with their reader: a view of something else's memory costs nothing.
      var view = input
      while view != base {
        closure.steps.insert(graph.producers[view])
        view = graph.steps[graph.producers[view]].inputs[0]
      }
      guard lives.definition[base] >= 0 else { continue }
      let last = lives.uses[base].last ?? -1
      if isMaterialised[base], last == graph.steps.count { continue }
      if let kept = closure.kept {
        if kept.contains(base) { continue }
      } else if isMaterialised[base] {
        if last >= closure.next { continue }
        if last >= lives.peakStep {
          closure.extraBytes += last > lives.peakStep ? 0 : graph.types[base].byteCount
          continue
        }
      }
      guard collect(graph.producers[base], into: &closure, lives) else { return false }
    }
    return true
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

  /// Inserts copies of steps; from there on, everything reads their results instead of the first ones.
  private mutating func insert(_ repetitions: [Repetition]) {
    var steps: [Graph.Step] = []
    steps.reserveCapacity(graph.steps.count + repetitions.reduce(0) { $0 + $1.steps.count })
    var renewed: [Int: Int] = [:]
    for (index, step) in graph.steps.enumerated() {
      for repetition in repetitions where repetition.use == index {
        for original in repetition.steps.map({ graph.steps[$0] }) {
          let inputs = original.inputs.map { renewed[$0] ?? $0 }
          let first = graph.types.count
          for output in original.outputs {
            renewed[output] = graph.types.count
            graph.types.append(graph.types[output])
            graph.producers.append(-1)
            isMaterialised.append(isMaterialised[output])
          }
          steps.append(
            Graph.Step(operation: original.operation, inputs: inputs, outputs: first..<graph.types.count, isRepetition: true))
        }
      }
      steps.append(
        Graph.Step(
          operation: step.operation, inputs: step.inputs.map { renewed[$0] ?? $0 }, outputs: step.outputs, isRepetition: step.isRepetition))
    }
    graph.steps = steps
    for (index, step) in steps.enumerated() { for output in step.outputs { graph.producers[output] = index } }
    graph.removeUnusedSteps()
  }
}

extension Lowering {
  /// Whether each value has temporary memory of its own, of which it is the last value to live there.
  func materialisedValues() -> [Bool] {
    var holder: [Int: Int] = [:]
    for value in graph.types.indices {
      switch storage[value] {
      case .none: continue
      case .memory(let view):
        let producer = graph.producers[value]
        guard producer >= 0, buffers[view.buffer].kind == .temporary else { continue }
        // An alias of another value's memory is a view of it.
        if graph.steps[producer].inputs.contains(where: { holder[view.buffer] == $0 }) && isMovement(graph.steps[producer].operation) { continue }
        holder[view.buffer] = value
      case .register(let group, let register):
        let (group, register) = resolve(group, register)
        for output in groups[group].outputs where output.register == register && output.reduction == nil { holder[output.view.buffer] = value }
      }
    }
    var result = [Bool](repeating: false, count: graph.types.count)
    for value in holder.values { result[value] = true }
    return result
  }

  private func isMovement(_ operation: any Primitive) -> Bool {
    operation is Reshape || operation is Transpose || operation is Broadcast || operation is Slice || operation is StopGradient
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
