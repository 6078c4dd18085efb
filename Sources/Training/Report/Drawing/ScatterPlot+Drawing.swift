extension ScatterPlot: DrawnPlot {
  var csv: CSVText {
    var csv = CSVText(["series", x.label, y.label])
    for one in series {
      for point in one.points { csv.append([one.name, NumberText.exact(point.x), NumberText.exact(point.y)]) }
    }
    return csv
  }

  func height(width: Int) -> Int { (width >= FigureSize.wide ? 420 : 340) + GnuplotScript.keyHeight(series.map(\.name), width: width) }

  func draw(in script: inout GnuplotScript) {
    let points = series.flatMap(\.points)
    script.horizontal(x, values: points.map(\.x), padding: 0.05)
    script.vertical(y, values: points.map(\.y))
    if series.count < 2 { script.add("unset key") }
    let size = points.count > 2000 ? 0.25 : points.count > 200 ? 0.4 : 0.7
    let styles = SeriesStyle.styles(for: series.map(\.role))
    for (style, (one, rows)) in zip(styles, zip(series, CSVRange.ranges(of: series.map(\.points.count)))) where !one.points.isEmpty {
      script.plot(
        "\(rows) using 2:3 with points linecolor rgb \"\(style.color.hex)\" pointtype \(style.mark) pointsize \(size) "
          + "title \(GnuplotScript.quoted(one.name))")
    }
  }
}
