import Architectures
import Datasets
import Layers
import Tensors
import Training

/// Bags of sixteen random bytes; in half of them one byte is one of eight signals (the first published demonstration).
struct BitPatternExperiment {
  enum Variant: String, CaseIterable {
    case association = "Hopfield"
    case pooling = "HopfieldPooling"
    case adaptedPooling = "HopfieldPooling, adapted"
    case lookup = "HopfieldLayer"
    case mean = "mean of embedded bytes"
  }

  let options: HopfieldOptions
  let run: StudyRun

  static let bits = 8
  static let rows = 16

  static func network(_ variant: Variant, storedPatterns: Int = 64, random: inout RandomStream) throws -> any SetNetwork {
    let plain = try AssociationConfiguration(width: bits)
    switch variant {
    case .association:
      return AssociatedSetNetwork(try Hopfield(plain, random: &random), rows: rows, width: bits, random: &random)
    case .pooling:
      return PooledSetNetwork(embedding: .none, pooling: try HopfieldPooling(plain, random: &random), random: &random)
    case .adaptedPooling:
      let adapted = try AssociationConfiguration(
        width: bits, heads: 8, headWidth: 8, scaling: .uniform(0.25), updates: 3, dropout: 0.5)
      return PooledSetNetwork(embedding: .none, pooling: try HopfieldPooling(adapted, random: &random), random: &random)
    case .lookup:
      return AssociatedSetNetwork(
        try HopfieldLayer(plain, quantity: storedPatterns, random: &random), rows: rows, width: bits, random: &random)
    case .mean:
      let layers = Sequential(
        Dense(inputs: bits, outputs: 64, random: &random), Activation(.relu), Dense(inputs: 64, outputs: 64, random: &random),
        Activation(.relu))
      return PooledSetNetwork(embedding: SetEmbedding(layers: layers, rowRank: 1), pooling: MeanPooling(width: 64), random: &random)
    }
  }

  /// Half of the bags, the first, hold one signal each.
  static func bags(count: Int, seed: Int) -> SetBags {
    var random = SplitMix64(seed: seed, 8)
    var signals: [Int] = []
    while signals.count < 8 {
      let signal = 1 + random.integer(below: 255)
      if !signals.contains(signal) { signals.append(signal) }
    }
    var bytes: [Int] = []
    var keys: [Set<Int>] = []
    for bag in 0..<count {
      for _ in 0..<rows {
        var byte = 0
        repeat { byte = random.integer(below: 256) } while byte == 0 || signals.contains(byte)
        bytes.append(byte)
      }
      keys.append([])
      guard bag < count / 2 else { continue }
      let place = random.integer(below: rows)
      bytes[bag * rows + place] = signals[random.integer(below: 8)]
      keys[bag] = [place]
    }
    let values = bytes.flatMap { byte in (0..<bits).map { Float(byte >> $0 & 1) } }
    return SetBags(
      rows: Tensor(values, shape: [bytes.count, bits]), bags: (0..<count).map { bag in (0..<rows).map { bag * rows + $0 } },
      labels: (0..<count).map { $0 < count / 2 }, keys: keys)
  }

  func add(to findings: inout Findings) throws {
    let eighth = options.bitBags / 8
    let training = Array(eighth..<(options.bitBags - eighth))
    let validation = Array(0..<eighth) + Array((options.bitBags - eighth)..<options.bitBags)
    var accuracies: [Variant: [Double]] = [:]
    var curves: [Variant: [[Double]]] = [:]
    var hits: [Variant: [Double]] = [:]
    for seed in run.seeds(options.seeds) {
      let bags = Self.bags(count: options.bitBags, seed: seed)
      let training = bags.subset(training)
      let stored = Set(training.bags.joined().map { index in bags.rows[index].array(of: Float.self) }).count
      for variant in Variant.allCases {
        var random = RandomStream(seed: seed, step: Variant.allCases.firstIndex(of: variant)!)
        let network = try Self.network(variant, storedPatterns: stored, random: &random)
        let trainer = SetTraining(run: run, epochs: options.bitEpochs)
        let test = bags.subset(validation)
        let name = "bits-\(Variant.allCases.firstIndex(of: variant)!)-seed-\(seed)"
        curves[variant, default: []].append(
          try train(trainer, network, on: training, watching: test, as: name, seed: seed))
        let scores = judged(trainer, network, test)
        accuracies[variant, default: []].append(scores.accuracy)
        if let share = scores.hits(test.keys) { hits[variant, default: []].append(share) }
      }
    }
    var table = Table(
      "bits", title: "Bags with a hidden bit pattern: validation accuracy after \(options.bitEpochs) epochs",
      columns: [
        "network", Table.Column("accuracy", .percent), Table.Column("positive bags with the largest weight on the signal", .percent),
      ])
    for variant in Variant.allCases {
      table.append([.text(variant.rawValue), .number(Measurement(accuracies[variant]!)), Table.Cell(hits[variant].map { Measurement($0) })])
    }
    findings.add(table)
    let stride = Double(max(1, options.bitEpochs / 30))
    let count = curves.values.flatMap { $0 }.map(\.count).min() ?? 0
    if count > 1 {
      findings.add(
        Figure(
          "bits", title: "A signal among random bit patterns",
          caption: "Validation accuracy by epoch; the plain network with a mean over embedded bytes in grey.",
          .lines(
            LinePlot(
              x: "epoch", y: Axis("validation accuracy", .percent),
              Variant.allCases.map { variant in
                Curve(
                  variant.rawValue, x: (0..<count).map { Double($0 + 1) * stride }, runs: curves[variant]!.map { Array($0.prefix(count)) },
                  role: variant == .mean ? .baseline : .method)
              }))))
    }
    let adapted = Measurement(accuracies[.adaptedPooling]!)
    if run.preset != .quick {
      findings.add(
        Claim(
          "bits-adapted-pooling", "Adapted pooling finds the hidden bit pattern in most bags.", measured: adapted, .atLeast, baseline: 68,
          unit: .percent, measuredName: "HopfieldPooling, adapted, validation accuracy", baselineName: "threshold"))
    }
    findings.add(
      Claim(
        "bits-adapted-beats-plain", "Eight heads, three updates and a small beta help the pooling.", measured: adapted, .atLeast,
        baseline: Measurement(accuracies[.pooling]!), unit: .percent, measuredName: "HopfieldPooling, adapted",
        baselineName: "HopfieldPooling"))
  }

  private func train(
    _ trainer: SetTraining, _ network: any SetNetwork, on bags: SetBags, watching: SetBags, as name: String, seed: Int
  ) throws -> [Double] {
    try trainer.train(network, on: bags, watching: watching, as: name, seed: seed, options: options)
  }

  private func judged(_ trainer: SetTraining, _ network: any SetNetwork, _ bags: SetBags) -> SetScores { trainer.scores(network, bags) }
}
