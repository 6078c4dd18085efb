import Foundation
import Lens
import Tensors
import Training

// Foundation has one as well.
private typealias Measurement = Training.Measurement

/// ReLU networks, binned over their own range and over that of tanh.
extension InformationPlaneFindings {
  func addReLU(to findings: inout Findings) throws {
    guard let trajectory = trajectories[.relu], let fair = estimates[.relu] else { return }
    let clipped = try InformationPlaneEstimates(trajectory, task: task, binning: .unit(options.bins))
    let curves = [(fair, "over the range of the run", SeriesRole.method), (clipped, "over [-1, 1], as the reference does", .baseline)]
    findings.add(
      Figure(
        "relu-edges", title: "ReLU networks: what binning makes of them",
        caption:
          "I(X;T) of layer \(min(3, lastHidden + 1)) of ReLU networks under two choices of \(options.bins) edges. Values beyond the last edge fall into "
          + "one bin, which looks like compression.",
        .lines(
          LinePlot(
            x: Axis("epoch + 1", scale: .logarithmic), y: Axis("I(X;T)", "bit"),
            curves.map { one, name, role in curve(name, one, layer: min(2, lastHidden), role: role) }))))
    findings.add(Metric("relu.compression-unit-edges", Measurement(clipped.compression(layer: min(2, lastHidden)).bits), "bit"))
    guard fair.layerCount > 2 else { return }
    let layer = min(2, lastHidden)
    findings.add(
      Claim(
        "relu-does-not-compress", "ReLU networks, binned over the range of the run, compress less than half as much.",
        measured: Measurement(fair.compression(layer: layer).bits), .atMostTimes,
        baseline: Measurement(tanh.compression(layer: lastHidden).bits), margin: 0.5, unit: "bit",
        measuredName: "peak less end, layer \(layer + 1) of ReLU networks", baselineName: "layer \(lastHidden + 1) of tanh networks"))
  }
}
