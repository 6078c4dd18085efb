import Foundation
import Lens
import Tensors
import Training

// Foundation has one as well.
private typealias Measurement = Training.Measurement

/// Rise and fall of I(X;T), and the saturation that goes with it.
extension InformationPlaneFindings {
  func addCompression(to findings: inout Findings) {
    findings.add(
      Figure(
        "compression", title: "Rise and fall of I(X;T)",
        caption: "Information about the input by epoch, layers of tanh networks; the band is a standard error over networks.",
        .lines(
          LinePlot(
            x: Axis("epoch + 1", scale: .logarithmic), y: Axis("I(X;T)", "bit"),
            (0..<tanh.layerCount).map { curve(layerName($0, of: tanh.layerCount), tanh, layer: $0) }))))
    findings.add(
      Figure(
        "saturation", title: "Compression and saturation go together",
        caption: "Share of units with |t| > 0.9 by epoch, layers of tanh networks.",
        .lines(
          LinePlot(
            x: Axis("epoch + 1", scale: .logarithmic), y: Axis("saturated units", .percent),
            (0..<tanh.layerCount - 1).map { layer in
              Curve(
                layerName(layer, of: tanh.layerCount), x: tanh.epochs.map { Double($0 + 1) },
                runs: (0..<tanh.networkCount).map { network in tanh.saturation.map { $0[layer][network] } })
            }))))
    if let trajectory = trajectories[.tanh] {
      findings.add(Metric("tanh.test-accuracy", Measurement(trajectory.testAccuracies.last!), .percent))
    }
    let (bits, peakEpochs, _, _) = tanh.compression(layer: lastHidden)
    let name = "layer \(lastHidden + 1) of tanh networks"
    findings.add(
      Claim(
        "compression", "Saturating networks compress: I(X;T) of the last hidden layer falls by 2 bits and more after its peak.",
        measured: Measurement(bits), .atLeast, baseline: 2, unit: "bit", measuredName: "peak less end, \(name)", baselineName: "threshold"))
    findings.add(
      Claim(
        "fitting-is-short", "The peak comes within the first tenth of the epochs: compression is most of the training.",
        measured: Measurement(peakEpochs), .atMost, baseline: Measurement(Double(options.epochs) / 10), unit: "epochs",
        measuredName: "epoch of the peak, \(name)", baselineName: "a tenth"))
    findings.add(
      Claim(
        "label-is-kept", "What is left is what the label needs: I(T;Y) ends near H(Y).",
        measured: Measurement(tanh.final(layer: lastHidden).map(\.aboutLabel)), .atLeast, baseline: 0.95, unit: "bit",
        measuredName: "I(T;Y) at the end, \(name)", baselineName: "threshold"))
  }

  func addLayers(to findings: inout Findings) {
    var table = Table(
      "layers", title: "Layers over the whole run: mean and standard error over networks",
      columns: [
        "networks", "layer", Table.Column("peak I(X;T)", "bit"), Table.Column("end", "bit"), Table.Column("fall", "bit"),
        "epoch of the peak",
        Table.Column("I(T;Y) at the end", "bit"), Table.Column("saturated at the end", .percent),
      ])
    for variant in options.variants {
      guard let one = estimates[variant] else { continue }
      for layer in 0..<one.layerCount {
        let (bits, epochs, peaks, finals) = one.compression(layer: layer)
        table.append([
          .text(variant.title), .text(layerName(layer, of: one.layerCount)), .number(Measurement(peaks)), .number(Measurement(finals)),
          .number(Measurement(bits)), .number(Measurement(epochs)), .number(Measurement(one.final(layer: layer).map(\.aboutLabel))),
          variant.activation == .tanh && layer < one.layerCount - 1 ? .number(Measurement(one.saturation.last![layer])) : .empty,
        ])
      }
      findings.add(Metric("\(variant.rawValue).compression", Measurement(one.compression(layer: one.layerCount - 2).bits), "bit"))
    }
    findings.add(table)
  }
}
