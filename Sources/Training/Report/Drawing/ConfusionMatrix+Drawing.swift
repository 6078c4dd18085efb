extension ConfusionMatrix: DrawnPlot {
  var csv: CSVText {
    var csv = CSVText(["row", "column", "true class", "predicted class", "count", "share of the true class"])
    for (truth, line) in counts.enumerated() {
      let total = max(line.reduce(0, +), 1)
      for (prediction, count) in line.enumerated() {
        csv.append([
          String(truth), String(prediction), classes[truth], classes[prediction], String(count),
          NumberText.exact(Double(count) / Double(total)),
        ])
      }
    }
    return csv
  }

  func height(width: Int) -> Int { min(max(classes.count * 34 + 100, 240), width >= FigureSize.wide ? 640 : 400) }

  func draw(in script: inout GnuplotScript) {
    script.cells(rows: classes, columns: classes, x: "predicted class", y: "true class")
    let half = GnuplotScript.cellHalf(classes.count, classes.count)
    // Hits in one hue, mistakes in another; the root lets rare mistakes be seen.
    script.add(
      "color(hit, share) = int(249 * (1 - sqrt(share))) * 16777216 + (hit ? \(Palette.series[0].light) : \(Palette.series[1].light))")
    script.plot(
      "using 2:(-$1):($2-\(half)):($2+\(half)):(-$1-\(half)):(-$1+\(half)):(color($1 == $2, $6)) with boxxyerror fillcolor rgb variable notitle"
    )
    guard classes.count <= 20 else { return }
    for (truth, line) in counts.enumerated() {
      let total = Double(max(line.reduce(0, +), 1))
      for (prediction, count) in line.enumerated() where count > 0 {
        let isStrong = (Double(count) / total).squareRoot() > 0.6
        script.label(
          String(count), at: "first \(prediction), first \(-truth)", "center", color: isStrong ? Palette.onFill : Palette.ink)
      }
    }
  }
}
