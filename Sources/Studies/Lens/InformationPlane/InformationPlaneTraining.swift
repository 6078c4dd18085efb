import Foundation
import Layers
import Lens
import Tensors
import Training

// Foundation has one as well.
private typealias Measurement = Training.Measurement

/// How one ensemble is trained.
struct InformationPlaneExperiment: Hashable {
  let name: String
  let title: String
  let hiddenUnits: [Int]
  let activation: NetworkEnsemble.HiddenActivation
  let share: Double
  let labels: Labels
  let epochs: Int
  /// Trained at once.
  let networks: Int

  enum Labels: Hashable {
    case given
    /// Drawn anew for each pattern, with as many of each class.
    case random
    /// The labels of other patterns: inputs permuted, one permutation for all networks.
    case permuted
    /// Drawn for each network from P(y = 1|x) of every pattern.
    case drawn([Double])
  }
}

/// A trained ensemble, with its weights at every recorded epoch.
struct InformationPlaneTrajectory {
  let experiment: InformationPlaneExperiment
  let epochs: [Int]
  /// Networks at each recorded epoch.
  let snapshots: [NetworkEnsemble]
  /// In percent, by recorded epoch and network.
  let testAccuracies: [[Double]]
  let trainingAccuracies: [[Double]]
  /// By recorded epoch, layer and network.
  let gradients: [[[GradientStatistics]]]
  /// The labels that each network was taught.
  let labels: [[Int]]

  var networkCount: Int { snapshots[0].networkCount }
  var layerCount: Int { snapshots[0].layerCount }
}

struct InformationPlaneTraining {
  let options: InformationPlaneOptions
  let task: InformationPlaneTask
  let run: StudyRun

  func experiment(_ variant: InformationPlaneVariant) -> InformationPlaneExperiment {
    InformationPlaneExperiment(
      name: variant.rawValue, title: variant.title, hiddenUnits: variant == .bottleneck ? [1, 1, 1, 1] : options.hiddenUnits,
      activation: variant.activation, share: variant == .smallSample ? options.smallShare : options.trainingShare,
      labels: variant == .randomLabels ? .random : variant == .permutedInputs ? .permuted : .given, epochs: options.epochs,
      networks: options.networks)
  }

  private func labels(_ experiment: InformationPlaneExperiment, seed: Int) -> [Int] {
    guard experiment.labels != .given else { return task.labels }
    if case .drawn(let probabilities) = experiment.labels {
      var random = RandomStream(seed: seed, step: -22)
      let draws = Tensor.uniform([probabilities.count], key: random.next(), dtype: .float64).array(of: Double.self)
      return zip(draws, probabilities).map { $0 < $1 ? 1 : 0 }
    }
    // One permutation of the inputs; random labels differ from network to network.
    var random = RandomStream(seed: experiment.labels == .permuted ? run.seed : seed, step: -21)
    let order = Tensor.permutation(task.labels.count, key: random.next()).array(of: Int64.self)
    return order.map { task.labels[Int($0)] }
  }

  private struct CheckpointKey: Encodable {
    let options: InformationPlaneOptions
    let experiment: String
  }

  func train(_ experiment: InformationPlaneExperiment, gradients takesGradients: Bool) throws -> InformationPlaneTrajectory {
    let seeds = run.seeds(experiment.networks)
    let widths = [task.width] + experiment.hiddenUnits + [task.classCount]
    let ensemble = NetworkEnsemble(widths: widths, activation: experiment.activation, seeds: seeds)
    let labels = seeds.map { self.labels(experiment, seed: $0) }
    let trainer = try EnsembleTrainer(
      ensemble, inputs: task.inputs, labels: labels, trainingShare: experiment.share, batchSize: options.batchSize,
      learningRate: options.learningRate, seeds: seeds)
    let points = RecordPoints.logarithmic(epochs: experiment.epochs, count: options.recordPoints)
    let folder = run.directory.appendingPathComponent("snapshots/\(experiment.name)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)

    let loop = TrainingLoop(model: ensemble, optimizer: trainer.optimizer, epochs: experiment.epochs, seed: run.seed)
    loop.recorder = run.recorder.scoped(experiment.name)
    loop.progress = run.progress
    loop.checkpoints = try run.checkpoints(experiment.name, options: CheckpointKey(options: options, experiment: experiment.name))
    loop.isResuming = run.isResuming
    // A checkpoint may be older than the last snapshot: what lies between is done again, to the same bytes.
    loop.checkpointEpochs = max(1, experiment.epochs / 10)
    loop.readingInterval = trainer.batchesPerEpoch
    try loop.run(over: CountedSteps(perEpoch: trainer.batchesPerEpoch)) { batch, step in
      ["loss": trainer.step(epoch: step.epoch, batch: batch).mean()]
    } evaluate: { end in
      guard points.contains(end.epoch) else { return [:] }
      let record = try snapshot(trainer, labels: labels, epoch: end.epoch, takesGradients: takesGradients, to: folder)
      return ["test accuracy": record.mean]
    }
    return try trajectory(experiment, points: points, labels: labels, folder: folder)
  }

  // MARK: Snapshots

  private func file(_ folder: URL, _ epoch: Int) -> URL { folder.appendingPathComponent("epoch-\(epoch).safetensors") }

  /// Writes weights, accuracies and gradient statistics of all networks; returns the test accuracy.
  private func snapshot(
    _ trainer: EnsembleTrainer, labels: [[Int]], epoch: Int, takesGradients: Bool, to folder: URL
  ) throws -> Measurement {
    var tensors: [String: Tensor] = [:]
    for (index, (weight, bias)) in zip(trainer.ensemble.weights, trainer.ensemble.biases).enumerated() {
      tensors["weight.\(index)"] = weight.value
      tensors["bias.\(index)"] = bias.value
    }
    let (training, test) = trainer.accuracies()
    tensors["accuracy.training"] = Tensor(training.map { 100 * $0 })
    tensors["accuracy.test"] = Tensor(test.map { 100 * $0 })
    if takesGradients {
      let statistics = trainer.gradientStatistics(batches: options.gradientBatches, batchSize: options.batchSize, epoch: epoch)
      tensors["gradient"] = Tensor(
        statistics.flatMap { $0.flatMap { [$0.meanNorm, $0.deviation, $0.weightNorm] } }, shape: [statistics.count, statistics[0].count, 3])
    }
    try SafetensorsFile.write(tensors, metadata: ["epoch": String(epoch)], to: file(folder, epoch))
    return Measurement(test.map { 100 * $0 })
  }

  private func trajectory(
    _ experiment: InformationPlaneExperiment, points: [Int], labels: [[Int]], folder: URL
  ) throws -> InformationPlaneTrajectory {
    var snapshots: [NetworkEnsemble] = []
    var (test, training): ([[Double]], [[Double]]) = ([], [])
    var gradients: [[[GradientStatistics]]] = []
    for epoch in points {
      let contents = try SafetensorsFile(reading: file(folder, epoch))
      let count = experiment.hiddenUnits.count + 1
      snapshots.append(
        NetworkEnsemble(
          weights: try (0..<count).map { try contents.tensor(named: "weight.\($0)") },
          biases: try (0..<count).map { try contents.tensor(named: "bias.\($0)") }, activation: experiment.activation))
      test.append(try contents.tensor(named: "accuracy.test").array(of: Double.self))
      training.append(try contents.tensor(named: "accuracy.training").array(of: Double.self))
      guard contents["gradient"] != nil else { continue }
      let values = try contents.tensor(named: "gradient").array(of: Double.self)
      gradients.append(
        (0..<count).map { layer in
          (0..<experiment.networks).map { network in
            let at = (layer * experiment.networks + network) * 3
            return GradientStatistics(meanNorm: values[at], deviation: values[at + 1], weightNorm: values[at + 2])
          }
        })
    }
    return InformationPlaneTrajectory(
      experiment: experiment, epochs: points, snapshots: snapshots, testAccuracies: test, trainingAccuracies: training,
      gradients: gradients, labels: labels)
  }
}
