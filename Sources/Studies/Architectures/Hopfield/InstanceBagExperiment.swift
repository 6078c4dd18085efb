import Architectures
import Datasets
import Layers
import Tensors
import Training

/// The classical multiple-instance benchmarks by cross-validation: one embedding under several poolings.
struct InstanceBagExperiment {
  typealias Variant = DigitBagExperiment.Variant

  let options: HopfieldOptions
  let data: HopfieldData
  let run: StudyRun

  func add(to findings: inout Findings) throws {
    let sets = data.instanceBags()
    var table = Table(
      "instance-bags",
      title:
        "Bags of instances: area under ROC, \(options.instanceRepetitions) x \(options.instanceFolds)-fold cross-validation, in percent",
      columns: ["set", "bags", "instances"] + Variant.allCases.map { Table.Column($0.rawValue, .percent) })
    var areas: [Variant: [Double]] = [:]
    let phase = run.progress.phase("set", of: sets.count)
    defer { phase.finish() }
    for set in sets {
      let measured = try Variant.allCases.map { variant in
        Measurement(try (0..<options.instanceRepetitions).map { try area(of: variant, on: set, repetition: $0) })
      }
      table.append([.text(set.name), .init(set.bagCount), .init(set.instanceCount)] + measured.map(Table.Cell.number))
      for (variant, area) in zip(Variant.allCases, measured) {
        areas[variant, default: []].append(area.mean)
        findings.add(Metric("instance-bags.\(set.name).\(variant).area", area, .percent))
      }
      phase.advance()
    }
    findings.add(table)
    findings.add(
      Claim(
        "instances-level-with-mean", "On bags of instances Hopfield pooling is at least level with the mean.",
        measured: Measurement(areas[.hopfield]!), .atLeast, baseline: Measurement(areas[.mean]!), margin: -1, unit: .percent,
        measuredName: "Hopfield pooling, area under ROC over sets", baselineName: "mean"))
    findings.add(
      Claim(
        "instances-level-with-attention", "On bags of instances Hopfield pooling is level with attention.",
        measured: Measurement(areas[.hopfield]!), .atLeast, baseline: Measurement(areas[.attention]!), margin: -1, unit: .percent,
        measuredName: "Hopfield pooling, area under ROC over sets", baselineName: "attention"))
  }

  /// The area, in percent, of the scores of all bags, each judged by the network that has not seen its fold.
  private func area(of variant: Variant, on set: InstanceBags, repetition: Int) throws -> Double {
    let folds = self.folds(set.labels, seed: run.seed + repetition)
    var logits: [Double] = []
    var labels: [Bool] = []
    for (number, test) in folds.enumerated() {
      let training = folds.enumerated().filter { $0.offset != number }.flatMap { $0.element }
      let bags = standardized(set, by: training)
      var random = RandomStream(seed: run.seed + repetition, step: 300 + number * 16 + Variant.allCases.firstIndex(of: variant)!)
      let network = try network(variant, inputs: set.featureCount, random: &random)
      let scores = try judged(network, bags.subset(training), bags.subset(test), seed: run.seed + repetition * 1000 + number)
      // Folds are compared by rank within each, so that their scales do not matter.
      logits += scores.logits.map { logit in Double(scores.logits.count { $0 < logit }) / Double(scores.logits.count) }
      labels += scores.labels
    }
    return 100 * (areaUnderROC(scores: logits, labels: labels) ?? .nan)
  }

  private func judged(_ network: some SetNetwork, _ training: SetBags, _ test: SetBags, seed: Int) throws -> SetScores {
    var trainer = SetTraining(run: run, epochs: options.instanceEpochs, batchSize: 16)
    trainer.keepsCheckpoints = false
    try trainer.train(network, on: training, watching: nil, as: "instances", seed: seed, options: options)
    return trainer.scores(network, test)
  }

  private func network(_ variant: Variant, inputs: Int, random: inout RandomStream) throws -> any SetNetwork {
    let width = options.instanceWidth
    let embedding = SetEmbedding(
      layers: Sequential(
        Dense(inputs: inputs, outputs: width, random: &random), Activation(.relu), Dense(inputs: width, outputs: width, random: &random),
        Activation(.relu)), rowRank: 1)
    func network(_ pooling: some SetPooling, _ random: inout RandomStream) -> any SetNetwork {
      PooledSetNetwork(embedding: embedding, pooling: pooling, random: &random)
    }
    switch variant {
    case .hopfield:
      let configuration = try AssociationConfiguration(
        width: width, heads: options.instanceHeads, headWidth: options.instanceHeadWidth, scaling: .uniform(options.instanceScaling),
        dropout: options.instanceDropout)
      return network(try HopfieldPooling(configuration, random: &random), &random)
    case .attention: return network(AttentionPooling(width: width, hidden: 64, random: &random), &random)
    case .gatedAttention: return network(AttentionPooling(width: width, hidden: 64, isGated: true, random: &random), &random)
    case .mean: return network(MeanPooling(width: width), &random)
    case .maximum: return network(MaximumPooling(width: width), &random)
    }
  }

  /// Stratified parts of the bags.
  private func folds(_ labels: [Bool], seed: Int) -> [[Int]] {
    var random = SplitMix64(seed: seed, 13)
    var folds = [[Int]](repeating: [], count: options.instanceFolds)
    var next = 0
    for label in [true, false] {
      var members = labels.indices.filter { labels[$0] == label }
      random.shuffle(&members)
      for member in members {
        folds[next % folds.count].append(member)
        next += 1
      }
    }
    return folds.filter { !$0.isEmpty }
  }

  /// Features with mean 0 and deviation 1 over the instances of the training bags.
  private func standardized(_ set: InstanceBags, by training: [Int]) -> SetBags {
    let rows = training.flatMap { Array(set.rows(ofBag: $0)) }
    let seen = set.features.gathered(Tensor(rows.map(Int64.init)))
    let deviation = seen.standardDeviation(axes: [0], keepingAxes: true)
    let scaled = (set.features - seen.mean(axes: [0], keepingAxes: true)) / Tensor.select(deviation .> 1e-6, deviation, Tensor(1))
    evaluate(scaled)
    return SetBags(rows: scaled, bags: (0..<set.bagCount).map { Array(set.rows(ofBag: $0)) }, labels: set.labels)
  }
}
