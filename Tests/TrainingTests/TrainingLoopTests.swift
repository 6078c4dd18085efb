import Datasets
import Foundation
import Layers
import Tensors
import Testing
import Training

/// Makes an image brighter or darker at random.
private struct Flicker: Augmentation {
  func apply(to image: inout ImageBuffer, random: inout SplitMix64) {
    let factor = Float.random(in: 0.5...1, using: &random)
    for index in image.values.indices { image.values[index] *= factor }
  }
}

/// A small training with everything that has a state or draws random numbers: momentum or Adam, batch normalisation, dropout, shuffling, augmentation, a schedule.
private struct Trial {
  let model: Sequential
  let optimizer: any Optimizer
  let loader: BatchLoader
  let loop: TrainingLoop
  /// Kept beside the model: a moving average of the loss.
  let averaged = Parameter(Tensor.zeros([1]), isTrainable: false)

  enum Rule: String, CaseIterable { case momentum, adam }

  init(_ rule: Rule, seed: Int = 7) {
    var random = RandomStream(seed: seed)
    let images = (Tensor.uniform([90, 6, 6, 1], key: random.next()) * 255).cast(to: .uint8)
    let labels = Tensor.integers([90], in: 0..<3, key: random.next()).cast(to: .int32)
    let dataset = Dataset(name: "noise", features: images, labels: labels, classNames: ["a", "b", "c"])
    loader = BatchLoader(dataset, batchSize: 16, seed: seed, augmentations: [Flicker()])
    model = Sequential(
      Flatten(), Dense(inputs: 36, outputs: 12, random: &random), BatchNorm(features: 12), Activation(.relu), Dropout(0.3),
      Dense(inputs: 12, outputs: 3, random: &random))
    optimizer =
      switch rule {
      case .momentum: SGD(model.trainableParameters, learningRate: 0.05, momentum: 0.9)
      case .adam: Adam(model.trainableParameters, learningRate: 0.01)
      }
    loop = TrainingLoop(model: model, optimizer: optimizer, epochs: 3, seed: seed)
    loop.schedule = StepSchedule(base: 0.05, every: 4, factor: 0.8)
    loop.recordingInterval = 1
    let averaged = averaged
    loop.track("averaged", get: { ["value": averaged.value] }, set: { averaged.assign($0["value"]!) })
  }

  @discardableResult
  func run(_ directory: URL, resuming: Bool = false, everyStep: @escaping (TrainingStep) throws -> Void = { _ in }) throws -> TrainingOutcome {
    loop.recorder = try Recorder(directory: directory, resuming: resuming)
    loop.checkpoints = try CheckpointStore(directory: directory.appendingPathComponent("checkpoints"), options: ["trial": 1])
    loop.isResuming = resuming
    defer { try? loop.recorder.close() }
    return try loop.run(over: loader) { batch, step in
      try everyStep(step)
      let logits = model(batch.features)
      let loss = optimizer.minimize(logits.softmaxCrossEntropy(labels: batch.labels!).mean())
      averaged.value = averaged.value * 0.9 + loss.stopGradient() * 0.1
      return ["loss": loss, "accuracy": accuracy(logits: logits, labels: batch.labels!)]
    } evaluate: { end in
      ["mean weight": Double(model.parameters[0].value.mean().scalar()), "epoch number": Double(end.epoch)]
    }
  }

  /// Every byte that the training leaves.
  var bytes: [String: [UInt8]] {
    var result: [String: [UInt8]] = [:]
    for named in model.namedParameters { result[named.name] = named.parameter.value.withBytes { Array($0) } }
    for (name, tensor) in optimizer.state { result["optimizer." + name] = tensor.withBytes { Array($0) } }
    result["averaged"] = averaged.value.withBytes { Array($0) }
    return result
  }
}

private func metrics(_ directory: URL) throws -> Data { try Data(contentsOf: directory.appendingPathComponent("metrics.jsonl")) }

@Suite struct TrainingLoopTests {
  @Test(arguments: [("momentum", 1), ("adam", 1), ("adam", 4)])
  func interruptedRunsContinueToTheSameBytes(rule: String, readingInterval: Int) throws {
    let rule = Trial.Rule(rawValue: rule)!
    try withTemporaryDirectory { directory in
      let straight = Trial(rule)
      straight.loop.readingInterval = readingInterval
      let outcome = try straight.run(directory.appendingPathComponent("straight"))
      #expect(outcome.steps == 18 && outcome.epochs == 3 && outcome.resumedFrom == nil && !outcome.isStoppedEarly)
      let expected = straight.bytes
      #expect(expected.count > 10)

      // In the middle of an epoch, at its last step, at its first, and after each single step.
      for stops in [[8], [6], [7, 13], [12, 17], Array(1...17)] {
        let place = directory.appendingPathComponent("stopped at \(stops)")
        var done = 0
        var last: TrainingOutcome?
        for stop in stops + [Int.max] {
          // A new process: everything is made anew.
          let trial = Trial(rule)
          trial.loop.readingInterval = readingInterval
          trial.loop.interruption = { done >= stop ? SIGINT : nil }
          do {
            last = try trial.run(place, resuming: stop != stops[0]) { done = $0.index + 1 }
            #expect(trial.bytes == expected, "stopped at \(stops)")
          } catch let interrupted as Interrupted {
            #expect(interrupted.signal == SIGINT && interrupted.step >= stop && interrupted.checkpoint != nil)
            if readingInterval == 1 { #expect(interrupted.step == stop) }
          }
        }
        #expect(last?.steps == 18 && last?.resumedFrom != nil)
        #expect(last?.averages == outcome.averages && last?.evaluation == outcome.evaluation)
        #expect(try metrics(place) == metrics(directory.appendingPathComponent("straight")), "stopped at \(stops)")
      }
    }
  }

  /// A crash keeps nothing but what was saved before, while records went on: those are taken back.
  @Test func crashedRunsContinueToTheSameBytes() throws {
    struct Crash: Error {}
    try withTemporaryDirectory { directory in
      let straight = Trial(.adam)
      try straight.run(directory.appendingPathComponent("straight"))
      let place = directory.appendingPathComponent("crashed")
      let clock = ManualClock()
      let crashing = Trial(.adam)
      crashing.loop.clock = { clock.now }
      crashing.loop.checkpointSeconds = 3
      #expect(throws: Crash.self) {
        try crashing.run(place) { step in
          clock.now += 1
          if step.index == 11 { throw Crash() }
        }
      }
      let trial = Trial(.adam)
      let outcome = try trial.run(place, resuming: true) { #expect($0.index >= 9) }
      #expect(outcome.resumedFrom?.hasSuffix("step-000000009.safetensors") == true)
      #expect(trial.bytes == straight.bytes)
      #expect(try metrics(place) == metrics(directory.appendingPathComponent("straight")))
    }
  }

  @Test func aFinishedRunIsNotRepeated() throws {
    try withTemporaryDirectory { directory in
      let first = Trial(.momentum)
      let outcome = try first.run(directory)
      let second = Trial(.momentum)
      let again = try second.run(directory, resuming: true) { _ in Issue.record("a step was repeated") }
      #expect(again.steps == outcome.steps && again.averages == outcome.averages && again.evaluation == outcome.evaluation)
      #expect(second.bytes == first.bytes)
    }
  }

  @Test func whatIsRecordedAgreesWithTheRun() throws {
    try withTemporaryDirectory { directory in
      let trial = Trial(.momentum)
      let outcome = try trial.run(directory)
      let history = trial.loop.recorder.history
      #expect(history["loss"]?.steps == Array(1...18))
      #expect(history["epoch number"]?.values == [0, 1, 2])
      #expect(history["epoch/loss"]?.steps == [6, 12, 18])
      // 90 samples in batches of 16 leave a last one of 10.
      let losses = history["loss"]!.values[12...]
      let mean = zip(losses, [16.0, 16, 16, 16, 16, 10]).reduce(0) { $0 + $1.0 * $1.1 } / 90
      #expect(abs(outcome.averages["loss"]! - mean) < 1e-12)
      #expect(history.latest("epoch/loss") == outcome.averages["loss"])
      #expect(history["learning rate"]?.values.first == 0.05)
      #expect(abs(history["learning rate"]!.values[4] - 0.04) < 1e-12)
    }
  }

  @Test func interruptionWithoutCheckpointsSaysSo() throws {
    let trial = Trial(.momentum)
    trial.loop.interruption = { SIGTERM }
    #expect(throws: Interrupted(signal: SIGTERM, checkpoint: nil, step: 1)) {
      try trial.loop.run(over: CountedSteps(perEpoch: 3)) { _ in [:] }
    }
  }

  @Test func aCheckpointOfAnotherModelIsRefused() throws {
    try withTemporaryDirectory { directory in
      try Trial(.momentum).run(directory)
      do {
        try Trial(.adam).run(directory, resuming: true)
        Issue.record("not refused")
      } catch let error as CheckpointMismatch {
        #expect(error.differences.contains { $0.contains("optimizer/0.") })
      }
      do {
        try Trial(.momentum, seed: 8).run(directory, resuming: true)
        Issue.record("not refused")
      } catch let error as CheckpointMismatch {
        #expect(error.differences == ["the seed is 7 there and 8 here"])
      }
    }
  }

  @Test func stopsEarlyAndKeepsTheBest() throws {
    try withTemporaryDirectory { directory in
      let weight = Weight(0)
      let loop = TrainingLoop(model: weight, optimizers: [:], epochs: 20, seed: 1)
      loop.checkpoints = try CheckpointStore(directory: directory, options: 1)
      loop.goal = .greatest("score")
      loop.patience = 3
      let scores = [0.1, 0.5, 0.4, 0.7, 0.7, .nan, 0.6, 0.9]
      let outcome = try loop.run(over: CountedSteps(perEpoch: 2)) { _ in
        weight.value.value = weight.value.value + 1
        return [:]
      } evaluate: { end in
        ["score": scores[end.epoch]]
      }
      #expect(outcome.isStoppedEarly && outcome.epochs == 7 && outcome.best == 0.7 && outcome.bestEpoch == 3)
      struct Anything: Codable {}
      let best = try #require(try loop.checkpoints?.best(Anything.self))
      // Four epochs of two steps.
      #expect(best.checkpoint.tensors["model/value"]?.array(of: Float.self) == [8])
      #expect(weight.value.value.scalar() == 14)
    }
  }

  @Test func stepsAreWorthTheirRandomnessAlone() {
    let streams = (0..<1000).map { RandomStream(seed: 3, step: $0).seed }
    #expect(Set(streams).count == 1000)
    #expect(RandomStream(seed: 3, step: 5) == RandomStream(seed: 3, step: 5))
    #expect(RandomStream(seed: 4, step: 5) != RandomStream(seed: 3, step: 5))
    var split = RandomStream(seed: 3)
    let children = Set((0..<1000).map { _ in split.split().seed })
    #expect(children.isDisjoint(with: streams))
  }

  @Test func progressNestsIntoWhatRuns() throws {
    let capture = ConsoleCapture()
    let clock = ManualClock()
    let display = ProgressDisplay(console: capture.console(isTerminal: true, width: 120)) { clock.now }
    let blocks = display.phase("block", of: 2)
    let trial = Trial(.momentum)
    trial.loop.progress = display
    try trial.loop.run(over: CountedSteps(perEpoch: 4)) { _ in
      clock.now += 1
      return ["loss": Tensor(0.25)]
    }
    blocks.finish()
    #expect(capture.text.contains("block 1/2 epoch 2/3  "))
    #expect(capture.text.contains("loss 0.25"))
  }

  /// The loop that stands in the documentation for those who write their own.
  @Test func theLoopOfOnesOwn() {
    var random = RandomStream(seed: 1)
    let features = Tensor.normal([64, 4], key: random.next())
    let labels = (features[0..., 0] .> 0).cast(to: .int32)
    let loader = BatchLoader(Dataset(name: "sign", features: features, labels: labels, classNames: ["-", "+"]), batchSize: 16, seed: 1)
    let model = Dense(inputs: 4, outputs: 2, random: &random)
    let optimizer = SGD(model.trainableParameters, learningRate: 0.5)
    var losses: [Float] = []

    var stream = RandomStream(seed: 7)
    for batch in loader.batches(epochs: 10) {
      let loss = withContext(.training, random: stream.split()) {
        optimizer.minimize(model(batch.features).softmaxCrossEntropy(labels: batch.labels!).mean())
      }
      losses.append(loss.scalar())
    }

    #expect(losses.count == 40 && losses.last! < 0.5 * losses.first!)
  }
}

/// A model of one number.
private struct Weight: Module {
  let value: Parameter
  init(_ value: Float) { self.value = Parameter(Tensor([value])) }
}

@Suite struct DivergenceTests {
  private func diverge<Source: BatchSource>(
    _ loop: TrainingLoop, _ source: Source, _ step: (Source.Batch, TrainingStep) throws -> [String: Tensor]
  ) -> Diverged? {
    do {
      try loop.run(over: source, step: step)
      Issue.record("did not diverge")
    } catch let error as Diverged {
      return error
    } catch {
      Issue.record("\(error)")
    }
    return nil
  }

  @Test func theForwardOperationIsNamed() throws {
    // w <- w - (0.4 / 3) * 3 / w: 1, 0.6, -0.067; the logarithm of the last is NaN.
    let weight = Weight(1)
    let optimizer = SGD(weight.trainableParameters, learningRate: 0.4 / 3)
    let loop = TrainingLoop(model: weight, optimizer: optimizer, epochs: 2, seed: 1)
    let error = try #require(
      diverge(loop, CountedSteps(perEpoch: 2)) { _, _ in ["loss": optimizer.minimize((weight.value.value.log() * 3 + 1).sum())] })
    #expect(error.step == 2 && error.epoch == 1 && error.metric == "loss" && error.value.isNaN)
    #expect(error.operation == "log")
    #expect(error.cause.contains("gave NaN from float32[1] of -0.06666"))
    #expect(error.cause.hasSuffix("next to value"))
    #expect("\(error)".hasPrefix("diverged at step 2 of epoch 1: loss is NaN; the first operation that is not finite is log"))
    // The model is left as it was before the step.
    #expect(abs(weight.value.value.scalar() + 0.0666667) < 1e-5)
  }

  @Test func aGradientAtFaultIsFoundOneStepEarlier() throws {
    // The derivative of the square root at zero is infinite, times zero NaN; the loss itself is finite until the next step.
    let weight = Weight(2)
    let other = Weight(1)
    let pair = Pair(first: weight, second: other)
    let optimizer = SGD(pair.trainableParameters, learningRate: 0.1)
    let loop = TrainingLoop(model: pair, optimizer: optimizer, epochs: 1, seed: 1)
    let error = try #require(
      diverge(loop, CountedSteps(perEpoch: 10)) { batch, _ in
        let x = batch == 4 ? weight.value.value * 0 : weight.value.value
        return ["loss": optimizer.minimize((x.sqrt() + other.value.value * other.value.value).sum())]
      })
    #expect(error.step == 4)
    #expect(error.parameters == ["first.value"])
    #expect(error.operation != nil)
    #expect(weight.value.value.scalar().isFinite)
  }

  private struct Pair: Module {
    let first: Weight
    let second: Weight
  }

  @Test func aBatchAtFaultIsNamed() throws {
    let weight = Weight(1)
    let optimizer = SGD(weight.trainableParameters, learningRate: 0.1)
    let loop = TrainingLoop(model: weight, optimizer: optimizer, epochs: 1, seed: 1)
    let error = try #require(
      diverge(loop, CountedSteps(perEpoch: 5)) { batch, _ in
        let data = Tensor([Float(1), batch == 3 ? .nan : 2])
        return ["loss": optimizer.minimize((weight.value.value * data).sum())]
      })
    #expect(error.step == 3 && error.operation == nil)
    #expect(error.cause == "the step was given a float32[2] that holds NaN")
    #expect(error.parameters == ["value"])
  }

  @Test func infinitiesThatAreMeantArePassedBy() throws {
    let weight = Weight(1)
    let optimizer = SGD(weight.trainableParameters, learningRate: 0.4)
    let loop = TrainingLoop(model: weight, optimizer: optimizer, epochs: 1, seed: 1)
    loop.toleratedMetrics = ["mask"]
    let error = try #require(
      diverge(loop, CountedSteps(perEpoch: 5)) { _, _ in
        let scores = Tensor.select(Tensor([true, false, true]), weight.value.value.broadcast(to: [3]), Tensor(-Double.infinity))
        let attention = scores.softmax()
        let loss = optimizer.minimize((attention.sum() + weight.value.value.log()).sum())
        return ["loss": loss, "mask": scores.min()]
      })
    #expect(error.step == 2 && error.operation == "log")
  }

  @Test func aRealNetworkOutOfControl() throws {
    var random = RandomStream(seed: 1)
    let model = Sequential(Dense(inputs: 4, outputs: 8, random: &random), Activation(.relu), Dense(inputs: 8, outputs: 2, random: &random))
    let optimizer = SGD(model.trainableParameters, learningRate: 1e12)
    let loop = TrainingLoop(model: model, optimizer: optimizer, epochs: 1, seed: 1)
    let error = try #require(
      diverge(loop, CountedSteps(perEpoch: 50)) { _, step in
        var random = step.random
        let error = model(Tensor.normal([16, 4], key: random.next())) - Tensor.normal([16, 2], key: random.next())
        return ["loss": optimizer.minimize((error * error).mean())]
      })
    #expect(error.operation != nil)
    #expect(!error.parameters.isEmpty)
    #expect(model.parameters.allSatisfy { $0.value.array(of: Float.self).allSatisfy(\.isFinite) })
  }

  @Test func theSearchCanBeLeftOut() throws {
    let weight = Weight(-1)
    let loop = TrainingLoop(model: weight, optimizers: [:], epochs: 1, seed: 1)
    loop.findsCauseOfDivergence = false
    let error = try #require(diverge(loop, CountedSteps(perEpoch: 5)) { _, _ in ["loss": weight.value.value.log()] })
    #expect(error.operation == nil && error.step == 0)
  }
}
