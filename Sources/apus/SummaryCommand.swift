import ArgumentParser
import Foundation
import Layers
import Studies
import Tensors
import Training

struct SummaryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "summary", abstract: "Describe a system and its networks, or what a run has found and saved.",
    discussion: """
      apus summary noprop                  problem, claim, and the networks with their parameters
      apus summary noprop --preset paper   the networks of the paper's configuration
      apus summary runs/noprop-quick       the findings of a run, and its model
      """)

  @Argument(help: ArgumentHelp("A system, or the output directory of a run.", valueName: "system|dir"))
  var subject: String

  @Option(help: "Whose networks to describe: quick, reduced or paper.")
  var preset: Preset = .quick

  @Option(
    name: .customLong("set"), parsing: .singleValue, help: ArgumentHelp("Changes an option; may be repeated.", valueName: "name=value"))
  var assignments: [String] = []

  @Flag(help: "Print one JSON document.")
  var json = false

  func run() throws {
    var isDirectory: ObjCBool = false
    let isRun = FileManager.default.fileExists(atPath: subject, isDirectory: &isDirectory) && isDirectory.boolValue
    let isSystem = Studies.all.contains { $0.card.slug == subject }
    if isRun && !isSystem || subject.contains("/") {
      try describeRun(URL(fileURLWithPath: subject))
    } else {
      try describe(try Studies.study(subject))
    }
  }

  private func describeRun(_ directory: URL) throws {
    let findings = try RunFiles.findings(in: directory)
    let file = directory.appendingPathComponent("model.safetensors")
    let model = FileManager.default.fileExists(atPath: file.path) ? NetworkDocument(try SafetensorsFile(reading: file)) : nil
    if json {
      StandardOutput.write(try ReportJSON.encode(RunDocument(findings: findings, model: model)))
      return
    }
    StandardOutput.write(
      RunText.verdicts(findings) + (findings.claims.isEmpty ? "" : "\n" + RunText.measurements(findings))
        + (model.map { "\n" + $0.text } ?? "")
        + "\nReport: \(RunText.shortest(directory.appendingPathComponent("report.html")))\n")
  }

  private func describe<S: Study>(_ study: S.Type) throws {
    let networks = try study.networks(try study.options(preset, assignments)).map { NetworkDocument($0) }
    if json {
      StandardOutput.write(try ReportJSON.encode(SystemDocument(card: CardDocument(study.card), networks: networks)))
      return
    }
    let card = study.card
    var text = "\(card.slug): \(card.title)\n\(card.authors.joined(separator: ", ")), \(card.year), \(card.source)\n\n"
    var facts = TextTable(alignments: [.left, .left])
    facts.append(["Problem", card.problem])
    facts.append(["Claim", card.claim])
    facts.append(["Family", card.family.title])
    facts.append(["Data", card.data.map(\.rawValue).joined(separator: ", ")])
    if !card.needs.isEmpty { facts.append(["Needs", card.needs.joined(separator: ", ")]) }
    facts.append(["Options", "apus run \(card.slug) --options"])
    text += facts.text()
    for network in networks { text += "\n" + network.text }
    StandardOutput.write(text)
  }
}

private struct SystemDocument: Encodable {
  let card: CardDocument
  let networks: [NetworkDocument]
}

private struct RunDocument: Encodable {
  let findings: FindingsDocument
  let model: NetworkDocument?
}

private struct NetworkDocument: Encodable {
  struct Entry: Encodable {
    let name: String
    let shape: [Int]
    let dtype: String
    let count: Int
    /// "weight" or "statistic"; files do not say.
    let role: String?
  }

  let name: String
  let parameterCount: Int
  let parameters: [Entry]
  /// What each layer does with one example.
  let layers: LayerSummary?

  init(_ network: StudyNetwork) {
    layers = network.layers
    name = network.name
    parameterCount = network.module.parameterCount
    parameters = network.module.namedParameters.map { named in
      Entry(
        name: named.name, shape: Array(named.parameter.shape), dtype: "\(named.parameter.dtype)", count: named.parameter.shape.elementCount,
        role: named.parameter.role == .weight ? "weight" : "statistic")
    }
  }

  init(_ file: SafetensorsFile) {
    layers = nil
    name = file.url.lastPathComponent
    parameters = file.names.sorted { $0.localizedStandardCompare($1) == .orderedAscending }.compactMap { name in
      file[name].map { entry in
        Entry(
          name: name, shape: Array(entry.shape), dtype: entry.storage.dtype.map { "\($0)" } ?? entry.storage.rawValue,
          count: entry.shape.elementCount, role: nil)
      }
    }
    parameterCount = parameters.reduce(0) { $0 + $1.count }
  }

  var text: String {
    var table = TextTable(alignments: [.left, .left, .right])
    for group in AlikeParameters.groups(parameters.map { ($0.name, $0.shape) }) {
      let count = NumberText.value(Double(group.shape.reduce(1, *)))
      table.append([
        "  " + group.name, group.shape.map(String.init).joined(separator: " x "), group.count > 1 ? "\(group.count) x \(count)" : count,
      ])
    }
    return "\(name): \(NumberText.value(Double(parameterCount))) parameters\n" + table.text() + (layers.map(Self.text) ?? "")
  }

  /// What the layers do with one example, those that repeat told once.
  private static func text(_ layers: LayerSummary) -> String {
    var table = TextTable(
      ["  layer", "kind", "output", "multiply-adds", "activations"], alignments: [.left, .left, .left, .right, .right])
    let rows = layers.rows
    var index = 0
    while index < rows.count {
      // A block that is used again with the same shapes is told once, with how often.
      let count = rows[index...].prefix { $0 == rows[index] || $0.isRepetition(of: rows[index]) }.count
      let row = rows[index]
      let times = count > 1 ? "\(count) x " : ""
      table.append([
        "  " + (row.name ?? "-"), row.kind, row.output.map(String.init).joined(separator: " x "),
        times + NumberText.value(Double(row.multiplyAdds)), times + NumberText.value(Double(row.activationBytes), .bytes),
      ])
      index += count
    }
    table.append([
      "  one example", "", "", NumberText.value(Double(layers.multiplyAdds)), NumberText.value(Double(layers.activationBytes), .bytes),
    ])
    return "\n" + table.text(width: 120)
      + "  the whole way takes \(NumberText.value(layers.flops)) floating point operations, and \(NumberText.value(Double(layers.peakBytes), .bytes)) at its fullest moment\n"
  }
}

extension LayerSummary.Row {
  /// The same layer with the same shapes, used again.
  fileprivate func isRepetition(of row: LayerSummary.Row) -> Bool {
    name == row.name && kind == row.kind && input == row.input && output == row.output
  }
}
