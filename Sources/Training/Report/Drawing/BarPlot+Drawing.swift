extension BarPlot: DrawnPlot {
  private var seedCount: Int { bars.map(\.value.values.count).max() ?? 1 }
  /// A bar says how long it is only from zero; on other axes a dot says where it is.
  private var hasBars: Bool { axis.scale == .linear && (axis.range?.contains(0) ?? true) }

  var csv: CSVText {
    var csv = CSVText(["name"] + Measurement.columns(axis.label, seeds: seedCount))
    for bar in bars { csv.append([bar.name] + bar.value.fields(seeds: seedCount)) }
    return csv
  }

  func height(width: Int) -> Int { bars.count * 52 + 60 }

  func draw(in script: inout GnuplotScript) {
    let ends = bars.flatMap { [$0.value.mean - ($0.value.standardError ?? 0), $0.value.mean + ($0.value.standardError ?? 0)] }.filter(
      \.isFinite)
    let low = hasBars ? min(ends.min() ?? 0, 0) : ends.min() ?? 0
    let high = hasBars ? max(ends.max() ?? 1, 0) : ends.max() ?? 1
    script.add("set grid noytics xtics linecolor rgb \"\(Palette.grid.hex)\" linewidth 1 linetype 1")
    script.add("unset ytics; unset key; set border 0; set xtics scale 0; set tmargin 0.6; set lmargin 1.5; set rmargin 1.5")
    script.horizontal(
      Axis(axis.name, axis.unit, scale: axis.scale, range: axis.range), values: [low, high].filter { _ in axis.scale == .logarithmic })
    if axis.scale == .linear {
      if axis.range == nil { script.add(range(low, high)) }
      // Room for the numbers behind the bars is no room for percentages beyond all.
      let isShare = axis.unit == .percent && low >= 0 && (50...100).contains(high)
      script.add("set xtics \(isShare ? "0,20,100" : "autofreq")")
    }
    script.add("set yrange [\(Double(-bars.count) + 0.45):0.75]")
    for (index, bar) in bars.enumerated() { draw(bar, at: -index, from: low, in: &script) }
  }

  private func draw(_ bar: Bar, at y: Int, from low: Double, in script: inout GnuplotScript) {
    // Bars of one quantity share a hue: names tell them apart.
    let color = bar.role == .method ? Palette.series[0] : Palette.baselines[0]
    let end = bar.value.mean + (bar.value.standardError ?? 0)
    script.label(bar.name, at: "graph 0, first \(y)", color: Palette.ink, offset: "0,1.0")
    script.label(
      NumberText.measurement(bar.value, axis.unit), at: "first \(NumberText.exact(hasBars ? max(end, 0) : end)), first \(y)",
      offset: "0.9,0")
    let row = "every ::\(-y)::\(-y)"
    if hasBars {
      script.plot("\(row) using ($2/2):(\(y)):(0):($2):(\(y)-0.16):(\(y)+0.16) with boxxyerror fillcolor rgb \"\(color.hex)\" notitle")
    }
    // A bar's end needs no dot. (A dot of size 0 is a mark of scale 0, at which some readers of SVG give up.)
    let dot = hasBars ? -1 : bar.role == .method ? 7 : 6
    let mark = "linecolor rgb \"\(hasBars ? Palette.ink.hex : color.hex)\" pointtype \(dot)"
    if bar.value.standardError != nil {
      script.plot("\(row) using 2:(\(y)):3 with xerrorbars \(mark) linewidth 1.4 pointsize 0.8 notitle")
    } else if !hasBars {
      script.plot("\(row) using 2:(\(y)) with points \(mark) pointsize 0.8 notitle")
    }
  }

  /// With room for the numbers behind the bars.
  private func range(_ low: Double, _ high: Double) -> String {
    let span = high > low ? high - low : max(abs(high), 1)
    let start = hasBars ? (low < 0 ? low - span * 0.1 : 0) : low - span * 0.15
    return "set xrange [\(NumberText.exact(start)):(\(NumberText.exact(high)))+\(NumberText.exact(span))*(narrow ? 0.75 : 0.32)]"
  }
}
