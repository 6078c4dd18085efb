import Foundation

/// Makes gnuplot's SVG part of a page: colours get names that follow the reader's light or dark page, identifiers become unique, and a title and a
/// description are there for those who listen.
enum FigureStyle {
  /// What goes into a page; its colours are those of the page's style sheet.
  static func inline(_ svg: String, figure: Figure, variant: String) -> String {
    body(svg, figure: figure, prefix: "\(figure.name)-\(variant)", style: "")
  }

  /// A file of its own, with its own style sheet.
  static func standalone(_ svg: String, figure: Figure) -> String {
    let style = Palette.variables.replacing(":root", with: "svg") + Palette.rules + textRules
    return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
      + body(svg, figure: figure, prefix: figure.name, style: "<style>\(style)</style>\n")
  }

  static let textRules =
    "text{font-family:system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif}image{image-rendering:pixelated}"

  private static func body(_ svg: String, figure: Figure, prefix: String, style: String) -> String {
    // gnuplot's own head says who drew it; a reader wants to know what.
    guard let open = svg.range(of: "<svg"), let close = svg.range(of: "<g id=\"gnuplot_canvas\">"),
      let view = viewBox(svg[open.lowerBound...])
    else {
      return svg
    }
    let head = """
      <svg viewBox="\(view)" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" role="img" \
      aria-labelledby="\(prefix)-title \(prefix)-description">
      <title id="\(prefix)-title">\(escaped(figure.title))</title>
      <desc id="\(prefix)-description">\(escaped(figure.caption))</desc>
      \(style)<g>
      """
    return head + named(svg[close.upperBound...], prefix: prefix)
  }

  private static func viewBox(_ text: Substring) -> Substring? {
    text.firstMatch(of: /viewBox="([0-9. ]+)"/)?.1
  }

  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
  }

  private static func named(_ text: Substring, prefix: String) -> String {
    let names = Dictionary(uniqueKeysWithValues: Palette.all.map { ($0.light, $0.name) })
    var result = ""
    var rest = text
    while let start = rest.firstIndex(of: "<"), let end = rest[start...].firstIndex(of: ">") {
      result += rest[..<start]
      result += tag(rest[start...end], prefix: prefix, names: names)
      rest = rest[rest.index(after: end)...]
    }
    return result + rest
  }

  private static func tag(_ text: Substring, prefix: String, names: [UInt32: String]) -> String {
    // Pictures carry their bytes in the tag.
    if text.hasPrefix("<image") || text.hasPrefix("</") || text.hasPrefix("<!") { return String(text) }
    var classes: [String] = []
    for match in text.matches(of: /(stroke|fill|color)\s*=\s*['"]rgb\(\s*(\d+),\s*(\d+),\s*(\d+)\)['"]/) {
      guard let red = UInt32(match.2), let green = UInt32(match.3), let blue = UInt32(match.4),
        let name = names[red << 16 | green << 8 | blue]
      else { continue }
      classes.append((match.1 == "stroke" ? "k-" : match.1 == "fill" ? "f-" : "c-") + name)
    }
    var tag = text.replacing(/\s+class="gridline"/, with: "")
      .replacing(/\bid=(['"])/) { "id=\($0.1)\(prefix)-" }
      .replacing(/xlink:href=(['"])#/) { "xlink:href=\($0.1)#\(prefix)-" }
      .replacing(/url\(#/, with: "url(#\(prefix)-")
    guard !classes.isEmpty, let name = tag.firstMatch(of: /<\w+/) else { return String(tag) }
    tag.insert(contentsOf: " class=\"\(classes.joined(separator: " "))\"", at: name.range.upperBound)
    return String(tag)
  }
}
