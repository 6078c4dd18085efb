import Datasets
import Foundation
import Layers
import Logging
import Tensors

/// Runs the steps of a training over batches and epochs, and takes care of everything that is not the method: schedule, progress, records, evaluation,
/// early stopping, checkpoints, Ctrl-C, resuming, and the search for the cause when the loss stops being finite.
///
///     let loop = TrainingLoop(model: model, optimizer: optimizer, epochs: 10, seed: 7)
///     loop.recorder = try Recorder(directory: output)
///     loop.progress = ProgressDisplay()
///     loop.checkpoints = try CheckpointStore(directory: output, options: options)
///     let outcome = try loop.run(over: loader) { batch in
///       let logits = model(batch.features)
///       let loss = optimizer.minimize(logits.softmaxCrossEntropy(labels: batch.labels!).mean())
///       return ["loss": loss, "accuracy": accuracy(logits: logits, labels: batch.labels!)]
///     } evaluate: { _ in
///       ["validation accuracy": meanAccuracy(model, validation)]
///     }
///
/// A run that is interrupted and resumed gives the same bytes as one that is not. For that, a step may depend on nothing but the model, the optimisers,
/// what is given to `track`, the batch, and the randomness it is handed.
///
/// Nobody has to use it. The same training without its services:
///
///     var stream = RandomStream(seed: 7)
///     for batch in loader.batches(epochs: 10) {
///       let loss = withContext(.training, random: stream.split()) {
///         optimizer.minimize(model(batch.features).softmaxCrossEntropy(labels: batch.labels!).mean())
///       }
///       print(loss.scalar())
///     }
public final class TrainingLoop {
  public let epochs: Int
  /// Of the randomness of the steps.
  public let seed: Int

  /// The learning rate of all optimisers by step; nil leaves theirs alone.
  public var schedule: (any LearningRateSchedule)?
  public var recorder = Recorder()
  public var progress = ProgressDisplay.silent
  public var logger = Logger(label: "apus.training")

  /// Where states are kept; nil keeps none.
  public var checkpoints: CheckpointStore?
  /// Whether to go on from the newest checkpoint, if there is one.
  public var isResuming = false
  /// Seconds after which a state is saved within an epoch; nil saves at the ends of epochs only.
  public var checkpointSeconds: Double? = 120
  /// A state is saved after every so many epochs.
  public var checkpointEpochs = 1

  /// A step's metrics are recorded once in so many steps; nil records about a thousand points a run.
  public var recordingInterval: Int?
  /// Steps that are computed together and whose metrics are read together. More than 1 saves a little time a step and takes memory.
  public var readingInterval = 1
  /// `evaluate` is called after every so many epochs, and after the last.
  public var evaluationEpochs = 1

  /// The metric that decides what is best.
  public var goal: MetricGoal?
  /// Ends the run after so many evaluations in a row that reach nothing better; needs a goal.
  public var patience: Int?

  /// Metrics of steps that may be NaN or infinite.
  public var toleratedMetrics: Set<String> = []
  /// Whether a run that diverges is followed back to the operation at fault. For that a copy of the state is kept in memory, renewed every few seconds.
  public var findsCauseOfDivergence = true

  /// The signal that asks the run to stop; nil as long as there is none.
  public var interruption: () -> Int32? = { Interruption.signal }
  /// Gives seconds since some moment. Nothing that is computed depends on it.
  package var clock: () -> Double = {
    let start = ContinuousClock.now
    return { (ContinuousClock.now - start) / .seconds(1) }
  }()

  let optimizers: [any Optimizer]
  let parameters: [NamedParameter]
  private(set) var tracked: [TrackedState]

  /// - Parameters:
  ///   - model: what is saved and restored. Its parameters are read off once, here.
  ///   - optimizers: those that the steps use, each under a name of its own.
  ///   - epochs: passes over the data; at least 0.
  public init(model: any Module, optimizers: [String: any Optimizer], epochs: Int, seed: Int) {
    precondition(epochs >= 0, "TrainingLoop: \(epochs) epochs")
    self.epochs = epochs
    self.seed = seed
    parameters = model.namedParameters
    let ordered = optimizers.sorted { $0.key < $1.key }
    self.optimizers = ordered.map(\.value)
    tracked = [TrackedState(name: "model", model: model)]
    for (name, optimizer) in ordered {
      tracked.append(TrackedState(name: name.isEmpty ? "optimizer" : "optimizer.\(name)", optimizer: optimizer))
    }
  }

  /// A loop with one optimiser.
  public convenience init(model: any Module, optimizer: any Optimizer, epochs: Int, seed: Int) {
    self.init(model: model, optimizers: ["": optimizer], epochs: epochs, seed: seed)
  }

  /// Saves and restores something beside the model and its optimisers: averaged weights, a replay memory.
  /// - Parameters:
  ///   - name: unique, without "/".
  ///   - get: its tensors by name; the names, shapes and types stay the same during the run.
  ///   - set: takes back what `get` gave.
  public func track(_ name: String, get: @escaping () -> [String: Tensor], set: @escaping ([String: Tensor]) throws -> Void) {
    precondition(!name.contains("/") && !tracked.contains { $0.name == name }, "TrainingLoop: \"\(name)\" cannot be tracked under this name")
    tracked.append(TrackedState(name: name, get: get, set: set))
  }
}

/// What became of a run.
public struct TrainingOutcome: Sendable, Equatable {
  /// Steps and epochs done, those before a resumption included.
  public let steps: Int
  public let epochs: Int
  /// Whether it ended before its last epoch, for want of progress.
  public let isStoppedEarly: Bool
  /// The mean of the steps' metrics over the last epoch.
  public let averages: [String: Double]
  /// The metrics of the last evaluation.
  public let evaluation: [String: Double]
  /// The best value of the goal, and the epoch it was reached in.
  public let best: Double?
  public let bestEpoch: Int?
  /// The checkpoint it went on from.
  public let resumedFrom: String?
}

// MARK: - Running

extension TrainingLoop {
  /// Runs all steps that are left.
  /// - Parameters:
  ///   - source: gives the batches.
  ///   - step: what to do with one. It runs in training mode, with randomness of its own, and returns scalars to be recorded and watched.
  ///   - evaluate: called at the end of an epoch; returns metrics of the model as it is then.
  /// - Throws: `Interrupted`, with the state saved, when the user asks to stop; `Diverged`; what checkpoints and the recorder throw
  ///   (`CheckpointMismatch`, `NoValidCheckpoint`, `FileAccessError`); what `source`, `step` and `evaluate` throw.
  @discardableResult
  public func run<Source: BatchSource>(
    over source: Source, step: (Source.Batch, TrainingStep) throws -> [String: Tensor],
    evaluate: (EpochEnd) throws -> [String: Double] = { _ in [:] }
  ) throws -> TrainingOutcome {
    precondition(
      recordingInterval ?? 1 >= 1 && readingInterval >= 1 && evaluationEpochs >= 1 && checkpointEpochs >= 1,
      "TrainingLoop: intervals must be at least 1")
    precondition(patience == nil || goal != nil, "TrainingLoop: patience needs a goal")
    return try withoutActuallyEscaping(step) { step in
      try withoutActuallyEscaping(evaluate) { evaluate in try TrainingRun(self, source, step, evaluate).outcome() }
    }
  }

  /// Runs all steps that are left. The step is given its batch only.
  @discardableResult
  public func run<Source: BatchSource>(
    over source: Source, step: (Source.Batch) throws -> [String: Tensor],
    evaluate: (EpochEnd) throws -> [String: Double] = { _ in [:] }
  ) throws -> TrainingOutcome {
    try run(over: source, step: { batch, _ in try step(batch) }, evaluate: evaluate)
  }
}
