import Foundation
import Tensors

/// Where and by what a result was produced. Nothing in it is a path or a name of this machine.
public struct EnvironmentFacts: Sendable, Equatable, Codable {
  /// "Intel(R) Xeon(R) ..."; nil where the system does not say.
  public var processor: String?
  /// Cores that this process may run on.
  public var coreCount: Int
  /// "Debian GNU/Linux 12 (bookworm)".
  public var operatingSystem: String
  /// Bytes of memory of the machine.
  public var memoryBytes: Int
  /// Version of this library.
  public var version: String
  /// The commit of the repository the program was run in, with "+" behind it where files differ from the commit; nil outside a repository.
  public var commit: String?

  /// The facts of this process.
  public static var current: EnvironmentFacts {
    EnvironmentFacts(
      processor: processorName, coreCount: ProcessInfo.processInfo.activeProcessorCount, operatingSystem: systemName,
      memoryBytes: Int(clamping: ProcessInfo.processInfo.physicalMemory), version: Apus.version, commit: currentCommit)
  }

  private static var processorName: String? {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
    for line in text.split(separator: "\n") where line.hasPrefix("model name") {
      return line.split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) }
    }
    return nil
  }

  private static var systemName: String {
    let text = (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8)) ?? ""
    for line in text.split(separator: "\n") where line.hasPrefix("PRETTY_NAME=") {
      return line.dropFirst("PRETTY_NAME=".count).trimmingCharacters(in: CharacterSet(charactersIn: "\"'"))
    }
    return ProcessInfo.processInfo.operatingSystemVersionString
  }

  private static var currentCommit: String? {
    guard let commit = git("rev-parse", "HEAD"), !commit.isEmpty else { return nil }
    let changes = git("status", "--porcelain", "--untracked-files=no") ?? ""
    return commit + (changes.isEmpty ? "" : "+")
  }

  /// What git prints; nil where there is no git, or it fails.
  private static func git(_ arguments: String...) -> String? {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["git"] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { return nil }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

/// What a run took.
public struct ResourceUse: Sendable, Equatable {
  /// The most memory this process held at once, in bytes (resident set).
  public var peakResidentBytes: Int
  /// Seconds of processor time of all threads.
  public var processorSeconds: Double
  /// Exact peak of the engine's plans, in bytes.
  public var peakPlanBytes: Int
  /// Structures the engine compiled, and graphs it evaluated.
  public var compiledPlans: Int
  public var evaluations: Int

  /// Of this process so far.
  public static var current: ResourceUse {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let statistics = EngineStatistics.current
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
    return ResourceUse(
      peakResidentBytes: usage.ru_maxrss * 1024, processorSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
      peakPlanBytes: statistics.peakBytes, compiledPlans: statistics.compiledPlans, evaluations: statistics.evaluations)
  }
}
