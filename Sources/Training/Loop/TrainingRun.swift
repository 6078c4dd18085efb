import Foundation
import Layers
import Tensors

/// One run of a loop: where it is, and what is to be done next.
final class TrainingRun<Source: BatchSource> {
  /// A step that was recorded and whose metrics are not read yet.
  struct PendingStep {
    let index: Int
    let itemCount: Int
    let metrics: [(name: String, value: Tensor)]
  }

  /// A state to go back to, in memory.
  struct Snapshot {
    let position: TrainingPosition
    let tensors: [String: Tensor]
    let time: Double
  }

  let loop: TrainingLoop
  let source: Source
  let body: (Source.Batch, TrainingStep) throws -> [String: Tensor]
  let evaluation: (EpochEnd) throws -> [String: Double]

  var position: TrainingPosition
  private var pending: [PendingStep] = []
  var snapshot: Snapshot?
  private var savedTime: Double
  private var resumedFrom: String?
  private let recordingInterval: Int

  private static var snapshotSeconds: Double { 15 }

  init(
    _ loop: TrainingLoop, _ source: Source, _ body: @escaping (Source.Batch, TrainingStep) throws -> [String: Tensor],
    _ evaluation: @escaping (EpochEnd) throws -> [String: Double]
  ) throws {
    self.loop = loop
    self.source = source
    self.body = body
    self.evaluation = evaluation
    position = TrainingPosition(seed: loop.seed, batchesPerEpoch: source.batchesPerEpoch)
    savedTime = loop.clock()
    recordingInterval = loop.recordingInterval ?? max(1, loop.epochs * source.batchesPerEpoch / 1000)
    if loop.isResuming { try resume() }
  }

  func outcome() throws -> TrainingOutcome {
    try trainAll()
    return TrainingOutcome(
      steps: position.step, epochs: position.epoch, isStoppedEarly: position.isStopped, averages: position.lastAverages,
      evaluation: position.lastEvaluation, best: position.best, bestEpoch: position.bestEpoch, resumedFrom: resumedFrom)
  }

  private func trainAll() throws {
    guard position.epoch < loop.epochs, !position.isStopped else { return }
    let display = loop.progress.phase("epoch", of: loop.epochs, done: position.epoch, itemName: source.itemName)
    defer { display.finish() }
    while position.epoch < loop.epochs, !position.isStopped {
      try trainEpoch()
      try endEpoch(display)
    }
  }

  // MARK: Steps

  private func trainEpoch() throws {
    let display = loop.progress.phase("", of: source.batchesPerEpoch, done: position.batch)
    defer { display.finish() }
    let nextBatch = try source.batches(ofEpoch: position.epoch, from: position.batch)
    while let batch = try nextBatch() {
      if pending.isEmpty { try takeSnapshotIfDue() }
      try StepCost.counted {
        pending.append(try record(batch, step: position.step, epoch: position.epoch, number: position.batch, isReplay: false))
      }
      position.step += 1
      position.batch += 1
      let isLast = position.batch == source.batchesPerEpoch
      // Steps are grouped by their number, so that a run that was interrupted computes them in the same groups.
      guard isLast || position.step % loop.readingInterval == 0 else { continue }
      let itemCount = pending.reduce(0) { $0 + $1.itemCount }
      let stepCount = pending.count
      try StepCost.counted { try settle() }
      display.advance(by: stepCount, items: itemCount, metrics: averages)
      if let signal = loop.interruption() { try stop(for: signal) }
      if !isLast, let seconds = loop.checkpointSeconds, loop.clock() - savedTime >= seconds { try save() }
    }
    precondition(
      position.batch == source.batchesPerEpoch,
      "TrainingLoop: the source gave \(position.batch) batches in epoch \(position.epoch), announced were \(source.batchesPerEpoch)")
  }

  private var averages: [(name: String, value: Double)] {
    position.averages.sorted { $0.key < $1.key }.map { ($0.key, $0.value.mean ?? .nan) }
  }

  /// Lets the body record a step, and computes nothing.
  func record(_ batch: Source.Batch, step index: Int, epoch: Int, number: Int, isReplay: Bool) throws -> PendingStep {
    if let rate = loop.schedule?.rate(at: index) {
      for optimizer in loop.optimizers { optimizer.learningRate = rate }
    }
    var random = RandomStream(seed: loop.seed, step: index)
    let step = TrainingStep(index: index, epoch: epoch, batch: number, random: random.split(), isReplay: isReplay)
    let metrics = try withContext(.training, random: random) { try body(batch, step) }
    let ordered = metrics.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
    for (name, value) in ordered {
      precondition(value.elementCount == 1, "TrainingLoop: the metric \"\(name)\" has the shape \(value.shape), expected one element")
    }
    return PendingStep(index: index, itemCount: source.itemCount(of: batch), metrics: ordered)
  }

  /// Computes what steps recorded: their metrics, and all parameters, whatever the metrics depend on.
  func compute(_ steps: [PendingStep]) {
    evaluate(steps.flatMap { $0.metrics.map(\.value) } + loop.parameters.map(\.parameter.value))
  }

  /// The first metric of the steps that should be finite and is not.
  func firstNonFinite(_ steps: [PendingStep]) -> (step: PendingStep, name: String, value: Double)? {
    for step in steps {
      for (name, tensor) in step.metrics where !loop.toleratedMetrics.contains(name) {
        let value = tensor.scalar(as: Double.self)
        if !value.isFinite { return (step, name, value) }
      }
    }
    return nil
  }

  /// Computes the pending steps and takes in their metrics.
  private func settle() throws {
    let steps = pending
    pending = []
    compute(steps)
    if let (step, name, value) = firstNonFinite(steps) { throw diverged(at: step.index, metric: name, value: value) }
    for step in steps {
      let isRecorded = (step.index + 1) % recordingInterval == 0
      for (name, tensor) in step.metrics {
        let value = tensor.scalar(as: Double.self)
        position.averages[name, default: RunningAverage()].add(value, weight: Double(step.itemCount))
        if isRecorded { loop.recorder.record(name, value, step: step.index + 1, epoch: position.epoch) }
      }
      if isRecorded, loop.schedule != nil, let optimizer = loop.optimizers.first {
        loop.recorder.record("learning rate", optimizer.learningRate, step: step.index + 1, epoch: position.epoch)
      }
    }
  }

  private func takeSnapshotIfDue() throws {
    guard loop.findsCauseOfDivergence else { return }
    let now = loop.clock()
    if let snapshot, now - snapshot.time < Self.snapshotSeconds { return }
    snapshot = Snapshot(position: position, tensors: loop.tracked.copies, time: now)
  }

  // MARK: Epochs

  private func endEpoch(_ display: ProgressPhase) throws {
    let means = position.averages.compactMapValues(\.mean)
    for (name, value) in means.sorted(by: { $0.key < $1.key }) {
      loop.recorder.record("epoch/\(name)", value, step: position.step, epoch: position.epoch)
    }
    position.lastAverages = means
    var isBest = false
    var shown: [(name: String, value: Double)] = []
    if (position.epoch + 1) % loop.evaluationEpochs == 0 || position.epoch + 1 == loop.epochs {
      let metrics = try withContext(.inference) {
        try evaluation(EpochEnd(epoch: position.epoch, step: position.step, averages: means))
      }
      shown = metrics.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
      for (name, value) in shown { loop.recorder.record(name, value, step: position.step, epoch: position.epoch) }
      position.lastEvaluation = metrics
      isBest = judge(metrics.merging(means) { evaluated, _ in evaluated })
    }
    if position.epoch + 1 == loop.epochs || position.isStopped { recordWeights() }
    position.epoch += 1
    position.batch = 0
    position.averages = [:]
    display.advance(metrics: shown)
    try loop.recorder.flush()
    let isOver = position.epoch == loop.epochs || position.isStopped
    let signal = loop.interruption()
    if isOver || isBest || position.epoch % loop.checkpointEpochs == 0 {
      let path = try save(isBest: isBest)
      if let signal, !isOver { throw Interrupted(signal: signal, checkpoint: path, step: position.step) }
    } else if let signal {
      try stop(for: signal)
    }
  }

  /// How the weights are spread in the end; of a very large model, those of its first parameters.
  private func recordWeights() {
    for named in loop.parameters.filter({ $0.parameter.role == .weight && $0.parameter.elementCount > 1 }).prefix(100) {
      loop.recorder.record("weights/\(named.name)", histogramOf: named.parameter.value, step: position.step, epoch: position.epoch)
    }
  }

  /// Compares the goal's metric with the best so far. Returns whether it is better.
  private func judge(_ metrics: [String: Double]) -> Bool {
    guard let goal = loop.goal else { return false }
    guard let value = metrics[goal.name] else {
      preconditionFailure(
        "TrainingLoop: there is no metric \"\(goal.name)\", the goal, among \(metrics.keys.sorted().joined(separator: ", "))")
    }
    guard goal.isBetter(value, than: position.best) else {
      position.evaluationsWithoutGain += 1
      if let patience = loop.patience, position.evaluationsWithoutGain >= patience { position.isStopped = true }
      return false
    }
    position.best = value
    position.bestEpoch = position.epoch
    position.evaluationsWithoutGain = 0
    return true
  }

  // MARK: States

  private func stop(for signal: Int32) throws -> Never { throw Interrupted(signal: signal, checkpoint: try save(), step: position.step) }

  /// Saves the state; what was recorded on the way here is safe before it.
  @discardableResult
  private func save(isBest: Bool = false) throws -> String? {
    try loop.recorder.synchronize()
    guard let store = loop.checkpoints else { return nil }
    let path = try store.save(Checkpoint(step: position.step, tensors: loop.tracked.tensors, state: position), isBest: isBest)
    savedTime = loop.clock()
    return path
  }

  private func resume() throws {
    guard let restored = try loop.checkpoints?.newest(TrainingPosition.self) else {
      // Of several parts of a run, those that had not begun have none.
      loop.logger.debug("there is no checkpoint to go on from; starting at the beginning")
      return
    }
    for reason in restored.skipped { loop.logger.warning("passing over a damaged checkpoint: \(reason)") }
    let checkpoint = restored.checkpoint
    var differences = loop.tracked.differences(from: checkpoint.tensors)
    for (name, there, here) in [
      ("the seed", checkpoint.state.seed, position.seed),
      ("the number of batches an epoch", checkpoint.state.batchesPerEpoch, position.batchesPerEpoch),
    ] where there != here { differences.append("\(name) is \(there) there and \(here) here") }
    guard differences.isEmpty else { throw CheckpointMismatch(path: restored.path, differences: differences) }
    try loop.tracked.restore(checkpoint.tensors)
    position = checkpoint.state
    resumedFrom = restored.path
    try loop.recorder.rewind(toStep: position.step)
  }
}
