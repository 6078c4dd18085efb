/// Where the time of evaluations goes, kernel by kernel.
final class KernelProfile {
  struct Entry {
    var count = 0
    var nanoseconds: UInt64 = 0
    var flops = 0.0
    var bytes = 0
  }

  private(set) var entries: [String: Entry] = [:]

  func add(_ step: Plan.Step, _ nanoseconds: UInt64) {
    let operands = step.reads.map { "\($0.shape)" }.joined(separator: " ")
    let results = step.writes.map { "\($0.shape)" }.joined(separator: " ")
    var entry = entries["\(step.name) \(operands) -> \(results)", default: Entry()]
    entry.count += 1
    entry.nanoseconds += nanoseconds
    entry.flops += step.flops
    entry.bytes += (step.reads + step.writes).reduce(0) { $0 + $1.byteCount }
    entries["\(step.name) \(operands) -> \(results)"] = entry
  }
}

/// Time, work and traffic of one kind of kernel.
public struct KernelTime: Sendable {
  /// Name and shapes.
  public let kernel: String
  public let count: Int
  public let seconds: Double
  public let gigaflopsPerSecond: Double
  public let gigabytesPerSecond: Double
}

/// Measures the kernels that run while `body` does, the most expensive first.
public func profileKernels(_ body: () throws -> Void) rethrows -> [KernelTime] {
  Engine.shared.startProfile()
  defer { _ = Engine.shared.stopProfile() }
  try body()
  return Engine.shared.stopProfile()
}
