import Foundation
import Studies
import Training

/// A report with everything that reports can hold.
enum ReportFixture {
  /// Findings with a figure of every kind.
  static var findings: Findings {
    var findings = Findings(on: DataSummary("digits", isGenerated: true, trainingExamples: 8000, testExamples: 2000))
    findings.add(Metric("memory", 3_145_728, .bytes))
    findings.add(
      Claim(
        "better", "Better than <before> & \"after\"", measured: Measurement([95, 96]), .above, baseline: Measurement([91, 91.5]),
        unit: .percent))
    let wave = (0..<30).map { sin(Double($0) / 4) }
    let figures: [(String, Figure.Content)] = [
      (
        "lines",
        .lines(
          LinePlot(
            x: "epoch", y: Axis("accuracy", .percent),
            [
              Curve("method", perEpoch: [[70, 80, 85], [72, 81, 84]]),
              Curve("baseline, \"plain\"", perEpoch: [[60, 70, 75]], role: .baseline),
            ]))
      ),
      ("scatter", .scatter(ScatterPlot(x: "a", y: "b", [.init("one", wave.enumerated().map { .init(Double($0.offset), $0.element) })]))),
      ("bars", .bars(BarPlot(Axis("memory", .bytes), [.init("method", Measurement([3, 4])), .init("baseline", 9, role: .baseline)]))),
      ("heat-map", .heatMap(HeatMap(x: "column", y: "row", value: "correlation", [[1, -0.5], [.nan, 1]]))),
      ("large-heat-map", .heatMap(HeatMap(x: "column", y: "row", value: "v", (0..<50).map { _ in (0..<50).map { Double($0) } }))),
      ("histogram", .histogram(HistogramPlot("weight", bins: 10, [.init("w", wave), .init("v", wave.map { $0 * 2 }, role: .baseline)]))),
      ("images", .images(ImageGrid([.init("digits", [.init(width: 2, height: 3, [0, 0.2, 0.4, 0.6, 0.8, 1], label: "4")])]))),
      ("confusion", .confusion(ConfusionMatrix(classes: ["cat", "dog"], truth: [0, 0, 1, 1], predictions: [0, 1, 1, 1]))),
      (
        "pareto",
        .pareto(
          ParetoPlot(
            x: Axis("cost", scale: .logarithmic), .lower, y: "quality", .higher,
            [
              .init("cheap", x: 1, y: 1), .init("dear", x: 30, y: 2), .init("bad", x: 40, y: 1.5),
            ]))
      ),
      (
        "trajectories",
        .trajectories(
          TrajectoryPlot(
            x: "input", y: "label", value: Axis("epoch", scale: .logarithmic),
            // Three paths that end within a hundredth of one another.
            (1...3).map { path in
              .init("layer \(path)", (0..<20).map { .init(Double($0) / 20 + Double(path) / 300, Double($0) / 20, at: Double($0)) })
            }, reference: [.init("bound", [.init(0, 0, at: 0), .init(1, 1, at: 0)])]))
      ),
      (
        "graph",
        .graph(
          GraphPlot(
            groups: (0..<12).map { $0 % 3 == 0 ? "hub" : "leaf" }, names: (0..<12).map { "node \($0)" },
            edges: (0..<12).flatMap { [.init($0, ($0 + 1) % 12), .init($0, $0 / 3 * 3)] }))
      ),
    ]
    for (name, content) in figures { findings.add(Figure(name, title: "Figure & \(name)", caption: "Shows <\(name)>.", content)) }
    findings.add(Table("rows", title: "All rows", columns: ["name", .init("time", .seconds)], rows: [["a, b", 1.5], ["c", .empty]]))
    return findings
  }

  static let run = RunDescription(
    system: "slope", title: "Lines & <their> slopes", authors: ["A. Author"], year: 1805, source: "a letter", family: "Shallow",
    problem: "P?", claim: "C.",
    preset: "quick", seed: 1, options: [.init(name: "steps", value: "5", meaning: "steps & <more>")], optionsJSON: .object([:]),
    command: "./apus run slope --set 'a=<b>'")
}
