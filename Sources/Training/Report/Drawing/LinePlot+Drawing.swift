extension LinePlot: DrawnPlot {
  private var seedCount: Int { curves.flatMap(\.y).map(\.values.count).max() ?? 1 }

  var csv: CSVText {
    var csv = CSVText(["series", x.label] + Measurement.columns(y.label, seeds: seedCount))
    for curve in curves {
      for (x, y) in zip(curve.x, curve.y) { csv.append([curve.name, NumberText.exact(x)] + y.fields(seeds: seedCount)) }
    }
    return csv
  }

  func height(width: Int) -> Int { (width >= FigureSize.wide ? 330 : 280) + GnuplotScript.keyHeight(curves.map(\.name), width: width) }

  func draw(in script: inout GnuplotScript) {
    script.horizontal(x, values: curves.flatMap(\.x))
    script.vertical(
      y, values: curves.flatMap(\.y).flatMap { [$0.mean - ($0.standardError ?? 0), $0.mean + ($0.standardError ?? 0)] })
    if curves.count < 2 { script.add("unset key") }
    let styles = SeriesStyle.styles(for: curves.map(\.role))
    let ranges = CSVRange.ranges(of: curves.map(\.x.count))
    for (style, (curve, rows)) in zip(styles, zip(curves, ranges)) where curve.y.contains(where: { $0.standardError != nil }) {
      script.plot(
        "\(rows) using 2:($3-$4):($3+$4) with filledcurves linecolor rgb \"\(style.color.hex)\" fillstyle transparent solid 0.16 noborder notitle"
      )
    }
    for (style, (curve, rows)) in zip(styles, zip(curves, ranges)) {
      let isSparse = curve.x.count <= 25
      let marks = isSparse ? "linespoints pointtype \(style.mark) pointsize 0.55" : "lines"
      script.plot(
        "\(rows) using 2:3 with \(marks) linecolor rgb \"\(style.color.hex)\" linewidth \(style.width) dashtype \(style.dash) "
          + "title \(GnuplotScript.quoted(curve.name))")
    }
  }
}

/// The rows of one series among those of all, as gnuplot selects them.
enum CSVRange {
  static func ranges(of counts: [Int]) -> [String] {
    var start = 0
    return counts.map { count in
      defer { start += count }
      return "every ::\(start)::\(start + count - 1)"
    }
  }
}
