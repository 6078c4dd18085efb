import Foundation
import Studies
import Tensors
import Training

/// The pages of the repository with their generated parts as they should be.
struct GeneratedDocumentation {
  struct File {
    let name: String
    /// As it is; empty where there is none.
    let current: String
    /// As it should be.
    let text: String
  }

  let root: URL

  /// - Throws: `FileAccessError`; `FileFormatError` where a page has no place for its generated part.
  func files() throws -> [File] {
    let pages = try Studies.all.map { try page(of: $0) }
    let readme = try read("README.md")
    let table = try replacing("systems", in: readme, of: "README.md", by: systems)
    return pages + [
      File(name: "README.md", current: readme, text: table),
      File(name: "Documentation/Gallery.md", current: (try? read("Documentation/Gallery.md")) ?? "", text: gallery),
    ]
  }

  // MARK: Pages

  private func page(of study: any Study.Type) throws -> File {
    let name = "Documentation/Systems/\(study.card.slug).md"
    let current = try read(name)
    let text = try replacing("card", in: current, of: name, by: Self.card(study.card))
    return File(name: name, current: current, text: try replacing("options", in: text, of: name, by: Self.options(study)))
  }

  private static func card(_ card: StudyCard) -> String {
    """
    *\(words(card.authors)), "\(card.title)", \(card.year), \(card.source).*

    | | |
    |---|---|
    | Problem | \(card.problem) |
    | Claim | \(card.claim) |
    | Family | \(card.family.title) (`import \(card.family.rawValue)`) |
    | Data | \(card.data.map(\.rawValue).joined(separator: ", ")) |\(card.needs.isEmpty ? "" : "\n| Needs | \(card.needs.joined(separator: ", ")) |")
    """
  }

  private static func words(_ authors: [String]) -> String {
    authors.count < 2 ? authors.joined() : authors.dropLast().joined(separator: ", ") + " and " + authors.last!
  }

  private static func options(_ study: any Study.Type) -> String {
    func rows<S: Study>(_ study: S.Type) -> [String] {
      let presets = Preset.allCases.map { study.options($0) }
      return S.Options.fields.map { field in
        let values = presets.map { cell(field.text($0)) }
        return "| `\(field.name)` | \(values.joined(separator: " | ")) | \(cell(field.meaning)): \(cell(field.allowed)) |"
      }
    }
    let header = "| option | \(Preset.allCases.map(\.rawValue).joined(separator: " | ")) | meaning |\n|---|---|---|---|---|"
    return ([header] + rows(study)).joined(separator: "\n")
  }

  /// A text that does not end its cell, with places to break a long list.
  private static func cell(_ text: String) -> String {
    text.replacing("|", with: "\\|").replacing(",", with: ", ").replacing(",  ", with: ", ")
  }

  // MARK: Lists

  private var systems: String {
    let rows = Studies.all.map { study in
      "| [\(study.card.slug)](Documentation/Systems/\(study.card.slug).md) | \(study.card.problem) | \(study.card.claim) | \(study.card.family.rawValue) |"
    }
    return "| system | the problem | what the paper claims | family |\n|---|---|---|---|\n" + rows.joined(separator: "\n")
  }

  private var gallery: String {
    var text = """
      # Gallery

      Figures of every system. The page behind each name tells what was run, on which data, what was measured, and how to make
      the figure again.

      """
    for study in Studies.all {
      let slug = study.card.slug
      text += "\n## [\(slug)](Systems/\(slug).md)\n\n\(study.card.claim)\n"
      for figure in figures(slug) { text += "\n![\(caption(figure, slug))](Systems/\(figure))\n" }
    }
    return text
  }

  /// The pictures of a system, by name.
  private func figures(_ slug: String) -> [String] {
    let folder = root.appendingPathComponent("Documentation/Systems").path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasPrefix("\(slug)-") && $0.hasSuffix(".svg") }.sorted()
  }

  private func caption(_ figure: String, _ slug: String) -> String {
    "\(slug): " + figure.dropFirst(slug.count + 1).dropLast(4).split(separator: "-").joined(separator: " ")
  }

  // MARK: Files

  private func read(_ name: String) throws -> String {
    let url = root.appendingPathComponent(name)
    do { return try String(contentsOf: url, encoding: .utf8) } catch {
      throw FileAccessError(path: url.path, action: "read", reason: error.localizedDescription)
    }
  }

  /// Puts a text between `<!-- NAME -->` and `<!-- end of NAME -->`.
  private func replacing(_ part: String, in text: String, of file: String, by new: String) throws -> String {
    let (open, close) = ("<!-- \(part) -->", "<!-- end of \(part) -->")
    guard let start = text.range(of: open), let end = text.range(of: close), start.upperBound <= end.lowerBound else {
      throw FileFormatError(path: file, found: "no place for its \(part)", expected: "\(open) and \(close), each in a line of its own")
    }
    return text[..<start.upperBound] + "\n" + new + "\n" + text[end.lowerBound...]
  }
}
