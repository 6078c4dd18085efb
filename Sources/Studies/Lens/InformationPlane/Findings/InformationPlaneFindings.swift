import Foundation
import Lens
import Tensors
import Training

/// What the trajectories say about the paper's claims.
struct InformationPlaneFindings {
  let options: InformationPlaneOptions
  let task: InformationPlaneTask
  let run: StudyRun
  let training: InformationPlaneTraining
  /// By variant, in the order of the options.
  let trajectories: [InformationPlaneVariant: InformationPlaneTrajectory]
  let estimates: [InformationPlaneVariant: InformationPlaneEstimates]
  let bottleneck: InformationPlaneBottleneck?

  init(
    options: InformationPlaneOptions, task: InformationPlaneTask, run: StudyRun, training: InformationPlaneTraining,
    trajectories: [InformationPlaneVariant: InformationPlaneTrajectory], bottleneck: InformationPlaneBottleneck?
  ) throws {
    self.options = options
    self.task = task
    self.run = run
    self.training = training
    self.trajectories = trajectories
    self.bottleneck = bottleneck
    var estimates: [InformationPlaneVariant: InformationPlaneEstimates] = [:]
    for (variant, trajectory) in trajectories {
      let isBounded = variant.activation == .tanh
      estimates[variant] = try InformationPlaneEstimates(
        trajectory, task: task, binning: isBounded ? .unit(options.bins) : .runRange(options.bins))
    }
    self.estimates = estimates
  }

  var tanh: InformationPlaneEstimates { estimates[.tanh]! }
  /// The last hidden layer of the main networks, from 0.
  var lastHidden: Int { options.hiddenUnits.count - 1 }

  func findings() throws -> Findings {
    var findings = Findings(on: task.summary)
    addPlanes(to: &findings)
    addCompression(to: &findings)
    try addReLU(to: &findings)
    addPhases(to: &findings)
    addSmallSample(to: &findings)
    addLayers(to: &findings)
    try addBinCounts(to: &findings)
    try addEstimators(to: &findings)
    addBottleneck(to: &findings)
    addDeterministicRule(to: &findings)
    if options.sweepEpochs > 0 {
      try addDepths(to: &findings)
      try addShares(to: &findings)
    }
    return findings
  }

  // MARK: What several of these say alike

  func mean(_ values: [LayerInformation]) -> LayerInformation {
    let n = Double(values.count)
    return LayerInformation(
      aboutInput: values.reduce(0) { $0 + $1.aboutInput } / n, aboutLabel: values.reduce(0) { $0 + $1.aboutLabel } / n)
  }

  /// As a layer is called, from 0.
  func layerName(_ layer: Int, of count: Int) -> String { layer == count - 1 ? "softmax" : "layer \(layer + 1)" }

  /// H(Y), in bits.
  var entropyOfLabels: Double {
    let counts = (0..<task.classCount).map { label in task.labels.count { $0 == label } }
    let n = Double(task.labels.count)
    return counts.reduce(0) { $0 - ($1 > 0 ? Double($1) / n * log2(Double($1) / n) : 0) }
  }

  /// I(X;T) of a layer by epoch, a run a network.
  func curve(_ name: String, _ one: InformationPlaneEstimates, layer: Int, role: SeriesRole = .method) -> Curve {
    Curve(
      name, x: one.epochs.map { Double($0 + 1) }, runs: (0..<one.networkCount).map { one.aboutInput(layer: layer, network: $0) }, role: role
    )
  }
}
