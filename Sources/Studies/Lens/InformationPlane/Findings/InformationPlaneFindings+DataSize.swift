import Foundation
import Lens
import Tensors
import Training

// Foundation has one as well.
private typealias Measurement = Training.Measurement

/// How the number of patterns learned from changes the course.
extension InformationPlaneFindings {
  func addSmallSample(to findings: inout Findings) {
    guard let small = estimates[.smallSample] else { return }
    let softmax = tanh.layerCount - 1
    let falls = (0..<small.networkCount).map { network -> Double in
      let path = small.aboutLabel(layer: softmax, network: network)
      return path.max()! - path.last!
    }
    findings.add(
      Claim(
        "small-sample-forgets", "Trained on a small part of the patterns, the output's I(T;Y) ends below its own maximum.",
        measured: Measurement(falls), .atLeast, baseline: 0.08, unit: "bit", measuredName: "maximum less end, softmax",
        baselineName: "threshold"))
    let ends = small.final(layer: softmax).map(\.aboutLabel)
    findings.add(
      Claim(
        "small-sample-learns-less", "It ends 0.3 bit and more below training on \(Int(100 * options.trainingShare)) % of them.",
        measured: Measurement(tanh.final(layer: softmax).map(\.aboutLabel)), .atLeast, baseline: Measurement(ends), margin: 0.3,
        unit: "bit",
        measuredName: "I(T;Y) at the end, \(Int(100 * options.trainingShare)) %",
        baselineName: "\(NumberText.short(100 * options.smallShare)) %"))
  }

  func addShares(to findings: inout Findings) throws {
    let shares = Set(options.shares + [options.trainingShare]).sorted()
    var (ends, maxima): ([[Double]], [[Double]]) = ([], [])
    var paths: [TrajectoryPlot.Path] = []
    for share in shares {
      let trajectory = try training.train(
        InformationPlaneExperiment(
          name: "share-\(Int((share * 1000).rounded()))", title: "\(share)", hiddenUnits: options.hiddenUnits, activation: .tanh,
          share: share,
          labels: .given, epochs: options.sweepEpochs, networks: options.networks), gradients: false)
      let one = try InformationPlaneEstimates(trajectory, task: task, binning: .unit(options.bins))
      let softmax = one.layerCount - 1
      ends.append(one.final(layer: softmax).map(\.aboutLabel))
      maxima.append((0..<one.networkCount).map { one.aboutLabel(layer: softmax, network: $0).max()! })
      paths.append(
        .init(
          "\(NumberText.short(100 * share)) %",
          one.epochs.indices.map { record in
            let point = mean(one.values[record][lastHidden])
            return .init(point.aboutInput, point.aboutLabel, at: Double(one.epochs[record]))
          }))
    }
    findings.add(
      Figure(
        "shares", title: "The last hidden layer, by the part of the patterns learned from",
        caption: "Paths of layer \(lastHidden + 1) of tanh networks; with few patterns the path turns down before it ends.",
        .trajectories(
          TrajectoryPlot(x: Axis("I(X;T)", "bit"), y: Axis("I(T;Y)", "bit"), value: Axis("epoch", scale: .logarithmic), paths))))
    findings.add(
      Figure(
        "share-ends", title: "More patterns, more of the label",
        caption:
          "I(T;Y) of the softmax after \(options.sweepEpochs) epochs by the part of the patterns learned from, and its maximum on the way.",
        .lines(
          LinePlot(
            x: Axis("part of the patterns", .percent, scale: .logarithmic), y: Axis("I(T;Y)", "bit"),
            [
              Curve("at the end", x: shares.map { 100 * $0 }, y: ends.map { Measurement($0) }),
              Curve("maximum on the way", x: shares.map { 100 * $0 }, y: maxima.map { Measurement($0) }, role: .baseline),
            ]))))
  }
}
