import ArgumentParser
import Foundation
import Studies
import Training

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Compare a system with an independent implementation, tensor by tensor.",
    discussion: """
      The file holds inputs, parameters and expected results of a case, as the system's specification names them. Apus runs its own method on the \
      inputs and parameters, and compares. Exit code 1 says that a tensor differs by more than its tolerance.

      apus verify --system noprop case.safetensors
      """)

  @Option(help: "The system, as apus systems lists it.")
  var system: String

  @Argument(help: ArgumentHelp("The case, as a safetensors file.", valueName: "file"))
  var file: String

  @Flag(help: "Print one JSON document.")
  var json = false

  func run() throws {
    let study = try Studies.study(system)
    let tensors = try study.verify(URL(fileURLWithPath: file))
    let failed = tensors.filter { !$0.pass }
    let document = ParityDocument(system: system, file: file, tensors: tensors)
    StandardOutput.write(json ? String(decoding: try ReportJSON.encode(document), as: UTF8.self) : Self.text(tensors))
    if let worst = failed.first {
      throw ChecksFailed(
        description: "\(file): \(failed.count) of \(tensors.count) tensors differ from the expected ones, as \(worst.name) does"
          + (worst.problem.map { " (\($0))" } ?? " by \(NumberText.value(worst.maxRel)), tolerance \(NumberText.value(worst.tolerance))"))
    }
    if tensors.isEmpty { throw ChecksFailed(description: "\(file): nothing was compared, so nothing is verified") }
  }

  private static func text(_ tensors: [ParityTensor]) -> String {
    var table = TextTable(
      ["tensor", "largest |difference|", "relative", "tolerance", ""], alignments: [.left, .right, .right, .right, .left])
    for tensor in tensors {
      table.append([
        tensor.name, scientific(tensor.maxAbs), scientific(tensor.maxRel), scientific(tensor.tolerance),
        tensor.problem ?? (tensor.pass ? "pass" : "FAIL"),
      ])
    }
    let passed = tensors.filter(\.pass).count
    return table.text(width: 140) + "\n\(passed) of \(tensors.count) tensors agree.\n"
  }

  private static func scientific(_ value: Double) -> String { value.isFinite ? String(format: "%.2e", value) : "infinite" }
}

/// What `verify --json` prints.
struct ParityDocument: Encodable {
  struct Entry: Encodable {
    let name: String
    let maxAbs, maxRel, tolerance: Double
    let pass: Bool
    /// Why nothing could be compared.
    let problem: String?
  }

  let system, file: String
  let tensors: [Entry]
  let pass: Bool

  init(system: String, file: String, tensors: [ParityTensor]) {
    self.system = system
    self.file = file
    self.tensors = tensors.map {
      Entry(name: $0.name, maxAbs: $0.maxAbs, maxRel: $0.maxRel, tolerance: $0.tolerance, pass: $0.pass, problem: $0.problem)
    }
    pass = !tensors.isEmpty && tensors.allSatisfy(\.pass)
  }
}
