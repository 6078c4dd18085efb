import Foundation
import Lens
import Tensors
import Training

// Foundation has one as well.
private typealias Measurement = Training.Measurement

/// Layers beside the information bottleneck's optimum.
extension InformationPlaneFindings {
  func addBottleneck(to findings: inout Findings) {
    guard let bottleneck else { return }
    let information = bottleneck.distribution.information
    let curve = bottleneck.curve.reversed().map(\.information)
    let paths = bottleneck.layers.enumerated().map { index, layer in
      TrajectoryPlot.Path(
        layerName(index, of: bottleneck.layers.count),
        zip(layer.information, layer.optimality).map { .init($0.aboutInput, $0.aboutLabel, at: $1.beta) })
    }
    findings.add(
      Figure(
        "bottleneck", title: "Layers and the best possible trade",
        caption:
          "Networks trained on labels of a noisy rule, at the end: what their layers keep, beside the information bottleneck's curve. Colour is the beta at which a "
          + "layer's encoder is nearest to the optimum's equations.",
        .trajectories(
          TrajectoryPlot(
            x: Axis("I(X;T)", "bit"), y: Axis("I(T;Y)", "bit"), value: Axis("beta", scale: .logarithmic), paths,
            reference: [
              .init(
                "bottleneck",
                [.init(0, 0, at: 0)] + curve.map { .init($0.aboutInput, $0.aboutLabel, at: 0) }
                  + [.init(log2(Double(task.labels.count)), information, at: 0)])
            ], isJoined: false))))
    var table = Table(
      "bottleneck", title: "Layers of networks trained on the noisy rule, at the end",
      columns: [
        "layer", Table.Column("I(X;T)", "bit"), Table.Column("I(T;Y)", "bit"), Table.Column("below the curve", "bit"), "beta",
        Table.Column("residual of the equations", "bit"),
      ])
    for (index, layer) in bottleneck.layers.enumerated() {
      table.append([
        .text(layerName(index, of: bottleneck.layers.count)), .number(Measurement(layer.information.map(\.aboutInput))),
        .number(Measurement(layer.information.map(\.aboutLabel))), .number(Measurement(layer.distance)),
        .number(Measurement(layer.optimality.map(\.beta))), .number(Measurement(layer.optimality.map(\.residual))),
      ])
    }
    findings.add(table)
    findings.add(Metric("bottleneck.mutual-information", Measurement(information), "bit"))
    findings.add(Metric("bottleneck.distinct-conditionals", Measurement(bottleneck.distinctConditionals)))
    findings.add(
      Claim(
        "layers-near-the-bound", "Trained layers lie near the bottleneck's curve.",
        measured: Measurement(meanOverLayers(bottleneck.layers.map(\.distance))), .atMost, baseline: 0.1, unit: "bit",
        measuredName: "distance below the curve, mean of layers", baselineName: "threshold"))
    findings.add(
      Claim(
        "bottleneck-solved", "The iterations end in solutions of the self-consistent equations: one more round moves no p(t|x) by 1e-8.",
        measured: Measurement(bottleneck.curve.map(\.residual).max()!), .below, baseline: 1e-8, measuredName: "largest residual",
        baselineName: "threshold"))
    findings.add(
      Claim(
        "lagrangian-falls", "No iteration raises the Lagrangian.", measured: Measurement(bottleneck.curve.map(\.largestRise).max()!),
        .atMost,
        baseline: 1e-12, unit: "nat", measuredName: "largest rise", baselineName: "rounding"))
    findings.add(
      Claim(
        "curve-ends-at-all", "The curve rises, is concave, and ends at I(X;Y).", measured: Measurement(shapeViolation(curve, information)),
        .atMost,
        baseline: 1e-6, unit: "bit", measuredName: "largest violation", baselineName: "tolerance"))
    findings.add(
      Claim(
        "nothing-below-one", "With beta below 1 nothing is worth keeping.", measured: Measurement(bottleneck.below.aboutInput), .atMost,
        baseline: 1e-6, unit: "bit", measuredName: "I(X;T) at beta = 0.9", baselineName: "nothing"))
  }

  /// Where Y is a function of X the curve is a straight line.
  func addDeterministicRule(to findings: inout Findings) {
    guard let rule = bottleneck?.deterministic else { return }
    let points = rule.squared.map(\.solution.information)
    let weights = rule.squared.map(\.weight)
    findings.add(
      Figure(
        "deterministic-rule", title: "A deterministic rule has a line for a curve",
        caption:
          "Optima for the labels of the rule itself. The plain Lagrangian has the two ends of the line for optima, whatever beta; the squared one has all points "
          + "between, by b.",
        .scatter(
          ScatterPlot(
            x: Axis("I(X;T)", "bit"), y: Axis("I(T;Y)", "bit"),
            [
              .init(
                "squared, b from \(NumberText.short(weights.min()!)) to \(NumberText.short(weights.max()!))",
                points.map { .init($0.aboutInput, $0.aboutLabel) }),
              .init(
                "plain, beta from \(NumberText.short(rule.plain.map(\.beta).min()!)) to \(NumberText.short(rule.plain.map(\.beta).max()!))",
                rule.plain.map { .init($0.information.aboutInput, $0.information.aboutLabel) }, role: .baseline),
            ]))))
    // I - b I² is largest at I = 1 / (2 b) nats, or at the end of the line.
    let distances = rule.squared.map { weight, solution in
      let expected = min(1 / (2 * weight) / log(2), rule.information)
      return max(abs(solution.information.aboutInput - expected), abs(solution.information.aboutLabel - expected))
    }
    findings.add(
      Claim(
        "deterministic-line",
        "For a deterministic rule the squared Lagrangian traces the line I(T;Y) = I(X;T) = min(1 / (2 b), H(Y)), which the plain one jumps over.",
        measured: Measurement(distances.max()!), .atMost, baseline: 1e-6, unit: "bit",
        measuredName: "largest distance from the optimum, \(weights.count) values of b", baselineName: "tolerance"))
  }

  func meanOverLayers(_ values: [[Double]]) -> [Double] {
    values[0].indices.map { network in values.reduce(0) { $0 + $1[network] } / Double(values.count) }
  }

  func shapeViolation(_ curve: [LayerInformation], _ information: Double) -> Double {
    var worst = abs((curve.last?.aboutLabel ?? 0) - information) - 1e-3
    let points = [LayerInformation(aboutInput: 0, aboutLabel: 0)] + curve
    var slope = Double.infinity
    for (a, b) in zip(points, points.dropFirst()) {
      worst = max(worst, a.aboutInput - b.aboutInput, a.aboutLabel - b.aboutLabel)
      guard b.aboutInput - a.aboutInput > 1e-6 else { continue }
      let next = (b.aboutLabel - a.aboutLabel) / (b.aboutInput - a.aboutInput)
      worst = max(worst, (next - slope) * (b.aboutInput - a.aboutInput))
      slope = next
    }
    return worst
  }
}
