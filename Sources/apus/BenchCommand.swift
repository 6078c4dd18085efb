import ArgumentParser
import Foundation
import Studies
import Tensors

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure the engine on fixed work.",
    discussion: """
      One step is forward, backward, optimiser update and reading the loss; in inference, one pass. Everything is f32 on all cores. \
      Benchmarks/README.md tells how to run the same work in PyTorch and JAX beside it.

      Rows: \(Benchmarks.all.map(\.name).joined(separator: ", ")).

      apus bench                      all rows, as a table
      apus bench --list               what each row computes
      apus bench cnn resnet20 --json  two rows, one JSON object a line
      apus bench cnn --profile        which kernels the time goes to
      """)

  @Argument(help: "The rows to measure; all without any.")
  var names: [String] = []

  @Flag(help: "Print one JSON object a row, each in a line of its own.")
  var json = false

  @Flag(help: "Say what each row computes instead of measuring it.")
  var list = false

  @Flag(help: "Print the kernels of a row, the most expensive first, instead of measuring it.")
  var profile = false

  @Option(help: "Least time to measure a row for, in seconds.")
  var seconds = 4.0

  @Option(help: "Threads to use; all cores without it.")
  var threads: Int?

  func validate() throws {
    for name in names where Benchmarks.named(name) == nil {
      let rows = Benchmarks.all.map(\.name)
      let near = suggestion(for: name, among: rows).map { "; did you mean \($0)?" } ?? ""
      throw ValidationError("there is no row \"\(name)\": expected \(rows.joined(separator: ", "))\(near)")
    }
    guard seconds > 0, seconds.isFinite else { throw ValidationError("--seconds must be above 0, not \(seconds)") }
    if let threads, threads < 1 { throw ValidationError("--threads must be at least 1, not \(threads)") }
    if profile && (json || list) || list && json { throw ValidationError("--list, --profile and --json exclude each other") }
  }

  func run() throws {
    if let threads { setThreadCount(threads) }
    let rows = names.isEmpty ? Benchmarks.all : names.compactMap(Benchmarks.named)
    if list {
      var table = TextTable(alignments: [.left, .left])
      for row in rows { table.append([row.name, row.summary]) }
      StandardOutput.write(table.text(width: 120))
      return
    }
    if profile {
      for row in rows { printProfile(row) }
      return
    }
    if !json { print(Self.line("row", "ms median", "ms min", "steps", "GFLOP/s", "peak MB", "compile ms", "us/node traced")) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    for row in rows {
      let result = row.measure(seconds: seconds)
      if json {
        print(String(decoding: try encoder.encode(result), as: UTF8.self))
      } else {
        print(
          Self.line(
            result.name, Self.number(result.msMedian, 3), Self.number(result.msMin, 3), String(result.n), Self.number(result.gflops, 0),
            Self.number(Double(result.peakBytes) * 1e-6, 1), Self.number(result.compileMs, 1),
            Self.number(result.traceMicrosecondsPerNode, 2)))
      }
      fflush(nil)
    }
  }

  private func printProfile(_ row: Benchmark) {
    let steps = 20
    print("\(row.name): \(row.summary)")
    print(Self.line("kernel ms a step", "calls", "GFLOP/s", "GB/s", "", "", "", "") + "kernel")
    for kernel in row.profile(steps: steps).prefix(40) {
      print(
        Self.line(
          Self.number(kernel.seconds / Double(steps) * 1e3, 3), String(kernel.count / steps), Self.number(kernel.gigaflopsPerSecond, 0),
          Self.number(kernel.gigabytesPerSecond, 1), "", "", "", ""
        ).trimmingCharacters(in: .whitespaces) + "  " + kernel.kernel)
    }
  }

  private static func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

  /// The name, then figures aligned to the right.
  private static func line(_ name: String, _ figures: String...) -> String {
    name.padding(toLength: 20, withPad: " ", startingAt: 0)
      + figures.map { String(repeating: " ", count: max(0, 15 - $0.count)) + $0 }.joined()
  }
}
