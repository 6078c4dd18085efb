import Datasets
import Foundation
import Layers
import Lens
import Tensors
import Training

/// What is known of each layer of one network at one epoch. Activations are reduced to these numbers at once: those of a convolution take 25 MB a thousand
/// pictures, a training's worth of them would not fit.
struct PictureRecord {
  struct Layer {
    /// Bounds by kernel densities.
    let kernel: KernelDensityBounds.Bounds
    /// I(X;T) by counting bins over the layer's range.
    let binned: Double
    /// The decoder's bound on I(T;Y), on pictures that it did not learn from; nil but for the first and the last epoch.
    let decoded: Double?
  }

  let epoch: Int
  let layers: [Layer]
  /// In percent.
  let testAccuracy: Double
}

/// One network's records, epoch by epoch. Epoch 0 is before the first step.
struct PictureTrajectory {
  let network: PictureNetwork
  let records: [PictureRecord]
  /// Of each layer.
  let units: [Int]

  var layerCount: Int { units.count }
  func path(_ layer: Int, _ value: (PictureRecord.Layer) -> Double) -> [Double] { records.map { value($0.layers[layer]) } }
}

/// Trains networks on pictures, one after the other, and watches their layers on pictures set apart.
struct PictureTraining {
  let options: InformationPlaneOptions
  let task: PictureTask
  let run: StudyRun

  /// What a decoder learns from, at most.
  private static let decoderPictures = 2000

  private struct CheckpointKey: Encodable {
    let options: InformationPlaneOptions
    let network: String
  }

  func train(_ network: PictureNetwork, seed: Int) throws -> (trajectory: PictureTrajectory, model: LayeredClassifier) {
    let name = "\(network.rawValue)-seed-\(seed)"
    let model = network.fresh(for: task.shape, classes: task.classCount, seed: seed)
    let optimizer = Adam(model.parameters, learningRate: options.pictureLearningRate)
    let folder = run.directory.appendingPathComponent("snapshots/\(name)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    // The number of an epoch counts those that are done.
    let points = [0] + RecordPoints.logarithmic(epochs: options.pictureEpochs, count: options.recordPoints).map { $0 + 1 }

    let loop = TrainingLoop(model: model, optimizer: optimizer, epochs: options.pictureEpochs, seed: seed)
    loop.recorder = run.recorder.scoped(name)
    loop.progress = run.progress
    loop.checkpoints = try run.checkpoints(name, options: CheckpointKey(options: options, network: name))
    loop.isResuming = run.isResuming
    // A run that goes on has weights of a later epoch only once it runs; its record of the beginning is there.
    if !(run.isResuming && FileManager.default.fileExists(atPath: file(folder, 0).path)) {
      _ = try record(model, epoch: 0, seed: seed, to: folder)
    }
    let loader = BatchLoader(
      task.training, batchSize: min(options.pictureBatchSize, task.training.count), seed: seed, dropsLast: true)
    try loop.run(over: loader) { batch in
      let logits = model.logits(batch.features)
      return ["loss": optimizer.minimize(logits.softmaxCrossEntropy(labels: batch.labels!).mean())]
    } evaluate: { end in
      guard points.contains(end.epoch + 1) else { return [:] }
      return ["test accuracy": try record(model, epoch: end.epoch + 1, seed: seed, to: folder)]
    }
    let records = try points.map { try read(file(folder, $0), epoch: $0) }
    let units = model.activations(task.watched[0..<1]).map { $0.shape[1] }
    return (PictureTrajectory(network: network, records: records, units: units), model)
  }

  // MARK: Records

  private func file(_ folder: URL, _ epoch: Int) -> URL { folder.appendingPathComponent("epoch-\(epoch).safetensors") }

  private func record(_ model: LayeredClassifier, epoch: Int, seed: Int, to folder: URL) throws -> Double {
    let kernel = try KernelDensityBounds(variance: options.kernelVariance)
    let estimator = try BinnedInformation(labels: dense(task.watchedLabels), classCount: Set(task.watchedLabels).count)
    let decodes = options.decoderEpochs > 0 && (epoch == 0 || epoch == options.pictureEpochs)
    let layers = model.activations(task.watched)
    evaluate(layers)
    var numbers: [Double] = []
    for (index, layer) in layers.enumerated() {
      let bounds = kernel.bounds(layer, labels: task.watchedLabels, classCount: task.classCount)
      let values = layer.array(of: Float.self)
      let binned = try estimator.information(
        of: values, units: layer.shape[1], edges: BinEdges.overRange(of: values, count: options.bins))
      numbers += [
        bounds.upper.aboutInput, bounds.upper.aboutLabel, bounds.lower.aboutInput, bounds.lower.aboutLabel, binned.aboutInput,
        decodes ? try decoded(model, layer: index, of: layer, seed: seed) : -1,
      ]
    }
    let accuracy = 100 * testAccuracy(model)
    try SafetensorsFile.write(
      ["layers": Tensor(numbers, shape: [layers.count, 6]), "accuracy": Tensor([accuracy])], metadata: ["epoch": String(epoch)],
      to: file(folder, epoch))
    return accuracy
  }

  /// The decoder learns from the layer's states of training pictures and is judged on the watched ones: thousands of units would let it learn a thousand
  /// pictures by heart.
  private func decoded(_ model: LayeredClassifier, layer: Int, of watched: Tensor, seed: Int) throws -> Double {
    var random = RandomStream(seed: seed, step: -25 - layer)
    let pictures = task.training.prefix(Self.decoderPictures)
    let states = batches(of: pictures.count).map { rows in
      let state = model.activations(pictures.features[rows].cast(to: .float32) / 255)[layer]
      evaluate(state)
      return state
    }
    return VariationalBound(epochs: options.decoderEpochs).information(
      Tensor.concatenate(states), labels: pictures.classLabels, judgedOn: watched, judgedLabels: task.watchedLabels,
      classCount: task.classCount, random: &random)
  }

  private func testAccuracy(_ model: LayeredClassifier) -> Double {
    let labels = Tensor(task.test.classLabels.map { Int64($0) })
    let hits = batches(of: task.test.count).reduce(0.0) { sum, rows in
      let logits = model.logits(task.test.features[rows].cast(to: .float32) / 255)
      return sum + accuracy(logits: logits, labels: labels[rows]).scalar(as: Double.self) * Double(rows.count)
    }
    return hits / Double(task.test.count)
  }

  private func batches(of count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: 500).map { $0..<min($0 + 500, count) }
  }

  /// Without gaps: watched pictures may lack a class.
  private func dense(_ labels: [Int]) -> [Int] {
    let present = Set(labels).sorted()
    return labels.map { present.firstIndex(of: $0)! }
  }

  private func read(_ file: URL, epoch: Int) throws -> PictureRecord {
    let contents = try SafetensorsFile(reading: file)
    let table = try contents.tensor(named: "layers")
    let numbers = table.array(of: Double.self)
    let layers = (0..<table.shape[0]).map { layer -> PictureRecord.Layer in
      let row = Array(numbers[layer * 6..<(layer + 1) * 6])
      return PictureRecord.Layer(
        kernel: .init(
          upper: .init(aboutInput: row[0], aboutLabel: row[1]), lower: .init(aboutInput: row[2], aboutLabel: row[3])),
        binned: row[4], decoded: row[5] < 0 ? nil : row[5])
    }
    return PictureRecord(
      epoch: epoch, layers: layers, testAccuracy: try contents.tensor(named: "accuracy").scalar(as: Double.self))
  }
}
