extension ParetoPlot: DrawnPlot {
  /// The front first, then the rest.
  private var ordered: [(point: Point, isFront: Bool)] {
    let front = front
    return front.map { ($0, true) } + points.filter { !front.contains($0) }.map { ($0, false) }
  }

  var csv: CSVText {
    var csv = CSVText(["name", x.label, y.label, "on the front"])
    for (point, isFront) in ordered { csv.append([point.name, NumberText.exact(point.x), NumberText.exact(point.y), isFront ? "1" : "0"]) }
    return csv
  }

  func height(width: Int) -> Int { width >= FigureSize.wide ? 440 : 350 }

  func draw(in script: inout GnuplotScript) {
    func named(_ axis: Axis, _ better: Better) -> Axis {
      Axis("\(axis.label), \(better == .lower ? "lower" : "higher") is better", .none, scale: axis.scale, range: axis.range)
    }
    script.horizontal(named(x, betterX), values: points.map(\.x), padding: 0.08)
    script.vertical(named(y, betterY), values: points.map(\.y), padding: 0.1)
    script.add("unset key")
    let front = front
    let others = points.count - front.count
    if others > 0 {
      script.plot(
        "every ::\(front.count) using 2:3 with points linecolor rgb \"\(Palette.baselines[1].hex)\" pointtype 7 pointsize 0.45 notitle")
    }
    script.plot(
      "every ::0::\(max(front.count - 1, 0)) using 2:3 with linespoints linecolor rgb \"\(Palette.series[0].hex)\" linewidth 2 pointtype 7 pointsize 0.75 notitle"
    )
    script.names(
      ordered.filter { !$0.point.name.isEmpty }.map { point, isFront in
        (
          point.name, point.x, point.y, isFront ? Palette.ink : Palette.text, betterY == .higher ? .lowerRight : .upperRight,
          isOptional: !isFront
        )
      }, points: points.map { ($0.x, $0.y) }, height: height)
  }
}
