import Studies
import Training

/// The options of a system: their meaning, what they may be, and what the presets make of them.
struct OptionListing {
  private struct Entry: Encodable {
    let name, meaning, allowed, value: String
    let presets: [String: String]

    /// Whether the values would push the meaning off the screen.
    var isLong: Bool { presets.values.contains { $0.count > 12 } }
  }

  private let system: String
  private let preset: Preset
  private let entries: [Entry]

  /// The values are those of `preset` with `assignments`, which are checked.
  init(_ study: any Study.Type, preset: Preset, file: OptionsFile? = nil, assignments: [String]) throws {
    func entries<S: Study>(_ study: S.Type) throws -> [Entry] {
      let options = try study.options(preset, file: file, assignments)
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
    guard !entries.isEmpty else { return "\(system) has no options.\n" }
    let presets = Preset.allCases.map(\.rawValue)
    var table = TextTable(["option"] + presets + ["meaning"], alignments: [.left] + presets.map { _ in .left } + [.left])
    for entry in entries {
      table.append(
        [entry.name] + presets.map { entry.isLong ? "below" : entry.presets[$0] ?? "" } + ["\(entry.meaning): \(entry.allowed)"])
    }
    var text = table.text(width: 120)
    for entry in entries where entry.isLong {
      var values = TextTable(alignments: [.left, .left])
      for preset in presets { values.append(["  " + preset, entry.presets[preset] ?? ""]) }
      text += "\n\(entry.name)\n" + values.text(width: 120)
    }
    let example = entries.first { !$0.isLong } ?? entries[0]
    return text + "\napus run \(system) --set \(example.name)=\(example.presets[preset.rawValue] ?? "")\n"
  }
}
