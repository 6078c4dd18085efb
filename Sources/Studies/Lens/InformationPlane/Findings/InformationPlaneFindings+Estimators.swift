import Foundation
import Lens
import Tensors
import Training

// Foundation has one as well.
private typealias Measurement = Training.Measurement

/// The same layers by other numbers of bins and by other estimators.
extension InformationPlaneFindings {
  func addBinCounts(to findings: inout Findings) throws {
    guard let trajectory = trajectories[.tanh] else { return }
    var table = Table(
      "bins", title: "I(X;T) of tanh networks at the end of the run, by the number of bin edges",
      columns: ["edges"] + (0..<tanh.layerCount).map { Table.Column(layerName($0, of: tanh.layerCount), "bit") })
    for count in options.binCounts {
      let one = try InformationPlaneEstimates(trajectory, task: task, binning: .unit(count), records: [trajectory.epochs.count - 1])
      table.append([.init(count)] + (0..<one.layerCount).map { .number(Measurement(one.final(layer: $0).map(\.aboutInput))) })
    }
    findings.add(table)
  }

  /// The same layers by other estimators.
  func addEstimators(to findings: inout Findings) throws {
    guard options.kernelPoints > 0, let trajectory = trajectories[.tanh] else { return }
    let kernel = try KernelDensityBounds(variance: options.kernelVariance)
    let nearest = try NearestNeighbourInformation()
    let samples = min(options.kernelSamples, task.labels.count)
    var random = RandomStream(seed: run.seed, step: -23)
    let order = Tensor.permutation(task.labels.count, key: random.next())[0..<samples]
    let labels = order.array(of: Int64.self).map { trajectory.labels[0][Int($0)] }
    let records = RecordPoints.logarithmic(epochs: trajectory.epochs.count, count: options.kernelPoints)
    let phase = run.progress.phase("estimators", of: records.count)
    defer { phase.finish() }
    var (upper, lower): ([[Double]], [[Double]]) = ([], [])
    var table = Table(
      "estimators", title: "Layers of the first tanh network at the end of the run, by estimator (\(samples) patterns for distances)",
      columns: [
        "layer", Table.Column("I(X;T), binned", "bit"), Table.Column("kernel, lower", "bit"), Table.Column("kernel, upper", "bit"),
        Table.Column("I(T;Y), binned", "bit"), Table.Column("kernel, upper", "bit"), Table.Column("neighbours", "bit"),
        Table.Column("decoder, lower", "bit"),
      ])
    for record in records {
      let layers = trajectory.snapshots[record].activations(task.inputs).map { $0[0] }
      evaluate(layers)
      let chosen = layers.map { $0.gathered(order) }
      evaluate(chosen)
      let bounds = chosen.map { kernel.bounds($0, labels: labels, classCount: task.classCount) }
      upper.append(bounds.map(\.upper.aboutInput))
      lower.append(bounds.map(\.lower.aboutInput))
      phase.advance()
      guard record == trajectory.epochs.count - 1 else { continue }
      for (layer, bound) in bounds.enumerated() {
        let neighbours = nearest.information(chosen[layer].array(of: Float.self), units: chosen[layer].shape[1], labels: labels)
        var decoder: Table.Cell = .empty
        if options.decoderEpochs > 0 {
          let value = VariationalBound(epochs: options.decoderEpochs).information(
            layers[layer], labels: trajectory.labels[0], classCount: task.classCount, random: &random)
          decoder = .init(value)
        }
        let binned = tanh.values[record][layer][0]
        table.append([
          .text(layerName(layer, of: bounds.count)), .init(binned.aboutInput), .init(bound.lower.aboutInput), .init(bound.upper.aboutInput),
          .init(binned.aboutLabel), .init(bound.upper.aboutLabel), .init(neighbours), decoder,
        ])
      }
    }
    findings.add(table)
    let epochs = records.map { Double(trajectory.epochs[$0] + 1) }
    let shown = [lastHidden, max(0, lastHidden - 2)]
    findings.add(
      Figure(
        "estimators", title: "The same layers by two estimators",
        caption:
          "I(X;T) of the first tanh network: counted in bins, and between the bounds of kernel densities with sigma^2 = \(options.kernelVariance). Noise of that size hides "
          + "what bins of 1/15 tell apart.",
        .lines(
          LinePlot(
            x: Axis("epoch + 1", scale: .logarithmic), y: Axis("I(X;T)", "bit"),
            shown.flatMap { layer in
              [
                Curve("layer \(layer + 1), binned", x: epochs, runs: [records.map { tanh.values[$0][layer][0].aboutInput }]),
                Curve("layer \(layer + 1), kernel, upper", x: epochs, runs: [upper.map { $0[layer] }], role: .baseline),
                Curve("layer \(layer + 1), kernel, lower", x: epochs, runs: [lower.map { $0[layer] }], role: .baseline),
              ]
            }))))
  }
}
