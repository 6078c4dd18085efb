/// Columns of text, as wide as what stands in them; long texts of the last column go on beneath themselves.
struct TextTable {
  enum Alignment { case left, right }

  private let alignments: [Alignment]
  private var rows: [[String]]
  private let hasHeader: Bool

  init(_ header: [String] = [], alignments: [Alignment]) {
    self.alignments = alignments
    hasHeader = !header.isEmpty
    rows = hasHeader ? [header] : []
  }

  mutating func append(_ row: [String]) { rows.append(row) }

  func text(width: Int = 100) -> String {
    let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    let before = widths.dropLast().reduce(0) { $0 + $1 + 2 }
    var lines: [String] = []
    for row in rows {
      let parts = Self.wrapped(row.last ?? "", width: max(width - before, 30))
      let head = zip(zip(row, widths), alignments).dropLast().map { Self.padded($0.0, $0.1, $1) + "  " }.joined()
      let isNumber = alignments.last == .right
      lines.append(head + (isNumber ? Self.padded(parts[0], widths.last ?? 0, .right) : parts[0]))
      for part in parts.dropFirst() { lines.append(String(repeating: " ", count: before) + part) }
    }
    return lines.map { line in
      var line = line[...]
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }

  private static func padded(_ text: String, _ width: Int, _ alignment: Alignment) -> String {
    let space = String(repeating: " ", count: max(width - text.count, 0))
    return alignment == .left ? text + space : space + text
  }

  private static func wrapped(_ text: String, width: Int) -> [String] {
    var lines = [""]
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      // A list without spaces may end a line after any of its commas.
      for (index, piece) in (word.count > width ? pieces(word) : [word]).enumerated() {
        let last = lines[lines.count - 1]
        let space = index == 0 && !last.isEmpty ? " " : ""
        if last.isEmpty || last.count + space.count + piece.count <= width {
          lines[lines.count - 1] = last + space + piece
        } else {
          lines.append(String(piece))
        }
      }
    }
    return lines
  }

  private static func pieces(_ word: Substring) -> [Substring] {
    var pieces: [Substring] = []
    var rest = word
    while let comma = rest.firstIndex(of: ",") {
      pieces.append(rest[...comma])
      rest = rest[rest.index(after: comma)...]
    }
    return rest.isEmpty ? pieces : pieces + [rest]
  }
}
