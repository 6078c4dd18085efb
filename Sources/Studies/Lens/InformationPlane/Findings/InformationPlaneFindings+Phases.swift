import Foundation
import Lens
import Tensors
import Training

// Foundation has one as well.
private typealias Measurement = Training.Measurement

/// Gradients of batches: agreement at first (drift), noise later (diffusion).
extension InformationPlaneFindings {
  func addPhases(to findings: inout Findings) {
    guard let trajectory = trajectories[.tanh], !trajectory.gradients.isEmpty else { return }
    let epochs = trajectory.epochs
    func ratios(_ layer: Int, _ network: Int) -> [Double] { trajectory.gradients.map { $0[layer][network].signalToNoise } }
    let layers = Array(max(0, trajectory.layerCount - 3)..<trajectory.layerCount)
    let floor = 1 / Double(options.gradientBatches).squareRoot()
    findings.add(
      Figure(
        "gradient-phases", title: "From drift to diffusion",
        caption:
          "Norm of the mean gradient over its deviation between \(options.gradientBatches) batches at fixed weights, by epoch; the grey line is what pure "
          + "noise gives.",
        .lines(
          LinePlot(
            x: Axis("epoch + 1", scale: .logarithmic), y: Axis("||mean|| / deviation", scale: .logarithmic),
            (0..<trajectory.layerCount).map { layer in
              Curve(
                layerName(layer, of: trajectory.layerCount), x: epochs.map { Double($0 + 1) },
                runs: (0..<trajectory.networkCount).map { ratios(layer, $0) })
            } + [Curve("pure noise", x: epochs.map { Double($0 + 1) }, runs: [epochs.map { _ in floor }], role: .baseline)]))))
    for (name, title, value) in [
      ("gradient-mean", "Mean gradient", { (one: GradientStatistics) in one.meanNorm / one.weightNorm }),
      ("gradient-deviation", "Deviation of gradients", { (one: GradientStatistics) in one.deviation / one.weightNorm }),
    ] {
      findings.add(
        Figure(
          name, title: "\(title), relative to the weights",
          caption: "By epoch and layer of tanh networks, divided by the norm of the layer's weights.",
          .lines(
            LinePlot(
              x: Axis("epoch + 1", scale: .logarithmic), y: Axis("share of ||W||", scale: .logarithmic),
              (0..<trajectory.layerCount).map { layer in
                Curve(
                  layerName(layer, of: trajectory.layerCount), x: epochs.map { Double($0 + 1) },
                  runs: (0..<trajectory.networkCount).map { network in trajectory.gradients.map { value($0[layer][network]) } })
              }))))
    }
    let early = epochs.indices.filter { epochs[$0] < 20 }
    let late = epochs.indices.filter { epochs[$0] >= options.epochs / 2 }
    guard !early.isEmpty, !late.isEmpty else { return }
    // The layer with the smallest ratio decides; a value a network.
    let drops = (0..<trajectory.networkCount).map { network in
      layers.map { layer -> Double in
        let all = ratios(layer, network)
        return early.map { all[$0] }.max()! / median(late.map { all[$0] })
      }.min()!
    }
    findings.add(
      Claim(
        "gradient-phases",
        "In the last three layers gradients of batches agree at first and are noise later: m/s falls to a third and less.",
        measured: Measurement(drops), .atLeast, baseline: 3,
        measuredName: "largest m/s of 20 epochs over the median of the last half, least of layers",
        baselineName: "threshold"))
    let transitions = (0..<trajectory.networkCount).map { network in
      GradientPhases.transition(epochs: epochs, signalToNoise: ratios(lastHidden, network)).map(Double.init)
    }
    let breaks = (0..<trajectory.networkCount).compactMap { network in
      GradientPhases.breakpoint(epochs: epochs, signalToNoise: ratios(lastHidden, network)).map(Double.init)
    }
    if !breaks.isEmpty { findings.add(Metric("gradients.breakpoint-epoch", Measurement(breaks), "epochs")) }
    let peaks = tanh.compression(layer: lastHidden).peakEpochs
    let pairs = zip(transitions, peaks).compactMap { transition, peak in transition.map { ($0, peak) } }
    if !pairs.isEmpty { findings.add(Metric("gradients.transition-epoch", Measurement(pairs.map(\.0)), "epochs")) }
    if pairs.count >= 3, let correlation = correlation(pairs) {
      findings.add(Metric("gradients.correlation-with-peak", Measurement(correlation)))
    }
  }

  func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  func correlation(_ pairs: [(Double, Double)]) -> Double? {
    let n = Double(pairs.count)
    let (mx, my) = (pairs.reduce(0) { $0 + $1.0 } / n, pairs.reduce(0) { $0 + $1.1 } / n)
    let (xx, yy, xy) = pairs.reduce((0.0, 0.0, 0.0)) { sums, pair in
      let (x, y) = (pair.0 - mx, pair.1 - my)
      return (sums.0 + x * x, sums.1 + y * y, sums.2 + x * y)
    }
    return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : nil
  }
}
