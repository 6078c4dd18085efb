extension HistogramPlot: DrawnPlot {
  /// The edges of the bins, which all series share.
  private var edges: [Double] {
    let finite = series.flatMap(\.values).filter(\.isFinite)
    let low = axis.range?.lowerBound ?? finite.min() ?? 0
    let high = axis.range?.upperBound ?? finite.max() ?? 1
    let width = (high > low ? high - low : 1) / Double(bins)
    return (0...bins).map { low + Double($0) * width }
  }

  /// Of the values of a series, the part in each bin, in hundredths.
  private func shares(_ one: Series, _ edges: [Double]) -> [Double] {
    var counts = [Int](repeating: 0, count: bins)
    let width = edges[1] - edges[0]
    for value in one.values where value >= edges[0] && value <= edges[bins] {
      counts[min(Int((value - edges[0]) / width), bins - 1)] += 1
    }
    return counts.map { 100 * Double($0) / Double(max(one.values.count, 1)) }
  }

  var csv: CSVText {
    var csv = CSVText(["series", "from", "to", "share (%)"])
    let edges = edges
    for one in series {
      for (bin, share) in shares(one, edges).enumerated() {
        csv.append([one.name, NumberText.exact(edges[bin]), NumberText.exact(edges[bin + 1]), NumberText.exact(share)])
      }
    }
    return csv
  }

  func height(width: Int) -> Int { (width >= FigureSize.wide ? 300 : 260) + GnuplotScript.keyHeight(series.map(\.name), width: width) }

  func draw(in script: inout GnuplotScript) {
    let edges = edges
    script.horizontal(Axis(axis.name, axis.unit, range: edges[0]...edges[bins]), values: [])
    let largest = series.flatMap { shares($0, edges) }.max() ?? 0
    script.vertical(Axis("share of values", .percent, range: 0...(largest > 0 ? largest * 1.08 : 1)), values: [])
    if series.count < 2 { script.add("unset key") }
    let styles = SeriesStyle.styles(for: series.map(\.role))
    let ranges = CSVRange.ranges(of: series.map { _ in bins })
    for (style, (one, rows)) in zip(styles, zip(series, ranges)) {
      script.plot(
        "\(rows) using (($2+$3)/2):(0):2:3:(0):4 with boxxyerror fillcolor rgb \"\(style.color.hex)\" "
          + "fillstyle transparent solid \(one.role == .method ? 0.35 : 0.22) noborder notitle")
      script.plot(
        "\(rows) using 2:4 with steps linecolor rgb \"\(style.color.hex)\" linewidth 1.6 dashtype \(style.dash) "
          + "title \(GnuplotScript.quoted(one.name))")
    }
  }
}
