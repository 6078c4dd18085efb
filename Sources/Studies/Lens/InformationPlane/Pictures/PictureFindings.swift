import Foundation
import Lens
import Tensors
import Training

// Foundation has one as well.
private typealias Measurement = Training.Measurement

/// What layers keep of pictures: by kernel densities and a decoder, as bins saturate.
struct PictureFindings {
  let options: InformationPlaneOptions
  let task: PictureTask
  /// By network, one a seed; in the order of the options.
  let trajectories: [PictureNetwork: [PictureTrajectory]]

  private var ceiling: Double { log2(Double(task.watchedLabels.count)) }
  private var labelEntropy: Double {
    let n = Double(task.watchedLabels.count)
    return Set(task.watchedLabels).reduce(0) { sum, label in
      let share = Double(task.watchedLabels.count { $0 == label }) / n
      return sum - share * log2(share)
    }
  }

  func findings() -> Findings {
    var findings = Findings(on: task.summary)
    for network in options.pictureNetworks { addPlane(network, to: &findings) }
    addPaths(to: &findings)
    addLayers(to: &findings)
    for network in options.pictureNetworks {
      let accuracies = trajectories[network]!.map { $0.records.last!.testAccuracy }
      findings.add(Metric("\(network.rawValue).test-accuracy", Measurement(accuracies), .percent))
    }
    addClaims(to: &findings)
    return findings
  }

  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  private func addPlane(_ network: PictureNetwork, to findings: inout Findings) {
    let runs = trajectories[network]!
    let paths = (0..<runs[0].layerCount).map { layer in
      TrajectoryPlot.Path(
        network.layerName(layer, of: runs[0].layerCount),
        runs[0].records.indices.map { record in
          func mean(_ value: (KernelDensityBounds.Bounds) -> Double) -> Double {
            self.mean(runs.map { value($0.records[record].layers[layer].kernel) })
          }
          return .init(mean(\.upper.aboutInput), mean(\.upper.aboutLabel), at: Double(runs[0].records[record].epoch))
        })
    }
    let bound = TrajectoryPlot.Path(
      "all there is", [.init(0, 0, at: 0), .init(labelEntropy, labelEntropy, at: 0), .init(ceiling, labelEntropy, at: 0)])
    findings.add(
      Figure(
        "information-plane-\(network.rawValue)", title: "What each layer of a \(network.title) keeps of pictures",
        caption:
          "Mean of \(runs.count) networks, \(task.watchedLabels.count) pictures that they did not learn from; kernel densities with sigma^2 = "
          + "\(NumberText.short(options.kernelVariance)), upper bounds; colour is the epoch. Nothing can be right of log2 of the number of pictures.",
        .trajectories(
          TrajectoryPlot(
            x: Axis("I(X;T)", "bit"), y: Axis("I(T;Y)", "bit"), value: Axis("epoch", scale: .logarithmic), paths, reference: [bound]))))
  }

  /// The last layer before the softmax of both networks, between its bounds.
  private func addPaths(to findings: inout Findings) {
    let curves = options.pictureNetworks.flatMap { network -> [Curve] in
      let runs = trajectories[network]!
      let layer = runs[0].layerCount - 2
      let name = "\(network.title), \(network.layerName(layer, of: runs[0].layerCount))"
      let epochs = runs[0].records.map { Double($0.epoch + 1) }
      return [
        Curve("\(name), upper", x: epochs, runs: runs.map { $0.path(layer, \.kernel.upper.aboutInput) }),
        Curve("lower", x: epochs, runs: runs.map { $0.path(layer, \.kernel.lower.aboutInput) }, role: .baseline),
      ]
    }
    findings.add(
      Figure(
        "pictures", title: "Whether layers forget pictures",
        caption:
          "I(X;T) of the last layer before the softmax between the bounds of kernel densities; the band is a standard error over networks.",
        .lines(LinePlot(x: Axis("epoch + 1", scale: .logarithmic), y: Axis("I(X;T)", "bit"), curves))))
  }

  /// Peak less end of a path.
  private func fall(_ path: [Double]) -> Double { path.max()! - path.last! }

  private func addLayers(to findings: inout Findings) {
    var table = Table(
      "pictures", title: "Layers at the end, by estimator: mean and standard error over networks",
      columns: [
        "network", "layer", "units", Table.Column("I(X;T), kernel, lower", "bit"), Table.Column("upper", "bit"),
        Table.Column("its fall after the peak", "bit"), Table.Column("I(X;T), binned", "bit"), Table.Column("I(T;Y), kernel, lower", "bit"),
        Table.Column("upper", "bit"), Table.Column("decoder, lower", "bit"), Table.Column("decoder, untrained", "bit"),
      ])
    for network in options.pictureNetworks {
      let runs = trajectories[network]!
      for layer in 0..<runs[0].layerCount {
        func end(_ value: (PictureRecord.Layer) -> Double) -> Table.Cell {
          .number(Measurement(runs.map { value($0.records.last!.layers[layer]) }))
        }
        func decoded(_ record: (PictureTrajectory) -> PictureRecord) -> Table.Cell {
          let values = runs.compactMap { record($0).layers[layer].decoded }
          return values.isEmpty ? .empty : .number(Measurement(values))
        }
        table.append([
          .text(network.title), .text(network.layerName(layer, of: runs[0].layerCount)), .init(runs[0].units[layer]),
          end(\.kernel.lower.aboutInput), end(\.kernel.upper.aboutInput),
          .number(Measurement(runs.map { fall($0.path(layer, \.kernel.upper.aboutInput)) })), end(\.binned),
          end(\.kernel.lower.aboutLabel), end(\.kernel.upper.aboutLabel), decoded { $0.records.last! }, decoded { $0.records.first! },
        ])
      }
    }
    findings.add(table)
  }

  private func addClaims(to findings: inout Findings) {
    for network in options.pictureNetworks {
      let runs = trajectories[network]!
      let layer = runs[0].layerCount - 2
      let name = "\(network.layerName(layer, of: runs[0].layerCount)) of \(network.title)s"
      let binned = runs.map { run in run.records.map { $0.layers[0].binned }.min()! }
      findings.add(
        Claim(
          "\(network.rawValue)-bins-saturate",
          "Bins tell every picture from every other in the first layer, at any time: they measure nothing.",
          measured: Measurement(binned), .atLeast, baseline: Measurement(ceiling), margin: -0.01, unit: "bit",
          measuredName: "least I(X;T) by bins, first layer of \(network.title)s", baselineName: "log2 of the number of pictures"))
      findings.add(
        Claim(
          "\(network.rawValue)-forgets", "By kernel densities the last layer before the softmax forgets of the input after its peak.",
          measured: Measurement(runs.map { fall($0.path(layer, \.kernel.upper.aboutInput)) }), .atLeast, baseline: 0.1, unit: "bit",
          measuredName: "peak less end of I(X;T), \(name)", baselineName: "threshold"))
      let trained = runs.compactMap { $0.records.last!.layers[layer].decoded }
      let fresh = runs.compactMap { $0.records.first!.layers[layer].decoded }
      if !trained.isEmpty, !fresh.isEmpty {
        findings.add(
          Claim(
            "\(network.rawValue)-learns-the-label", "A decoder reads more of the label from that layer than before training.",
            measured: Measurement(trained), .above, baseline: Measurement(fresh), unit: "bit", measuredName: "I(T;Y) by a decoder, \(name)",
            baselineName: "before training"))
      }
    }
  }
}
