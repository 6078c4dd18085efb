extension ImageGrid: DrawnPlot {
  private var columnCount: Int { rows.map(\.pictures.count).max() ?? 0 }
  private var hasRowLabels: Bool { rows.contains { !$0.label.isEmpty } }
  private var hasPictureLabels: Bool { rows.contains { $0.pictures.contains { !$0.label.isEmpty } } }
  /// Between pictures, in widths of one.
  private static let gap = 0.1
  private static let rowLabelHeight = 24
  private static let pictureLabelHeight = 19

  var csv: CSVText {
    var csv = CSVText(["grid row", "grid column", "x", "y", "red", "green", "blue"])
    for (row, line) in rows.enumerated() {
      for (column, picture) in line.pictures.enumerated() {
        for pixel in 0..<(picture.width * picture.height) {
          let bytes = (0..<3).map { channel in
            let value = picture.values[pixel * picture.channels + min(channel, picture.channels - 1)]
            return String(Int((min(max(value.isNaN ? 0 : value, 0), 1) * 255).rounded()))
          }
          csv.append([String(row), String(column), String(pixel % picture.width), String(pixel / picture.width)] + bytes)
        }
      }
    }
    return csv
  }

  /// In widths of a picture.
  private var totalWidth: Double { max(Double(columnCount) * (1 + Self.gap) - Self.gap, 1) }
  private func pictureHeight(_ row: Row) -> Double { row.pictures.map { Double($0.height) / Double(max($0.width, 1)) }.max() ?? 0 }
  /// Over and under the pictures of each row, in pixels.
  private var aboveRow: Int { hasRowLabels ? Self.rowLabelHeight : 0 }
  private var belowRow: Int { hasPictureLabels ? Self.pictureLabelHeight : 0 }

  func height(width: Int) -> Int {
    let pictures = rows.reduce(0) { $0 + pictureHeight($1) + Self.gap } * Double(width) / totalWidth
    return min(Int(pictures.rounded(.up)) + rows.count * (aboveRow + belowRow), 2400)
  }

  func draw(in script: inout GnuplotScript) {
    script.add("unset key; unset grid; unset border; unset xtics; unset ytics")
    script.add("set lmargin 0; set rmargin 0; set tmargin 0; set bmargin 0")
    // One unit is the width of a picture, so a pixel is this many units.
    script.add("pixel = \(totalWidth) / width")
    script.add("set xrange [0:\(totalWidth)]; set yrange [-pixel*height:0]")
    var (start, pictures) = (0, 0.0)
    for (row, line) in rows.enumerated() {
      let top = "(-\(pictures)-pixel*\(row * (aboveRow + belowRow) + aboveRow))"
      let tallest = pictureHeight(line)
      if !line.label.isEmpty { script.label(line.label, at: "first 0, first \(top)+pixel*\(aboveRow / 2)", color: Palette.ink) }
      for (column, picture) in line.pictures.enumerated() {
        let count = picture.width * picture.height
        let left = Double(column) * (1 + Self.gap)
        // gnuplot wants the centres of the pixels.
        script.plot(
          "every ::\(start)::\(start + count - 1) using (\(left)+($3+0.5)/\(picture.width)):(\(top)-($4+0.5)/\(picture.width)):5:6:7 "
            + "with rgbimage notitle")
        if !picture.label.isEmpty {
          script.label(picture.label, at: "first \(left + 0.5), first \(top)-\(tallest)-pixel*\(Self.pictureLabelHeight / 2)", "center")
        }
        start += count
      }
      pictures += tallest + Self.gap
    }
  }
}
