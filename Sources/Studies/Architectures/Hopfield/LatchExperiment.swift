import Architectures
import Datasets
import Layers
import Tensors
import Training

/// Sequences of 32 symbols whose first one alone decides (the second published demonstration; after Hochreiter and Mozer, 2000).
struct LatchExperiment {
  enum Variant: String, CaseIterable {
    case association = "Hopfield"
    case pooling = "HopfieldPooling"
    case lookup = "HopfieldLayer"
    case recurrent = "LSTM with 4 units"
  }

  let options: HopfieldOptions
  let run: StudyRun

  static let symbols = 20
  static let steps = 32

  static func network(_ variant: Variant, storedPatterns: Int = 20, random: inout RandomStream) throws -> any SetNetwork {
    let plain = try AssociationConfiguration(width: symbols)
    switch variant {
    case .association:
      return AssociatedSetNetwork(try Hopfield(plain, random: &random), rows: steps, width: symbols, random: &random)
    case .pooling:
      return PooledSetNetwork(embedding: .none, pooling: try HopfieldPooling(plain, random: &random), random: &random)
    case .lookup:
      return AssociatedSetNetwork(
        try HopfieldLayer(plain, quantity: storedPatterns, random: &random), rows: steps, width: symbols, random: &random)
    case .recurrent: return RecurrentSetNetwork(inputs: symbols, hidden: 4, random: &random)
    }
  }

  static func sequences(count: Int, seed: Int) -> SetBags {
    var random = SplitMix64(seed: seed, 9)
    var labels: [Bool] = []
    var values = [Float](repeating: 0, count: count * steps * symbols)
    for sequence in 0..<count {
      let label = random.integer(below: 2)
      labels.append(label == 1)
      for step in 0..<steps {
        let symbol = step == 0 ? label : 2 + random.integer(below: symbols - 2)
        values[(sequence * steps + step) * symbols + symbol] = 1
      }
    }
    return SetBags(
      rows: Tensor(values, shape: [count * steps, symbols]), bags: (0..<count).map { bag in (0..<steps).map { bag * steps + $0 } },
      labels: labels, keys: Array(repeating: [0], count: count))
  }

  func add(to findings: inout Findings) throws {
    let eighth = options.latchSequences / 8
    let training = Array(eighth..<(options.latchSequences - eighth))
    let validation = Array(0..<eighth) + Array((options.latchSequences - eighth)..<options.latchSequences)
    var accuracies: [Variant: [Double]] = [:]
    for seed in run.seeds(options.seeds) {
      let sequences = Self.sequences(count: options.latchSequences, seed: seed)
      for variant in Variant.allCases {
        let number = Variant.allCases.firstIndex(of: variant)!
        var random = RandomStream(seed: seed, step: 100 + number)
        let network = try Self.network(variant, random: &random)
        let trainer = SetTraining(run: run, epochs: options.latchEpochs)
        accuracies[variant, default: []].append(
          try trained(network, trainer, sequences.subset(training), sequences.subset(validation), "latch-\(number)-seed-\(seed)", seed))
      }
    }
    var table = Table(
      "latch", title: "Sequences whose first symbol counts: validation accuracy after \(options.latchEpochs) epochs",
      columns: ["network", Table.Column("accuracy", .percent)])
    for variant in Variant.allCases { table.append([.text(variant.rawValue), .number(Measurement(accuracies[variant]!))]) }
    findings.add(table)
    findings.add(
      Claim(
        "latch-pooling", "Pooling sees the first symbol of a sequence as well as the last.", measured: Measurement(accuracies[.pooling]!),
        .atLeast, baseline: 99, unit: .percent, measuredName: "HopfieldPooling, validation accuracy", baselineName: "threshold"))
    findings.add(
      Claim(
        "latch-recurrent", "A small LSTM trained the same way loses it on the way.", measured: Measurement(accuracies[.recurrent]!),
        .atMost,
        baseline: 75, unit: .percent, measuredName: "LSTM, validation accuracy", baselineName: "threshold"))
  }

  private func trained(
    _ network: some SetNetwork, _ trainer: SetTraining, _ training: SetBags, _ validation: SetBags, _ name: String, _ seed: Int
  ) throws -> Double {
    try trainer.train(network, on: training, watching: nil, as: name, seed: seed, options: options)
    return trainer.scores(network, validation).accuracy
  }
}
