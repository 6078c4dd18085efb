import Synchronization

/// Evaluates graphs: captures what is asked for, finds or compiles its plan, runs it, and leaves the values in the nodes.
///
/// One lock covers all of it, so kernels of different tasks take turns; within a kernel all cores work on one thing.
final class Engine: Sendable {
  static let shared = Engine()

  private struct State {
    var plans = PlanCache()
    var epoch: UInt64 = 0
    let arena = Arena()
    var statistics = EngineStatistics()
    var profile: KernelProfile?
    /// Memory for the next capture.
    var spare: Capture?
  }

  private let state = Mutex<State>(State())

  func evaluate(_ roots: [Tensor]) {
    // Released outside the lock: dropping history frees many nodes.
    var finished: Capture?
    state.withLock { state in finished = Self.evaluate(roots, &state) }
    guard finished != nil else { return }
    finished!.removeAll()
    state.withLock { $0.spare = finished.take() }
  }

  /// Runs `body` while no graph is being evaluated or changed.
  func withGraphLocked<Result>(_ body: (_ epoch: UInt64) -> sending Result) -> sending Result {
    state.withLock { state in
      state.epoch += 1
      return body(state.epoch)
    }
  }

  func startProfile() { state.withLock { $0.profile = KernelProfile() } }

  func stopProfile() -> [KernelTime] {
    state.withLock { state in
      defer { state.profile = nil }
      return (state.profile?.entries ?? [:]).map { kernel, entry in
        let seconds = Double(max(entry.nanoseconds, 1)) * 1e-9
        return KernelTime(
          kernel: kernel, count: entry.count, seconds: seconds, gigaflopsPerSecond: entry.flops / seconds * 1e-9,
          gigabytesPerSecond: Double(entry.bytes) / seconds * 1e-9)
      }.sorted { $0.seconds > $1.seconds }
    }
  }

  var statistics: EngineStatistics { state.withLock { $0.statistics } }

  /// The plan that evaluating `roots` would run, without running it.
  func describe(_ roots: [Tensor]) -> PlanSummary {
    state.withLock { state in
      state.epoch += 1
      let capture = Capture(roots, epoch: state.epoch, keepsHistory: true)
      let plan = Plan(Lowering(Self.graph(capture)), nodeCount: capture.nodes.count, compileStart: monotonicNanoseconds())
      return PlanSummary(plan)
    }
  }

  private static func graph(_ capture: Capture) -> Graph {
    let graph = Graph(capture).wideningUnsupportedProducts()
    return MemoryBudget.bytes.map { Rematerialization.apply(to: graph, budget: $0) } ?? graph
  }

  private static func evaluate(_ roots: [Tensor], _ state: inout State) -> Capture? {
    for root in roots where root.node.isNumber && !root.node.isEvaluated { root.node.realiseNumber() }
    let pending = roots.filter { !$0.node.isEvaluated }
    guard !pending.isEmpty else { return nil }
    let start = monotonicNanoseconds()
    let keepsHistory = Recording.isKept
    state.epoch += 1
    var capture = Capture(pending, epoch: state.epoch, keepsHistory: keepsHistory, in: state.spare.take())
    if Recording.keepsEveryValue { capture.wantEverything() }
    if let budget = MemoryBudget.bytes { capture.key.append(budget) }
    let hash = capture.key.hash
    let captured = monotonicNanoseconds()
    var statistics = EngineStatistics()
    let plan: Plan
    if let known = state.plans.plan(hash: hash, words: capture.key.words, at: state.epoch) {
      plan = known
    } else {
      plan = Plan(Lowering(graph(capture)), nodeCount: capture.nodes.count, compileStart: captured)
      state.plans.insert(plan, hash: hash, words: capture.key.words, at: state.epoch)
      statistics.compiledPlans = 1
      statistics.compiledNodes = capture.nodes.count
      statistics.compileNanoseconds = plan.compileNanoseconds
    }

    let buffers = plan.inputs.map { input in capture.nodes[input.node].buffers.withLock { $0[input.output] } }
    let runStart = monotonicNanoseconds()
    let results = plan.run(inputs: buffers, scalars: capture.scalars, arena: state.arena, profile: state.profile)
    let runEnd = monotonicNanoseconds()

    var next = 0
    for index in capture.nodes.indices where capture.isOutput[index] {
      let node = capture.nodes[index]
      let count = node.outputCount
      node.buffers.withLock { $0 = Array(results[next..<(next + count)]) }
      node.isEvaluated = true
      next += count
    }
    statistics.evaluations = 1
    statistics.tracedNodes = capture.nodes.count
    statistics.traceNanoseconds = captured - start
    statistics.runNanoseconds = runEnd - runStart
    statistics.lastPeakBytes = plan.peakBytes
    statistics.peakBytes = plan.peakBytes
    statistics.lastFlops = plan.flops
    state.statistics.add(statistics)
    StatisticsCollector.current?.add(statistics)
    return capture
  }
}

/// What the engine did so far in this process.
public struct EngineStatistics: Sendable {
  /// Graphs evaluated, and nodes traced for them.
  public var evaluations = 0
  public var tracedNodes = 0
  public var traceNanoseconds: UInt64 = 0
  /// Structures compiled, nodes in them, and the time it took.
  public var compiledPlans = 0
  public var compiledNodes = 0
  public var compileNanoseconds: UInt64 = 0
  /// Time spent in kernels.
  public var runNanoseconds: UInt64 = 0
  /// Exact peak memory of the latest plan, in bytes: inputs, outputs and temporaries.
  public var lastPeakBytes = 0
  public var peakBytes = 0
  /// Floating point operations of the latest plan.
  public var lastFlops = 0.0

  /// The counters of this process.
  public static var current: EngineStatistics { Engine.shared.statistics }

  /// What the engine does for the current task while `body` runs. May be nested: what is counted within counts outside too.
  public static func during(_ body: () throws -> Void) rethrows -> EngineStatistics {
    let (outer, collector) = (StatisticsCollector.current, StatisticsCollector())
    defer { outer?.add(collector.total) }
    try StatisticsCollector.$current.withValue(collector) { try body() }
    return collector.total
  }

  fileprivate mutating func add(_ other: EngineStatistics) {
    evaluations += other.evaluations
    tracedNodes += other.tracedNodes
    traceNanoseconds += other.traceNanoseconds
    compiledPlans += other.compiledPlans
    compiledNodes += other.compiledNodes
    compileNanoseconds += other.compileNanoseconds
    runNanoseconds += other.runNanoseconds
    lastPeakBytes = other.lastPeakBytes
    peakBytes = max(peakBytes, other.peakBytes)
    lastFlops = other.lastFlops
  }
}

/// Adds up what is done on behalf of one task.
private final class StatisticsCollector: Sendable {
  @TaskLocal static var current: StatisticsCollector?
  private let sum = Mutex(EngineStatistics())

  var total: EngineStatistics { sum.withLock { $0 } }
  func add(_ statistics: EngineStatistics) { sum.withLock { $0.add(statistics) } }
}

/// What a plan would do: its kernels, their shapes, and what they cost.
public struct PlanSummary: Sendable, CustomStringConvertible {
  public let description: String
  public let kernelCount: Int
  public let flops: Double
  /// Bytes of inputs, outputs and temporaries at the fullest moment, exactly.
  public let peakBytes: Int
  /// Bytes of temporaries alone.
  public let temporaryBytes: Int

  init(_ plan: Plan) {
    description = plan.description
    kernelCount = plan.steps.count
    flops = plan.flops
    peakBytes = plan.peakBytes
    temporaryBytes = plan.arenaBytes
  }

  /// The plan that computes `tensors`.
  public init(of tensors: Tensor...) { self = Engine.shared.describe(tensors) }

  /// The plan that computes `tensors`.
  public init(of tensors: [Tensor]) { self = Engine.shared.describe(tensors) }
}

/// Whether evaluation keeps the history of what it computes, so that a derivative can still be taken afterwards.
enum Recording {
  @TaskLocal static var isKept = false
  /// Whether, beyond that, every value on the way is computed and kept, so that it can be looked at.
  @TaskLocal static var keepsEveryValue = false
}

/// Runs `body` so that what it evaluates keeps its history: control flow may look at values on the way, and a derivative through them can still be
/// taken afterwards. Nothing but what is asked for is kept, so that values on the way are computed anew when they are needed again.
package func keepingHistory<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Recording.$isKept.withValue(true, operation: body)
}
