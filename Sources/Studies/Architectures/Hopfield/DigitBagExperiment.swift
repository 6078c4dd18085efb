import Architectures
import Datasets
import Layers
import Tensors
import Training

/// Bags of some ten digits; a bag is positive that holds a nine (Ilse et al., 2018).
struct DigitBagExperiment {
  enum Variant: String, CaseIterable {
    case hopfield = "Hopfield pooling"
    case attention = "attention"
    case gatedAttention = "gated attention"
    case mean = "mean"
    case maximum = "maximum"
  }

  let options: HopfieldOptions
  let data: HopfieldData
  let run: StudyRun

  static let target = 9

  static func network(_ variant: Variant, _ options: HopfieldOptions, random: inout RandomStream) throws -> any SetNetwork {
    let (first, second) = (options.bagChannels[0], options.bagChannels[1])
    let width = options.bagWidth
    let embedding = SetEmbedding(
      layers: Sequential(
        Convolution(inputs: 1, outputs: first, kernel: [5, 5], random: &random), Activation(.relu), MaxPool(window: [2, 2]),
        Convolution(inputs: first, outputs: second, kernel: [5, 5], random: &random), Activation(.relu), MaxPool(window: [2, 2]), Flatten(),
        Dense(inputs: 16 * second, outputs: width, random: &random), Activation(.relu)),
      rowRank: 3)
    func network(_ pooling: some SetPooling, _ random: inout RandomStream) -> any SetNetwork {
      PooledSetNetwork(embedding: embedding, pooling: pooling, dropout: 0.1, random: &random)
    }
    switch variant {
    case .hopfield:
      let configuration = try AssociationConfiguration(width: width, headWidth: options.bagPoolingWidth)
      return network(try HopfieldPooling(configuration, random: &random), &random)
    case .attention: return network(AttentionPooling(width: width, random: &random), &random)
    case .gatedAttention: return network(AttentionPooling(width: width, isGated: true, random: &random), &random)
    case .mean: return network(MeanPooling(width: width), &random)
    case .maximum: return network(MaximumPooling(width: width), &random)
    }
  }

  /// Pictures in [0, 1] as the published bags have them: mean 0.1307 and deviation 0.3081, those of MNIST.
  static func normalized(_ images: Tensor) -> Tensor { (images - 0.1307) / 0.3081 }

  /// Bags from numbered digits: lengths round(N(10, 2^2)), every other bag positive.
  /// - Parameters:
  ///   - images: (samples, 28, 28, 1) in [0, 1].
  static func bags(_ images: Tensor, labels: [Int], count: Int, seed: Int) -> SetBags {
    let rows = normalized(images)
    evaluate(rows)
    var random = SplitMix64(seed: seed, 10)
    let targets = labels.indices.filter { labels[$0] == target }
    let others = labels.indices.filter { labels[$0] != target }
    var bags: [[Int]] = []
    var keys: [Set<Int>] = []
    for bag in 0..<count {
      let length = max(1, Int(random.normal(10, 2).rounded()))
      var members: [Int]
      if bag % 2 == 1 {
        members = (0..<length).map { _ in others[random.integer(below: others.count)] }
      } else {
        members = (0..<length).map { _ in random.integer(below: labels.count) }
        if !members.contains(where: { labels[$0] == target }) {
          members[random.integer(below: length)] = targets[random.integer(below: targets.count)]
        }
      }
      bags.append(members)
      keys.append(Set(members.indices.filter { labels[members[$0]] == target }))
    }
    return SetBags(rows: rows, bags: bags, labels: (0..<count).map { $0 % 2 == 0 }, keys: keys)
  }

  func add(to findings: inout Findings) throws {
    let digits = try data.digits()
    var scores: [Variant: [SetScores]] = [:]
    var keys: [[Set<Int>]] = []
    for seed in run.seeds(options.seeds) {
      let training = Self.bags(digits.training.images, labels: digits.training.labels, count: options.trainingBags, seed: seed)
      let test = Self.bags(digits.test.images, labels: digits.test.labels, count: options.testBags, seed: seed + 1_000_000)
      keys.append(test.keys)
      for variant in Variant.allCases {
        let number = Variant.allCases.firstIndex(of: variant)!
        var random = RandomStream(seed: seed, step: 200 + number)
        let network = try Self.network(variant, options, random: &random)
        let trainer = SetTraining(run: run, epochs: options.bagEpochs, learningRate: 5e-4, weightDecay: 1e-4, batchSize: 1)
        scores[variant, default: []].append(try judged(network, trainer, training, test, "bags-\(number)-seed-\(seed)", seed))
        if variant == .hopfield, seed == run.seed { try DigitBagPredictor.save(network, to: run) }
      }
    }
    addFindings(scores, keys, to: &findings)
    try addCost(to: &findings)
  }

  /// What one training step on a bag of ten digits holds, exactly as planned.
  private func addCost(to findings: inout Findings) throws {
    var table = Table(
      "digit-bags-cost", title: "What one training step on a bag of ten digits holds and computes, exactly as planned",
      columns: ["pooling", "parameters", Table.Column("saved and temporary values", .bytes), "million operations"])
    for variant in Variant.allCases {
      var random = RandomStream(seed: run.seed)
      let network = try Self.network(variant, options, random: &random)
      network.materialize()
      let bag = Tensor.zeros([1, 10, 28, 28, 1])
      evaluate(bag)
      let loss = withContext(.training, random: random) {
        binaryCrossEntropy(logits: network.scores(bag, padding: nil).logits, targets: Tensor.ones([1]))
      }
      let plan = PlanSummary(of: [loss] + loss.gradients(withRespectTo: network.parameters.map(\.value)))
      table.append([.text(variant.rawValue), .init(network.parameterCount), .init(plan.temporaryBytes), .init(plan.flops * 1e-6)])
    }
    findings.add(table)
  }

  private func judged(
    _ network: some SetNetwork, _ trainer: SetTraining, _ training: SetBags, _ test: SetBags, _ name: String, _ seed: Int
  ) throws -> SetScores {
    try trainer.train(network, on: training, watching: nil, as: name, seed: seed, options: options)
    return trainer.scores(network, test)
  }

  private func addFindings(
    _ scores: [Variant: [SetScores]], _ keys: [[Set<Int>]], to findings: inout Findings
  ) {
    func area(_ variant: Variant) -> Measurement { Measurement(scores[variant]!.map(\.area)) }
    func hits(_ variant: Variant) -> Measurement? {
      let shares = zip(scores[variant]!, keys).compactMap { $0.hits($1) }
      return shares.isEmpty ? nil : Measurement(shares)
    }
    var table = Table(
      "digit-bags", title: "Bags with a nine, \(options.trainingBags) for training: the same embedding under different poolings",
      columns: [
        "pooling", "area under ROC", Table.Column("accuracy", .percent),
        Table.Column("positive bags with the largest weight on a nine", .percent),
      ])
    for variant in Variant.allCases {
      table.append([
        .text(variant.rawValue), .number(area(variant)), .number(Measurement(scores[variant]!.map(\.accuracy))), Table.Cell(hits(variant)),
      ])
      findings.add(Metric("digit-bags.\(variant).area", area(variant)))
    }
    findings.add(table)
    findings.add(
      Figure(
        "digit-bags", title: "Which pooling finds the nine",
        caption:
          "Area under the ROC curve on \(options.testBags) test bags after \(options.bagEpochs) epochs on \(options.trainingBags) bags.",
        .bars(
          BarPlot(
            "area under ROC", Variant.allCases.map { .init($0.rawValue, area($0), role: $0 == .hopfield ? .method : .baseline) }))))
    findings.add(
      Claim(
        "bags-beat-mean", "Hopfield pooling beats the mean over a bag clearly.", measured: area(.hopfield), .atLeast, baseline: area(.mean),
        margin: 0.1, measuredName: "Hopfield pooling, area under ROC", baselineName: "mean"))
    findings.add(
      Claim(
        "bags-level-with-attention", "Hopfield pooling is level with attention over instances.", measured: area(.hopfield), .atLeast,
        baseline: area(.attention), margin: -0.05, measuredName: "Hopfield pooling, area under ROC", baselineName: "attention"))
    guard run.preset != .quick else { return }
    findings.add(
      Claim(
        "bags-area", "Hopfield pooling tells bags with a nine.", measured: area(.hopfield), .atLeast, baseline: 0.88,
        measuredName: "Hopfield pooling, area under ROC", baselineName: "threshold"))
    findings.add(
      Claim(
        "bags-point-at-nines", "In most positive bags the largest association falls on a nine.", measured: hits(.hopfield)!, .atLeast,
        baseline: 60, unit: .percent, measuredName: "positive bags", baselineName: "threshold"))
  }
}
