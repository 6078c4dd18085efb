import Layers
import Tensors

// How the cause of a loss that is not finite is found. By the time it is read, the update has overwritten the weights it was computed from, and their
// history is gone. But steps can be repeated exactly: those since the last snapshot are done again, each with a copy of the state before it, until one of them leaves
// something that is not finite; that one is done once more from the copy, with every value on the way kept.

extension TrainingRun {
  /// Explains a metric that is not finite. Leaves the model in the state before the step at fault.
  func diverged(at noticed: Int, metric: String, value: Double) -> Diverged {
    func unexplained(_ cause: String) -> Diverged {
      Diverged(
        step: noticed, epoch: position.epoch, metric: metric, value: value, operation: nil, cause: cause,
        parameters: nonFiniteParameters)
    }
    guard let snapshot else { return unexplained("the cause was not looked for") }
    loop.logger.notice("\(metric) is not finite; repeating the last \(noticed + 1 - snapshot.position.step) steps to find the cause")
    do {
      return try repeating(from: snapshot, through: noticed, metric: metric, value: value)
        ?? unexplained("the step gave finite values when it was repeated, so it depends on something that is not saved")
    } catch {
      return unexplained("the cause could not be found, because repeating the steps failed: \(error)")
    }
  }

  private var nonFiniteParameters: [String] { loop.parameters.filter { !$0.parameter.value.holdsOnlyFiniteValues }.map(\.name) }

  /// Repeats steps until one goes wrong, and looks into that one.
  private func repeating(from snapshot: Snapshot, through noticed: Int, metric: String, value: Double) throws -> Diverged? {
    try loop.tracked.restore(snapshot.tensors)
    var index = snapshot.position.step
    var epoch = snapshot.position.epoch
    var number = snapshot.position.batch
    while index <= noticed {
      let nextBatch = try source.batches(ofEpoch: epoch, from: number)
      while index <= noticed, let batch = try nextBatch() {
        let before = loop.tracked.copies
        let step = try record(batch, step: index, epoch: epoch, number: number, isReplay: true)
        compute([step])
        let affected = nonFiniteParameters
        let failure = firstNonFinite([step])
        if failure != nil || !affected.isEmpty {
          try loop.tracked.restore(before)
          let origin = try lookInto(batch, step: index, epoch: epoch, number: number)
          try loop.tracked.restore(before)
          return Diverged(
            step: index, epoch: epoch, metric: failure?.name ?? metric, value: failure?.value ?? value, operation: origin?.operation,
            cause: origin?.inWords ?? "no operation could be singled out", parameters: affected)
        }
        index += 1
        number += 1
      }
      epoch += 1
      number = 0
    }
    return nil
  }

  /// Does a step with every value kept, and follows what is not finite back to its origin: from the metrics, or else from the updates.
  private func lookInto(_ batch: Source.Batch, step index: Int, epoch: Int, number: Int) throws -> NonFiniteOrigin? {
    let named = loop.parameters.map { (name: $0.name, value: $0.parameter.value) }
    return try keepingEveryValue {
      let step = try record(batch, step: index, epoch: epoch, number: number, isReplay: true)
      let metrics = step.metrics.filter { !loop.toleratedMetrics.contains($0.name) }.map(\.value)
      evaluate(metrics)
      if let origin = nonFiniteOrigin(of: metrics, named: named) { return origin }
      let updates = loop.tracked.tensors.sorted { $0.key < $1.key }.map(\.value)
      return nonFiniteOrigin(of: updates, named: named)
    }
  }
}
