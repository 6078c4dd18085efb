import Foundation
import Lens
import Tensors
import Training

// Foundation has one as well.
private typealias Measurement = Training.Measurement

/// The picture of the information plane, and what holds for every point of it.
extension InformationPlaneFindings {
  func plane(_ estimates: InformationPlaneEstimates) -> TrajectoryPlot {
    let ceiling = log2(Double(task.labels.count))
    let labels = entropyOfLabels
    let paths = (0..<estimates.layerCount).map { layer in
      TrajectoryPlot.Path(
        layerName(layer, of: estimates.layerCount),
        estimates.epochs.indices.map { record in
          let point = mean(estimates.values[record][layer])
          return TrajectoryPlot.Point(point.aboutInput, point.aboutLabel, at: Double(estimates.epochs[record]))
        })
    }
    let bound = TrajectoryPlot.Path(
      "bound of a deterministic rule", [.init(0, 0, at: 0), .init(labels, labels, at: 0), .init(ceiling, labels, at: 0)])
    return TrajectoryPlot(
      x: Axis("I(X;T)", "bit"), y: Axis("I(T;Y)", "bit"), value: Axis("epoch", scale: .logarithmic), paths, reference: [bound])
  }

  func addPlanes(to findings: inout Findings) {
    findings.add(
      Figure(
        "information-plane", title: "What each layer keeps of the input, and of the label",
        caption:
          "Layers of tanh networks in the information plane, the mean of \(options.networks) networks; colour is the epoch, by logarithm. "
          + "\(tanh.edges), all \(task.labels.count) patterns. Up is fitting, left is compression.",
        .trajectories(plane(tanh))))
    for variant in options.variants where variant != .tanh {
      guard let one = estimates[variant] else { continue }
      findings.add(
        Figure(
          "information-plane-\(variant.rawValue)", title: "The same for \(variant.title)",
          caption: "As above; \(one.edges).", .trajectories(plane(one))))
    }
    addSnapshots(to: &findings)
    addIdentities(to: &findings)
  }

  /// All networks at a few epochs, one colour a layer.
  func addSnapshots(to findings: inout Findings) {
    let wanted = [0, 9, 400, 1220, 9000].filter { $0 < options.epochs } + [options.epochs - 1]
    let records = Set(wanted.map { epoch in tanh.epochs.indices.min { abs(tanh.epochs[$0] - epoch) < abs(tanh.epochs[$1] - epoch) }! })
      .sorted()
    for record in records {
      findings.add(
        Figure(
          "snapshot-\(tanh.epochs[record])", title: "All networks at epoch \(tanh.epochs[record])",
          caption: "Each point is a layer of one of \(options.networks) tanh networks.",
          .scatter(
            ScatterPlot(
              x: Axis("I(X;T)", "bit", range: 0...max(log2(Double(task.labels.count)) * 1.04, 1)),
              y: Axis("I(T;Y)", "bit", range: 0...entropyOfLabels * 1.06),
              (0..<tanh.layerCount).map { layer in
                ScatterPlot.Series(
                  layerName(layer, of: tanh.layerCount), tanh.values[record][layer].map { .init($0.aboutInput, $0.aboutLabel) })
              }))))
    }
  }

  func addIdentities(to findings: inout Findings) {
    let identities = identityViolation()
    findings.add(
      Claim(
        "identities", "0 <= I(T;Y) <= I(X;T), and neither exceeds what there is, for every network, layer and epoch.",
        measured: Measurement(identities), .atMost, baseline: 1e-9, unit: "bit", measuredName: "largest violation", baselineName: "rounding"
      ))
  }

  func identityViolation() -> Double {
    let ceiling = log2(Double(task.labels.count))
    let labels = entropyOfLabels
    var worst = 0.0
    for one in estimates.values {
      for point in one.values.flatMap(\.self).flatMap(\.self) {
        let (x, y) = (point.aboutInput, point.aboutLabel)
        worst = max(worst, -y, y - x, x - ceiling, y - labels)
      }
    }
    return worst
  }
}
