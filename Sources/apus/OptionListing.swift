import Studies
import Training

/// The options of a system: their meaning, what they may be, and what the presets make of them.
struct OptionListing {
  private struct Entry: Encodable {
    let name, meaning, allowed, value: String
    let presets: [String: String]
  }

  private let system: String
  private let preset: Preset
  private let entries: [Entry]

  /// The values are those of `preset` with `assignments`, which are checked.
  init(_ study: any Study.Type, preset: Preset, assignments: [String]) throws {
    func entries<S: Study>(_ study: S.Type) throws -> [Entry] {
      let options = try study.options(preset, assignments)
      return S.Options.fields.map { field in
        Entry(
          name: field.name, meaning: field.meaning, allowed: field.allowed, value: field.text(options),
          presets: Dictionary(uniqueKeysWithValues: Preset.allCases.map { ($0.rawValue, field.text(study.options($0))) }))
      }
    }
    system = study.card.slug
    self.preset = preset
    self.entries = try entries(study)
  }

  func text(json: Bool) throws -> String {
    if json { return String(decoding: try ReportJSON.encode(entries), as: UTF8.self) }
    let presets = Preset.allCases.map(\.rawValue)
    var table = TextTable(["option"] + presets + ["meaning"], alignments: [.left] + presets.map { _ in .left } + [.left])
    for entry in entries {
      table.append([entry.name] + presets.map { entry.presets[$0] ?? "" } + ["\(entry.meaning) (\(entry.allowed))"])
    }
    let example = entries.first.map { "apus run \(system) --set \($0.name)=\($0.presets[preset.rawValue] ?? "")" } ?? ""
    return table.text(width: 120) + (entries.isEmpty ? "\(system) has no options.\n" : "\n\(example)\n")
  }
}
