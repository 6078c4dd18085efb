import Datasets
import Foundation
import Layers
import Tensors
import Training

/// How well a network tells positive bags.
struct SetScores {
  /// One a bag.
  let logits: [Double]
  /// By bag: the weight of each row, where the network has such.
  let weights: [[Double]]
  let labels: [Bool]

  /// In percent.
  var accuracy: Double { 100 * Double(zip(logits, labels).count { ($0 > 0) == $1 }) / Double(labels.count) }
  /// In 0 ... 1; NaN where one kind of bag is missing.
  var area: Double { areaUnderROC(scores: logits, labels: labels) ?? .nan }

  /// The share, in percent, of positive bags whose largest weight falls on a row that makes them positive.
  func hits(_ keys: [Set<Int>]) -> Double? {
    guard !weights.isEmpty else { return nil }
    let positive = labels.indices.filter { labels[$0] }
    let hits = positive.count { bag in
      let row = weights[bag].indices.max { weights[bag][$0] < weights[bag][$1] }!
      return keys[bag].contains(row)
    }
    return 100 * Double(hits) / Double(positive.count)
  }
}

/// Trains networks on bags: AdamW, clipped gradients, binary cross entropy.
struct SetTraining {
  let run: StudyRun
  var epochs: Int
  var learningRate = 1e-3
  var weightDecay = 1e-2
  var batchSize = 32
  /// Whether the state is kept from epoch to epoch, for long trainings.
  var keepsCheckpoints = true

  static let accuracyName = "test accuracy"

  /// - Parameters:
  ///   - name: of the part of the run.
  ///   - watched: bags whose accuracy is recorded after every epoch.
  /// - Returns: test accuracy in percent after every epoch.
  @discardableResult
  func train(
    _ network: some SetNetwork, on bags: SetBags, watching watched: SetBags?, as name: String, seed: Int, options: some Encodable
  ) throws -> [Double] {
    let optimizer = AdamW(network.trainableParameters, learningRate: learningRate, weightDecay: weightDecay)
    let loop = TrainingLoop(model: network, optimizers: ["": optimizer], epochs: epochs, seed: seed)
    loop.recorder = run.recorder.scoped(name)
    loop.progress = keepsCheckpoints ? run.progress : .silent
    if keepsCheckpoints {
      loop.checkpoints = try run.checkpoints(name, options: options)
      loop.isResuming = run.isResuming
      loop.checkpointEpochs = max(1, epochs / 10)
    } else {
      loop.findsCauseOfDivergence = false
    }
    loop.evaluationEpochs = watched == nil ? epochs : max(1, epochs / 30)
    try loop.run(over: SetBatches(bags: bags, size: batchSize, seed: seed)) { batch, _ in
      let loss = binaryCrossEntropy(logits: network.scores(batch.sets, padding: batch.padding).logits, targets: batch.targets)
      optimizer.step(gradients: clipped(optimizer.gradients(of: loss), toNorm: 1).gradients)
      return ["loss": loss]
    } evaluate: { _ in
      watched.map { [Self.accuracyName: scores(network, $0).accuracy] } ?? [:]
    }
    return run.recorder.history["\(name)/\(Self.accuracyName)"]?.values ?? []
  }

  /// - Parameter size: bags that are judged together.
  func scores(_ network: some SetNetwork, _ bags: SetBags, together size: Int = 32) -> SetScores {
    withContext(.inference) {
      var logits: [Double] = []
      var weights: [[Double]] = []
      let size = batchSize == 1 ? 1 : size
      for start in stride(from: 0, to: bags.count, by: size) {
        let indices = Array(start..<min(start + size, bags.count))
        let batch = bags.batch(indices)
        let result = network.scores(batch.sets, padding: batch.padding)
        evaluate([result.logits] + (result.weights.map { [$0] } ?? []))
        logits += result.logits.cast(to: .float64).array(of: Double.self)
        guard let rows = result.weights?.cast(to: .float64).array(of: Double.self) else { continue }
        let length = rows.count / indices.count
        weights += indices.enumerated().map { index, bag in Array(rows[index * length..<index * length + bags.bags[bag].count]) }
      }
      return SetScores(logits: logits, weights: weights, labels: bags.labels)
    }
  }
}
