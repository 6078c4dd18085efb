import Layers
import LocalLearning
import Tensors
import Training

/// What the trained networks say about the paper's claims.
struct NoPropFindings {
  let options: NoPropOptions
  let preset: Preset
  /// By seed, then by variant.
  let results: [[NoPropResult]]
  /// Of the first seed.
  let training: NoPropTraining

  private var data: LabelledImages { training.data }

  func findings() throws -> Findings {
    var findings = Findings(on: data.summary)
    addClaims(to: &findings)
    addAccuracies(to: &findings)
    addCurves(to: &findings)
    addChain(to: &findings)
    addInferenceSteps(to: &findings)
    try addMemory(to: &findings)
    try addIndependence(to: &findings)
    addSchedule(to: &findings)
    return findings
  }

  // MARK: Reading results

  private func all(_ variant: NoPropVariant) -> [NoPropResult]? {
    guard let index = options.variants.firstIndex(of: variant) else { return nil }
    return results.map { $0[index] }
  }

  private func measured(_ variant: NoPropVariant, _ value: (NoPropResult) -> Double) -> Measurement? {
    all(variant).map { Measurement($0.map(value)) }
  }

  private func accuracy(_ variant: NoPropVariant) -> Measurement? { measured(variant) { $0.accuracy } }

  private func classifiers<Model>(_ variant: NoPropVariant, as: Model.Type) -> [Model]? { all(variant)?.map { $0.classifier as! Model } }

  /// A stream for measurements on a seed's models, apart from those of training.
  private func stream(_ seed: Int, _ number: Int) -> RandomStream { RandomStream(seed: training.seed + seed, step: -1000 - number) }

  private func share(_ logits: (Tensor) -> Tensor) -> Double { 100 * training.batched(logits).accuracy(data.test.labels!) }

  // MARK: Accuracy

  private func addAccuracies(to findings: inout Findings) {
    var table = Table(
      "accuracy", title: "Test accuracy on the same images, and how sure repeated inferences are",
      columns: [
        "method", Table.Column("accuracy", .percent), "epochs", Table.Column("images on which all inferences agree", .percent),
        Table.Column("accuracy on these", .percent), "mean length of W's rows",
      ])
    var bars: [BarPlot.Bar] = []
    for variant in options.variants {
      let accuracy = accuracy(variant)!
      findings.add(Metric("\(variant.metricName).test-accuracy", accuracy, .percent))
      bars.append(BarPlot.Bar(variant.title, accuracy, role: variant.role))
      let unanimous = Measurement(all(variant)!.map { unanimity($0.inferences).share })
      let certain = Measurement(all(variant)!.map { unanimity($0.inferences).accuracy })
      let length = measured(variant) { embedding($0.classifier)?.meanNorm ?? .nan }!
      let repeats = variant.method != .convolutional && options.inferenceRuns > 1
      table.append([
        .text(variant.title), .number(accuracy), .init(options.epochs(of: variant)), repeats ? .number(unanimous) : .empty,
        repeats ? .number(certain) : .empty, length.mean.isNaN ? .empty : .number(length),
      ])
    }
    findings.add(
      Figure(
        "accuracy", title: "Accuracy without back-propagation through the network",
        caption: "Test accuracy after training on the same \(data.training.count) images; baselines in grey.",
        .bars(BarPlot(Axis("test accuracy", .percent), bars))))
    findings.add(table)
  }

  /// The share of images, in percent, on which all inferences agree, and how many of these they get right.
  private func unanimity(_ inferences: RepeatedInference) -> (share: Double, accuracy: Double) {
    let agrees = (inferences.agreement .>= 1 - 1e-6).cast(to: .float32)
    let hits = (inferences.majority .== data.test.labels!.cast(to: .int64)).cast(to: .float32)
    let count = agrees.sum().scalar(as: Double.self)
    return (100 * count / Double(data.test.count), count == 0 ? .nan : 100 * (agrees * hits).sum().scalar(as: Double.self) / count)
  }

  private func embedding(_ classifier: any Classifier) -> LabelEmbedding? {
    switch classifier {
    case let model as NoPropModels.Chain: model.embedding
    case let model as ContinuousTimeNoProp<NoPropModels.Timed>: model.embedding
    case let model as FlowMatchingNoProp<NoPropModels.Timed>: model.embedding
    case let model as BackpropagationChain<ConvolutionalBlock>: model.embedding
    default: nil
    }
  }

  private func addCurves(to findings: inout Findings) {
    let curves = options.variants.map { variant in
      Curve(variant.title, perEpoch: all(variant)!.map(\.curve), role: variant.role)
    }
    findings.add(
      Figure(
        "learning-curves", title: "Accuracy by epoch",
        caption:
          "Test accuracy after every epoch, one inference an image. An epoch of NoProp-DT passes over the images once for every block.",
        .lines(LinePlot(x: Axis("epoch", scale: .logarithmic), y: Axis("test accuracy", .percent), curves))))
  }

  // MARK: Inference

  /// How the decision forms along the chain, and what each block can do alone.
  private func addChain(to findings: inout Findings) {
    guard let chains = classifiers(.discrete, as: NoPropModels.Chain.self) else { return }
    let steps = (1...options.steps).map(Double.init)
    func along(_ rule: StepRule) -> [[Double]] {
      chains.enumerated().map { seed, chain in
        var random = stream(seed, 1)
        let logits = training.batched { images in
          let trajectory = chain.trajectory(features: chain.features(of: images), rule: rule, random: &random)
          return Tensor.stack(trajectory.map { chain.readout.logits($0, chain.embedding) }, axis: 1)
        }
        return (0..<options.steps).map { 100 * logits[.all, $0].accuracy(data.test.labels!) }
      }
    }
    let alone = chains.enumerated().map { seed, chain in
      var random = stream(seed, 2)
      return chain.blockAccuracies(images: data.test.features, labels: data.test.labels!, random: &random).map { 100 * $0 }
    }
    findings.add(
      Figure(
        "chain", title: "How the decision forms along the chain",
        caption:
          "The readout on z_t after step t of an inference from noise, with and without the noise of the steps, and the class that block t "
          + "alone would choose from a properly noised label: block 1 sees noise and must go by the image.",
        .lines(
          LinePlot(
            x: "block t", y: Axis("test accuracy", .percent),
            [
              Curve("z_t, sampled steps", x: steps, runs: along(.sampled)), Curve("z_t, mean steps", x: steps, runs: along(.mean)),
              Curve("block t alone, told the noised label", x: steps, runs: alone, role: .baseline),
            ]))))
  }

  /// Accuracy by the number of steps of an inference, for the networks in continuous time.
  private func addInferenceSteps(to findings: inout Findings) {
    let counts = [2, 5, 10, 20, 50, 100, 200, 500, 1000].filter { $0 < options.inferenceSteps } + [options.inferenceSteps]
    var table = Table(
      "inference-steps", title: "Test accuracy by the number of steps of an inference",
      columns: ["method", "steps taken"] + counts.map { Table.Column("N = \($0)", .percent) })
    var curves: [Curve] = []
    func add(_ name: String, _ rule: String, _ accuracy: (_ seed: Int, _ steps: Int) -> Double) {
      let values = counts.map { steps in Measurement(results.indices.map { accuracy($0, steps) }) }
      table.append([.text(name), .text(rule)] + values.map(Table.Cell.number))
      curves.append(Curve("\(name), \(rule)", x: counts.map(Double.init), y: values))
    }
    if let models = classifiers(.continuous, as: ContinuousTimeNoProp<NoPropModels.Timed>.self) {
      for rule in StepRule.allCases {
        add(NoPropVariant.continuous.title, rule.rawValue) { seed, steps in
          var random = stream(seed, 3)
          return share { models[seed].logits(features: models[seed].block.features(of: $0), steps: steps, rule: rule, random: &random) }
        }
      }
    }
    if let models = classifiers(.flow, as: FlowMatchingNoProp<NoPropModels.Timed>.self) {
      for solver in [ODESolver.euler, .heun] {
        add(NoPropVariant.flow.title, solver.rawValue) { seed, steps in
          var random = stream(seed, 4)
          return share { models[seed].logits(features: models[seed].block.features(of: $0), steps: steps, solver: solver, random: &random) }
        }
      }
    }
    guard !curves.isEmpty else { return }
    findings.add(table)
    findings.add(
      Figure(
        "inference-steps", title: "How many steps an inference needs",
        caption: "Test accuracy by the number N of steps from noise to label: steps with noise, their mean, and steps of second order.",
        .lines(LinePlot(x: Axis("steps N", scale: .logarithmic), y: Axis("test accuracy", .percent), curves))))
  }

  // MARK: Memory and independence

  /// What a step of one block, and one of the whole chain, computes and holds; nil where one of them is not among the variants.
  private func stepPlans() throws -> (one: PlanSummary, all: PlanSummary)? {
    guard options.variants.contains(.discrete), options.variants.contains(.backpropagation) else { return nil }
    // Models of their own: recording a step marks the running statistics.
    var random = training.stream(.discrete)
    let embedding = LabelEmbedding.oneHot(classCount: data.classCount)
    let (images, labels) = firstBatch
    let chain = try DiscreteTimeTrainer(training.models.chain(embedding, random: &random), random: random)
    let whole = ClassifierTrainer(try training.models.backpropagation(embedding, random: &random), random: random) { AdamW($0) }
    return (chain.plan(block: (options.steps + 1) / 2, images: images, labels: labels), whole.plan(images: images, labels: labels))
  }

  private var firstBatch: (images: Tensor, labels: Tensor) {
    let count = min(options.batchSize, data.training.count)
    let (images, labels) = (data.training.features[0..<count], data.training.labels![0..<count])
    evaluate(images, labels)
    return (images, labels)
  }

  private func addMemory(to findings: inout Findings) throws {
    guard let (one, all) = try stepPlans() else { return }
    findings.add(Metric("noprop-dt.training-bytes", Measurement(one.temporaryBytes), .bytes))
    findings.add(Metric("backpropagation.training-bytes", Measurement(all.temporaryBytes), .bytes))
    findings.add(
      Table(
        "memory", title: "What one training step holds, exactly as planned, for \(options.batchSize) images",
        columns: [
          "method", Table.Column("saved and temporary values", .bytes), Table.Column("with inputs, parameters and gradients", .bytes),
        ],
        rows: [
          ["NoProp-DT, one block", .init(one.temporaryBytes), .init(one.peakBytes)],
          [.text("back-propagation through \(options.steps) blocks"), .init(all.temporaryBytes), .init(all.peakBytes)],
        ]))
    findings.add(
      Figure(
        "memory", title: "Memory of a training step",
        caption: "Values that a step keeps for its backward pass or computes on the way, at the fullest moment.",
        .bars(
          BarPlot(
            Axis("temporary memory", "MiB"),
            [
              .init("NoProp-DT, one block", Measurement(Double(one.temporaryBytes) / 1_048_576)),
              .init("back-propagation, \(options.steps) blocks", Measurement(Double(all.temporaryBytes) / 1_048_576), role: .baseline),
            ]))))
    findings.add(
      Claim(
        "memory-of-one-block", "Training a block holds a fraction of the memory of back-propagation through the chain.",
        measured: Measurement(one.temporaryBytes), .atMostTimes, baseline: Measurement(all.temporaryBytes),
        // The blocks' own share of the chain, and as much again for what is computed on the way; 0.25 for ten blocks.
        margin: min(1, 2.5 / Double(options.steps)), unit: .bytes, measuredName: "NoProp-DT, one block",
        baselineName: "back-propagation, \(options.steps) blocks"))
  }

  /// Trains two equal chains for a few batches, the blocks of one in order and those of the other in reverse.
  private func addIndependence(to findings: inout Findings) throws {
    guard options.variants.contains(.discrete) else { return }
    let (images, labels) = firstBatch
    func trained(_ order: [Int]) throws -> NoPropModels.Chain {
      var random = training.stream(.discrete)
      let chain = try training.models.chain(.oneHot(classCount: data.classCount), random: &random)
      let trainer = try DiscreteTimeTrainer(chain, random: random)
      for block in order { for _ in 0..<3 { trainer.stepAlone(block: block, images: images, labels: labels) } }
      return chain
    }
    let blocks = Array(1...options.steps)
    let (forward, backward) = (try trained(blocks), try trained(blocks.reversed()))
    let differing = zip(forward.namedParameters, backward.namedParameters).count { one, other in
      one.parameter.value.withBytes { Array($0) } != other.parameter.value.withBytes { Array($0) }
    }
    findings.add(
      Claim(
        "order-does-not-matter", "Blocks trained in the opposite order come out the same, bit for bit.", measured: Measurement(differing),
        .atMost, baseline: 0, measuredName: "parameters that differ", baselineName: "0 of them"))
  }

  /// What the learned schedule of continuous time looks like: where its weights spread far, a few samples rule the gradient.
  private func addSchedule(to findings: inout Findings) {
    guard let models = classifiers(.continuous, as: ContinuousTimeNoProp<NoPropModels.Timed>.self) else { return }
    let ranges = models.map { $0.schedule.weightRange() }
    findings.add(Metric("noprop-ct.snr-derivative-least", Measurement(ranges.map(\.lowerBound))))
    findings.add(Metric("noprop-ct.snr-derivative-greatest", Measurement(ranges.map(\.upperBound))))
    findings.add(Metric("noprop-ct.gamma-at-0", Measurement(models.map { $0.schedule.gamma1.value.scalar(as: Double.self) })))
    findings.add(Metric("noprop-ct.gamma-at-1", Measurement(models.map { $0.schedule.gamma0.value.scalar(as: Double.self) })))
  }

  // MARK: Claims

  private func addClaims(to findings: inout Findings) {
    func compare(
      _ id: String, _ statement: String, _ method: NoPropVariant, _ relation: Relation, _ baseline: NoPropVariant, margin: Double = 0
    ) {
      guard let measured = accuracy(method), let other = accuracy(baseline) else { return }
      findings.add(
        Claim(
          id, statement, measured: measured, relation, baseline: other, margin: margin, unit: .percent,
          measuredName: "\(method.title), test accuracy", baselineName: "\(baseline.title), test accuracy"))
    }
    compare(
      "dt-matches-backpropagation", "NoProp-DT is at least as accurate as back-propagation through the same blocks after as many epochs.",
      .discrete, .atLeast, .backpropagation)
    compare(
      "fm-beats-adjoint", "NoProp-FM is more accurate than a neural ODE trained by the adjoint method.", .flow, .above, .adjoint)
    compare("fm-beats-ct", "NoProp-FM is more accurate than NoProp-CT.", .flow, .above, .continuous)
    compare(
      "anchor-keeps-embeddings-apart", "With a learned W, flow matching needs the anchor: without it the embeddings collapse.",
      .flowLearned,
      .atLeast, .flowLearnedUnanchored, margin: 20)

    // What the reduced configuration reaches by an independent implementation, with room for another seed.
    guard preset == .reduced else { return }
    for (variant, threshold) in [(NoPropVariant.discrete, 90.0), (.flow, 87), (.continuous, 80)] {
      guard let measured = accuracy(variant) else { continue }
      findings.add(
        Claim(
          "\(variant.rawValue)-learns", "\(variant.title) reaches \(Int(threshold)) % on small digits within its epochs.",
          measured: measured,
          .atLeast, baseline: Measurement(threshold), unit: .percent, measuredName: "\(variant.title), test accuracy",
          baselineName: "threshold"))
    }
  }
}
