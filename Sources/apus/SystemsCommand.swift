import ArgumentParser
import Studies
import Training

struct SystemsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "systems", abstract: "List every system: what it claims, and what data it takes.",
    discussion: """
      apus systems
      apus systems --json | jq '.[].slug'
      """)

  @Flag(help: "Print one JSON document.")
  var json = false

  func run() throws {
    let cards = Studies.all.map { $0.card }
    if json {
      StandardOutput.write(try ReportJSON.encode(cards.map(CardDocument.init)))
      return
    }
    var table = TextTable(["system", "family", "claim"], alignments: [.left, .left, .left])
    for card in cards { table.append([card.slug, card.family.title, card.claim]) }
    StandardOutput.write(
      table.text() + "\nPresets: \(Preset.allCases.map(\.rawValue).joined(separator: ", ")). More about one: apus summary SYSTEM\n")
  }
}

/// A system in JSON.
struct CardDocument: Encodable {
  let slug, title: String
  let authors: [String]
  let year: Int
  let source, family, problem, claim: String
  let presets: [Preset]
  let data: [DataKind]
  let needs: [String]

  init(_ card: StudyCard) {
    slug = card.slug
    title = card.title
    authors = card.authors
    year = card.year
    source = card.source
    family = card.family.rawValue
    problem = card.problem
    claim = card.claim
    presets = Preset.allCases
    data = card.data
    needs = card.needs
  }
}
