import Foundation
import Lens
import Tensors
import Training

// Foundation has one as well.
private typealias Measurement = Training.Measurement

/// How the number of hidden layers changes the course.
extension InformationPlaneFindings {
  func addDepths(to findings: inout Findings) throws {
    let depths = options.depths.filter { $0 <= options.hiddenUnits.count }.sorted()
    var table = Table(
      "depths",
      title:
        "Depth: epochs until the softmax knows 0.8 bit of the label, and what the last hidden layer forgets; mean and standard error over "
        + "\(options.depthNetworks) networks",
      columns: ["hidden layers", "epochs to 0.8 bit", Table.Column("fall of I(X;T)", "bit"), Table.Column("I(T;Y) at the end", "bit")])
    var epochsByDepth: [(Int, Measurement)] = []
    for depth in depths {
      let trajectory = try training.train(
        InformationPlaneExperiment(
          name: "depth-\(depth)", title: "\(depth) hidden layers", hiddenUnits: Array(options.hiddenUnits.prefix(depth)), activation: .tanh,
          share: options.trainingShare, labels: .given, epochs: options.sweepEpochs, networks: options.depthNetworks), gradients: false)
      let one = try InformationPlaneEstimates(trajectory, task: task, binning: .unit(options.bins))
      let reached = (0..<one.networkCount).map { network -> Double in
        let path = one.aboutLabel(layer: one.layerCount - 1, network: network)
        return Double(path.firstIndex { $0 >= 0.8 }.map { one.epochs[$0] } ?? options.sweepEpochs)
      }
      epochsByDepth.append((depth, Measurement(reached)))
      table.append([
        .init(depth), .number(Measurement(reached)), .number(Measurement(one.compression(layer: one.layerCount - 2).bits)),
        .number(Measurement(one.final(layer: one.layerCount - 1).map(\.aboutLabel))),
      ])
    }
    findings.add(table)
    if let shallow = epochsByDepth.first, let deep = epochsByDepth.last, shallow.0 < deep.0 {
      findings.add(
        Claim(
          "depth-helps",
          "More hidden layers need fewer epochs to the same I(T;Y), by more than two standard errors over \(options.depthNetworks) networks.",
          measured: deep.1, .below, baseline: shallow.1,
          unit: "epochs",
          measuredName: "epochs to 0.8 bit, \(deep.0) hidden layers", baselineName: "\(shallow.0) hidden layer\(shallow.0 == 1 ? "" : "s")")
      )
    }
  }
}
