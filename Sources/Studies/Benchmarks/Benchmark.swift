import Foundation
import Tensors

/// One row of the benchmark: a piece of work that is repeated and timed.
public struct Benchmark: Sendable {
  /// Name of the row, as in `apus bench NAME`.
  public let name: String
  /// What is computed, in one line.
  public let summary: String
  /// Whether every step has a structure of its own, so that compilation is part of the work.
  let isFreshEachStep: Bool
  /// Builds the network and its data; each call of the result does one step and returns a number that depends on all of it.
  let prepare: @Sendable () -> () -> Float

  init(_ name: String, _ summary: String, isFreshEachStep: Bool = false, prepare: @escaping @Sendable () -> () -> Float) {
    self.name = name
    self.summary = summary
    self.isFreshEachStep = isFreshEachStep
    self.prepare = prepare
  }
}

/// What a benchmark measured. Keys of the JSON line are those of the peers' script.
public struct BenchmarkResult: Codable, Sendable {
  public let name: String
  /// Milliseconds a step over `n` steps after warm-up.
  public let msMedian: Double
  public let msMin: Double
  public let n: Int
  /// Inputs, outputs and temporaries of the step's plan at the fullest moment, in bytes; exact.
  public let peakBytes: Int
  /// Peak resident memory of the process, in bytes.
  public let residentBytes: Int
  public let gflops: Double
  /// Milliseconds the first structure took to compile, and microseconds a node of it.
  public let compileMs: Double
  public let compileMicrosecondsPerNode: Double
  /// Nodes a step records, and microseconds the engine takes to recognise one.
  public let nodes: Int
  public let traceMicrosecondsPerNode: Double
  /// Structures compiled while measuring, a step.
  public let compiledPerStep: Double
  public let threads: Int
  /// Load average of the machine at the end.
  public let load: Double

  enum CodingKeys: String, CodingKey {
    case name, n, peakBytes, residentBytes, gflops, nodes, threads, load
    case msMedian = "ms_median"
    case msMin = "ms_min"
    case compileMs, compileMicrosecondsPerNode, traceMicrosecondsPerNode, compiledPerStep
  }
}

extension Benchmark {
  /// Steps before measuring.
  private static let warmUp = 3

  /// Measures for at least `seconds` and three steps.
  ///
  /// - Parameter progress: called now and then with the share of the time that is over.
  public func measure(seconds: Double = 4, progress: (Double) -> Void = { _ in }) -> BenchmarkResult {
    let step = prepare()
    let clock = ContinuousClock()
    let before = EngineStatistics.current
    _ = step()
    let first = EngineStatistics.current
    for _ in 1..<Self.warmUp { _ = step() }

    let warm = EngineStatistics.current
    var times: [Double] = []
    var flops = 0.0
    let start = clock.now
    while times.count < 3 || clock.now - start < .seconds(seconds) {
      var value: Float = 0
      let time = clock.measure { value = step() }
      precondition(value.isFinite, "benchmark \(name): step \(times.count) gave \(value)")
      times.append(time / .milliseconds(1))
      flops += EngineStatistics.current.lastFlops
      progress(min(1, (clock.now - start) / .seconds(seconds)))
    }
    let after = EngineStatistics.current
    let total = times.reduce(0, +)
    let count = Double(times.count)
    times.sort()
    let nodes = after.tracedNodes - warm.tracedNodes
    let compiledNodes = first.compiledNodes - before.compiledNodes
    let compileNanoseconds = Double(first.compileNanoseconds - before.compileNanoseconds)
    var load = [0.0]
    _ = getloadavg(&load, 1)
    return BenchmarkResult(
      name: name, msMedian: times[times.count / 2], msMin: times[0], n: times.count, peakBytes: after.lastPeakBytes,
      residentBytes: peakResidentBytes(), gflops: flops / total * 1e-6, compileMs: compileNanoseconds * 1e-6,
      compileMicrosecondsPerNode: compileNanoseconds * 1e-3 / Double(max(compiledNodes, 1)), nodes: Int(Double(nodes) / count),
      traceMicrosecondsPerNode: Double(after.traceNanoseconds - warm.traceNanoseconds) * 1e-3 / Double(max(nodes, 1)),
      compiledPerStep: Double(after.compiledPlans - warm.compiledPlans) / count, threads: threadCount, load: load[0])
  }

  /// Where the time of a step goes: the kernels of `steps` steps, the most expensive first.
  public func profile(steps: Int = 20) -> [KernelTime] {
    let step = prepare()
    for _ in 0..<Self.warmUp { _ = step() }
    return profileKernels { for _ in 0..<steps { _ = step() } }
  }
}

/// Peak resident memory of this process in bytes; 0 where the system does not tell.
private func peakResidentBytes() -> Int {
  var usage = rusage()
  return getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 ? Int(usage.ru_maxrss) * 1024 : 0
}
