import Architectures
import Datasets
import struct Foundation.URL
import func Foundation.exp
import func Foundation.log1p
import Layers
import Tensors
import Training

/// Immune repertoires: thousands of sequences a bag, of which one in a hundred carries the motif that decides (DeepRC).
struct RepertoireExperiment {
  let options: HopfieldOptions
  let data: HopfieldData
  let run: StudyRun

  /// Repertoires with their labels, in memory or read one by one.
  private struct Source {
    let labels: [Bool]
    let load: (Int) throws -> Repertoire
    /// Numbers of the sequences that carry the motif, where that is known.
    let carriers: ((Int) -> Set<Int>)?
  }

  private struct EncodedBag: DeepRC.Bag {
    let repertoire: Repertoire
    /// Sequences of the repertoire that take part.
    let members: [Int]
    let encoding = SequenceEncoding()
    let deviation: Double
    let length: Int

    init(_ repertoire: Repertoire, members: [Int]) {
      self.repertoire = repertoire
      self.members = members
      let lengths = members.map { repertoire.sequence($0).count }
      deviation = encoding.standardDeviation(lengths: lengths)
      // Few different extents mean few different plans.
      length = ((lengths.max() ?? 1) + 7) / 8 * 8
    }

    var count: Int { members.count }
    func encoded(_ indices: [Int]) -> SequenceEncoding.Encoded {
      encoding.encode(indices.map { repertoire.sequence(members[$0]) }, deviation: deviation, length: length)
    }
  }

  func add(to findings: inout Findings) throws {
    let source = try source()
    var random = SplitMix64(seed: run.seed, 17)
    let order = random.permutation(source.labels.count)
    let (validationCount, testCount) = (max(2, order.count / 5), max(2, order.count / 5))
    let test = Array(order[..<testCount])
    let validation = Array(order[testCount..<testCount + validationCount])
    let training = Array(order[(testCount + validationCount)...])
    guard Set(training.map { source.labels[$0] }).count == 2, Set(test.map { source.labels[$0] }).count == 2 else {
      throw StudyError("too few repertoires for training and test parts with both labels", because: .data, advice: "give more repertoires")
    }
    let (scores, hits) = try attended(source, training, validation, test)
    let labels = test.map { source.labels[$0] }
    let area = areaUnderROC(scores: scores, labels: labels) ?? .nan
    let baseline = try meanBaseline(source, training, test)
    let baselineArea = areaUnderROC(scores: baseline, labels: labels) ?? .nan

    let title = data.repertoires.map { "repertoires of \($0.url.lastPathComponent)" } ?? "simulated repertoires"
    findings.add(
      Table(
        "repertoires", title: "\(source.labels.count) \(title): area under ROC on \(test.count) test repertoires",
        columns: ["method", "area under ROC", Table.Column("positive repertoires with the largest attention on a carrier", .percent)],
        rows: [
          ["DeepRC", .init(area), Table.Cell(hits.map { Measurement($0) })],
          ["logistic regression on letter pair frequencies", .init(baselineArea), .empty],
        ]))
    findings.add(Metric("repertoires.area", Measurement(area)))
    findings.add(
      Claim(
        "repertoires", "Attention over all sequences finds a motif that one sequence in a hundred carries.", measured: Measurement(area),
        .atLeast, baseline: Measurement(baselineArea), margin: 0.1, measuredName: "DeepRC, area under ROC",
        baselineName: "logistic regression on letter pair frequencies"))
  }

  // MARK: Data

  /// Positive repertoires carry a motif of four letters, one of which may be any, in one of a hundred sequences.
  private func source() throws -> Source {
    if let folder = data.repertoires {
      return Source(labels: folder.labels, load: { try folder.repertoire($0) }, carriers: nil)
    }
    var drawn = SplitMix64(seed: run.seed, 18)
    let motif = (0..<4).map { _ in UInt8(drawn.integer(below: 20)) }
    let wildcard = 1 + drawn.integer(below: 2)
    let count = options.repertoireSequences
    let carrierCount = max(1, count / 100)
    let seed = run.seed
    @Sendable func make(_ index: Int) -> Repertoire {
      var random = SplitMix64(seed: seed, 19, index)
      var letters: [UInt8] = []
      var offsets = [0]
      for sequence in 0..<count {
        let length = 12 + random.integer(below: 9)
        var drawn = (0..<length).map { _ in UInt8(random.integer(below: 20)) }
        let place = random.integer(below: length - 3)
        if index % 2 == 0, sequence % 100 == 0, sequence / 100 < carrierCount {
          for offset in 0..<4 where offset != wildcard { drawn[place + offset] = motif[offset] }
        }
        letters += drawn
        offsets.append(letters.count)
      }
      return Repertoire(letters: letters, offsets: offsets, counts: [Int](repeating: 1, count: count))
    }
    return Source(
      labels: (0..<options.repertoires).map { $0 % 2 == 0 }, load: { make($0) },
      carriers: { index in index % 2 == 0 ? Set((0..<carrierCount).map { $0 * 100 }) : [] })
  }

  // MARK: Methods

  /// - Returns: scores of the test repertoires, and the share, in percent, of positive ones whose largest attention falls on a carrier.
  private func attended(
    _ source: Source, _ training: [Int], _ validation: [Int], _ test: [Int]
  ) throws -> (scores: [Double], hits: Double?) {
    var random = RandomStream(seed: run.seed, step: 500)
    let model = DeepRC(try DeepRC.Configuration(), random: &random)
    let optimizer = Adam(model.trainableParameters, learningRate: options.repertoireRate, epsilon: 1e-4)
    let rounds = max(1, min(20, options.repertoireUpdates / 50))
    let loop = TrainingLoop(model: model, optimizers: ["": optimizer], epochs: rounds, seed: run.seed)
    loop.recorder = run.recorder.scoped("repertoires")
    loop.progress = run.progress
    loop.checkpoints = try run.checkpoints("repertoires", options: options)
    loop.isResuming = run.isResuming
    // The weights that do best on the validation repertoires are kept.
    var best = (loss: Double.infinity, weights: model.state())
    evaluate(Array(best.weights.values))
    loop.track("best") {
      best.weights.merging(["loss": Tensor(best.loss, dtype: .float64)]) { $1 }
    } set: { state in
      best = (state["loss"]!.scalar(as: Double.self), state.filter { $0.key != "loss" })
    }
    func whole(_ index: Int) throws -> EncodedBag {
      let repertoire = try source.load(index)
      return EncodedBag(repertoire, members: Array(0..<repertoire.sequenceCount))
    }
    let positives = training.filter { source.labels[$0] }
    let negatives = training.filter { !source.labels[$0] }
    try loop.run(over: CountedSteps(perEpoch: max(1, options.repertoireUpdates / rounds))) { _, step in
      var draw = SplitMix64(seed: run.seed, 20, step.index)
      var losses: [Tensor] = []
      for number in 0..<4 {
        let kind = number % 2 == 0 ? positives : negatives
        let repertoire = try source.load(kind[draw.integer(below: kind.count)])
        let count = min(options.repertoireSample, repertoire.sequenceCount)
        let members =
          count == repertoire.sequenceCount ? Array(0..<count) : Array(draw.permutation(repertoire.sequenceCount).prefix(count)).sorted()
        let score = model.trainingScore(of: EncodedBag(repertoire, members: members))
        losses.append(binaryCrossEntropy(logits: score, targets: Tensor(number % 2 == 0 ? 1 : 0)))
      }
      return ["loss": optimizer.minimize(Tensor.stack(losses).mean())]
    } evaluate: { _ in
      let losses = try validation.map { index -> Double in
        let logit = model.score(of: try whole(index)).logit
        return log1p(exp(-abs(logit))) + max(0, source.labels[index] ? -logit : logit)
      }
      let loss = losses.reduce(0, +) / Double(losses.count)
      if loss < best.loss {
        best = (loss, model.state())
        evaluate(Array(best.weights.values))
      }
      return ["validation loss": loss]
    }
    try model.load(best.weights)
    var scores: [Double] = []
    var hits = (found: 0, of: 0)
    for index in test {
      let (logit, attention) = model.score(of: try whole(index))
      scores.append(logit)
      guard let carriers = source.carriers?(index), !carriers.isEmpty else { continue }
      hits.of += 1
      if carriers.contains(attention.indices.max { attention[$0] < attention[$1] }!) { hits.found += 1 }
    }
    return (scores, hits.of > 0 ? 100 * Double(hits.found) / Double(hits.of) : nil)
  }

  /// Logistic regression on how often each pair of neighbouring letters occurs in a repertoire, standardised.
  private func meanBaseline(_ source: Source, _ training: [Int], _ test: [Int]) throws -> [Double] {
    func frequencies(_ index: Int) throws -> [Float] {
      let repertoire = try source.load(index)
      var counts = [Float](repeating: 0, count: 400)
      var total: Float = 0
      for number in 0..<repertoire.sequenceCount {
        let sequence = repertoire.sequence(number)
        for (a, b) in zip(sequence, sequence.dropFirst()) {
          counts[Int(a) * 20 + Int(b)] += 1
          total += 1
        }
      }
      return counts.map { $0 / max(total, 1) }
    }
    let seen = Tensor(try training.flatMap(frequencies), shape: [training.count, 400])
    let new = Tensor(try test.flatMap(frequencies), shape: [test.count, 400])
    let (mean, deviation) = (seen.mean(axes: [0]), seen.standardDeviation(axes: [0]).maximum(1e-9))
    let (rows, newRows) = ((seen - mean) / deviation, (new - mean) / deviation)
    evaluate(rows, newRows)
    var random = RandomStream(seed: run.seed, step: 501)
    let model = Dense(inputs: 400, outputs: 1, random: &random)
    let optimizer = AdamW(model.trainableParameters, learningRate: 1e-2, weightDecay: 0.1)
    let targets = Tensor(training.map { source.labels[$0] ? Float(1) : 0 })
    for _ in 0..<300 { evaluate(optimizer.minimize(binaryCrossEntropy(logits: model(rows).squeezed(-1), targets: targets))) }
    return model(newRows).array(of: Float.self).map(Double.init)
  }
}
