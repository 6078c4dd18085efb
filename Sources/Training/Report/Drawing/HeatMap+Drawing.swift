extension HeatMap: DrawnPlot {
  private var width: Int { values.first?.count ?? 0 }
  private var finite: [Double] { values.flatMap(\.self).filter(\.isFinite) }
  /// Colours part at zero where the values lie on both sides of it.
  private var isDiverging: Bool { (finite.min() ?? 0) < 0 && (finite.max() ?? 0) > 0 }
  private var ends: ClosedRange<Double> {
    if let range = value.range { return range }
    let (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
    if isDiverging {
      let size = max(-low, high)
      return -size...size
    }
    return low...(high > low ? high : low + 1)
  }

  private func rowName(_ index: Int) -> String { rows.isEmpty ? String(index) : rows[index] }
  private func columnName(_ index: Int) -> String { columns.isEmpty ? String(index) : columns[index] }

  var csv: CSVText {
    var csv = CSVText(["row", "column", y.name, x.name, value.label])
    for (row, line) in values.enumerated() {
      for (column, one) in line.enumerated() {
        csv.append([String(row), String(column), rowName(row), columnName(column), NumberText.exact(one)])
      }
    }
    return csv
  }

  func height(width: Int) -> Int { min(max(values.count * 26 + 110, 220), width >= FigureSize.wide ? 560 : 420) }

  func draw(in script: inout GnuplotScript) {
    let cells = CellColors(ends: ends, isDiverging: isDiverging)
    script.cells(
      rows: values.indices.map(rowName), columns: (0..<width).map(columnName), x: x, y: y)
    script.add(cells.function)
    // A cell without a number stays empty; its colour would be black.
    script.add("set datafile missing NaN")
    if max(width, values.count) <= 40 {
      let half = GnuplotScript.cellHalf(width, values.count)
      script.plot(
        "using 2:(-$1):($2-\(half)):($2+\(half)):(-$1-\(half)):(-$1+\(half)):(color($5)) with boxxyerror fillcolor rgb variable notitle")
    } else {
      script.plot("using 2:(-$1):(red($5)):(green($5)):(blue($5)):(opacity($5)) with rgbalpha notitle")
    }
    if width <= 10, values.count <= 14 {
      for (row, line) in values.enumerated() {
        for (column, one) in line.enumerated() where one.isFinite {
          script.label(
            NumberText.short(one), at: "first \(column), first \(-row)", "center",
            color: cells.weight(one) > 0.55 ? Palette.onFill : Palette.ink, isForWideOnly: width > 6)
        }
      }
    }
    script.colorScale(cells, value)
  }
}

/// Colour by opacity of one hue (of two, on both sides of zero), so that a map suits a light and a dark page.
struct CellColors {
  let ends: ClosedRange<Double>
  let isDiverging: Bool

  /// From 0 at the low end (or at zero) to 1.
  func weight(_ value: Double) -> Double {
    let part = isDiverging ? abs(value) / ends.upperBound : (value - ends.lowerBound) / (ends.upperBound - ends.lowerBound)
    return min(max(part, 0), 1)
  }

  /// gnuplot's `color(value)`: alpha (0 is opaque), red, green and blue in one number.
  var function: String {
    let low = NumberText.exact(ends.lowerBound)
    let high = NumberText.exact(ends.upperBound)
    let (one, other) = (Palette.series[0].light, Palette.series[1].light)
    let weight = isDiverging ? "abs(v)/(\(high))" : "(v-(\(low)))/((\(high))-(\(low)))"
    func channel(_ shift: UInt32) -> String {
      let (first, second) = (one >> shift & 255, other >> shift & 255)
      return isDiverging ? "(v < 0 ? \(second) : \(first))" : "\(first)"
    }
    return """
      unit(v) = v < 0 ? 0 : v > 1 ? 1 : v
      opacity(v) = v == v ? int(6 + 249 * unit(\(weight))) : 0
      red(v) = \(channel(16))
      green(v) = \(channel(8))
      blue(v) = \(channel(0))
      color(v) = ((255 - opacity(v)) * 256 + red(v)) * 65536 + green(v) * 256 + blue(v)
      """
  }

  /// The colour of a part of the scale, from 0 at its low end to 1, as gnuplot writes it.
  func hex(at part: Double) -> String {
    let value = ends.lowerBound + part * (ends.upperBound - ends.lowerBound)
    let alpha = UInt32(249 * (1 - weight(value)))
    let hue = isDiverging && value < 0 ? Palette.series[1] : Palette.series[0]
    return "#" + (alpha < 16 ? "0" : "") + String(alpha, radix: 16) + hue.hex.dropFirst()
  }
}

extension GnuplotScript {
  /// Half the size of a cell: small gaps part few cells.
  static func cellHalf(_ columns: Int, _ rows: Int) -> Double { max(columns, rows) <= 24 ? 0.48 : 0.5 }

  /// Axes around cells whose centres are at (column, -row).
  mutating func cells(rows: [String], columns: [String], x: Axis, y: Axis) {
    func tics(_ names: [String], _ sign: Int) -> String {
      let step = Int(GnuplotScript.wholeStep(for: Double(names.count) / 2.5))
      return names.indices.filter { $0 % step == 0 }.map { "\(GnuplotScript.quoted(names[$0])) \(sign * $0)" }.joined(separator: ", ")
    }
    add("unset key; unset grid; set border 0; set xtics scale 0; set ytics scale 0; set tmargin 2.4")
    add("set xrange [-0.5:\(Double(columns.count) - 0.5)]; set yrange [\(0.5 - Double(rows.count)):0.5]")
    add("set xtics (\(tics(columns, 1)))")
    add("set ytics (\(tics(rows, -1)))")
    add("set xlabel \(GnuplotScript.quoted(x.label)) textcolor rgb \"\(Palette.text.hex)\" offset 0,0.2")
    label(y.label, at: "graph 0, graph 1", offset: "-1.2,1.1")
  }

  /// A strip of the colours with their ends, right of the plot.
  mutating func colorScale(_ colors: CellColors, _ value: Axis) {
    add("set rmargin 10")
    let parts = 24
    for part in 0..<parts {
      let (low, high) = (Double(part) / Double(parts), Double(part + 1) / Double(parts))
      add(
        "set object \(part + 1) rectangle noclip from graph 1.025, graph \(low) to graph 1.05, graph \(high) fillcolor rgb \"\(colors.hex(at: (low + high) / 2))\" fillstyle solid noborder"
      )
    }
    label(NumberText.value(colors.ends.upperBound), at: "graph 1.06, graph 1", offset: "0.4,-0.4")
    label(NumberText.value(colors.ends.lowerBound), at: "graph 1.06, graph 0", offset: "0.4,0.4")
    label(value.label, at: "graph 1.05, graph 1", "right", offset: "2,1.1")
  }
}
