import Architectures
import Datasets
import Tensors
import Training

/// Energy, bounds and capacity on random memories; images retrieved from their upper halves.
struct MemoryExperiment {
  let options: HopfieldOptions
  let data: HopfieldData
  let run: StudyRun

  func add(to findings: inout Findings) throws {
    try addCapacity(to: &findings)
    try addRetrieval(to: &findings)
    addTheory(to: &findings)
    try addConstants(to: &findings)
  }

  // MARK: Random patterns

  /// How many random patterns of -1 and 1 come back from cues with a fifth of the bits flipped.
  private func addCapacity(to findings: inout Findings) throws {
    let width = options.patternWidth
    let counts = options.patternCounts.map(Double.init)
    var rates: [String: [[Double]]] = [:]
    let names = ["continuous, one update", "polynomial, degree 4", "polynomial, degree 3", "polynomial, degree 2", "binary (1982)"]
    for seed in run.seeds(options.seeds) {
      var curves = [String: [Double]]()
      for count in options.patternCounts {
        var random = RandomStream(seed: seed, step: count)
        let patterns = Tensor.bernoulli([count, width], probability: 0.5, key: random.next()).cast(to: .float32) * 2 - 1
        let cueCount = min(count, 100)
        let isFlipped = Tensor.bernoulli([cueCount, width], probability: 0.2, key: random.next())
        evaluate(patterns, isFlipped)
        let cues = Tensor.select(isFlipped, -patterns[0..<cueCount], patterns[0..<cueCount])
        func rate(_ states: Tensor) -> Double {
          // Retrieved means equal to the pattern in every bit.
          let equal = (states.sign() .== patterns[0..<cueCount]).all(axes: [1])
          return 100 * equal.cast(to: .float32).mean().scalar(as: Double.self)
        }
        let memory = try HopfieldMemory(patterns: patterns, inverseTemperature: 1)
        curves[names[0], default: []].append(rate(try memory.retrieve(cues, updates: 1).states))
        for (name, degree) in zip(names[1...3], [4, 3, 2]) {
          curves[name, default: []].append(
            rate(try PolynomialHopfieldNetwork(patterns: patterns, degree: degree).retrieve(cues, updates: 5)))
        }
        curves[names[4], default: []].append(rate(BinaryHopfieldNetwork(patterns: patterns).retrieve(cues, updates: 10)))
      }
      for (name, curve) in curves { rates[name, default: []].append(curve) }
    }
    findings.add(
      Figure(
        "capacity", title: "How many patterns a memory of \(width) units holds",
        caption:
          "Share of random patterns that come back whole from cues with a fifth of the bits flipped, by the number of stored patterns. "
          + "Classical networks in grey: binary, and with energies of higher degree. A binary network is said to hold 0.138 x \(width) = \(Int(0.138 * Double(width))).",
        .lines(
          LinePlot(
            x: Axis("stored patterns", scale: .logarithmic), y: Axis("retrieved", .percent),
            names.map { Curve($0, x: counts, runs: rates[$0]!, role: $0 == names[0] ? .method : .baseline) }))))
    let most = rates[names[0]]!.map { $0.last! }
    findings.add(
      Claim(
        "capacity", "A continuous memory holds far more random patterns than a binary one.", measured: Measurement(most), .atLeast,
        baseline: Measurement(rates[names[4]]!.map { $0.last! }), margin: 50, unit: .percent,
        measuredName: "retrieved of \(options.patternCounts.last!), one update", baselineName: "binary network"))
  }

  // MARK: Images

  private func addRetrieval(to findings: inout Findings) throws {
    let digits = try data.digits().training
    let count = min(options.storedImages, digits.labels.count)
    let images = digits.images[0..<count].reshaped(to: [count, 784])
    let centred = images - images.mean(axes: [0], keepingAxes: true)
    let patterns = centred.unitNormalized()
    let isSeen = (Tensor.range(784) .< 392).cast(to: .float32)
    let cues = (centred * isSeen).unitNormalized()
    let truth = Tensor.range(count, dtype: .int64)
    evaluate(patterns, cues, truth)

    let memory = try HopfieldMemory(patterns: patterns, inverseTemperature: options.retrievalTemperature)
    let scans = try memory.scan(options.inverseTemperatures, cues: cues, truth: truth, updates: options.updates)
    func share(_ beta: Double, updates: Int) throws -> Double {
      try memory.scan([beta], cues: cues, truth: truth, updates: updates)[0].retrieved * 100
    }
    let judged = try share(options.retrievalTemperature, updates: options.updates)
    let once = try share(options.retrievalTemperature, updates: 1)

    let binaryPatterns = Tensor.select(images .> 0.5, Tensor.ones(images.shape), Tensor(repeating: -1, shape: images.shape))
    let binaryCues = Tensor.select(isSeen .> 0, binaryPatterns, Tensor(-1))
    evaluate(binaryPatterns, binaryCues)
    func binaryShare(_ stored: Int) -> Double {
      let patterns = binaryPatterns[0..<stored]
      let states = BinaryHopfieldNetwork(patterns: patterns).retrieve(binaryCues[0..<stored], updates: 10)
      let nearest = states.matmul(patterns.transposed()).argMax(axis: -1)
      // A state may be as near to several; it counts where it is nearest to the right one alone.
      let similarities = states.matmul(patterns.transposed())
      let best = similarities.max(axes: [1], keepingAxes: true)
      let isAlone = (similarities .== best).cast(to: .int64).sum(axes: [1]) .== 1
      let isRight = (nearest .== Tensor.range(stored, dtype: .int64)) .& isAlone
      return 100 * isRight.cast(to: .float32).mean().scalar(as: Double.self)
    }
    let binary = binaryShare(count)

    var table = Table(
      "retrieval", title: "\(count) images (\(data.digitsName)) retrieved from their upper halves, \(options.updates) updates",
      columns: [
        "beta", Table.Column("right image", .percent), "mean squared error", "patterns that carry 90 % of the softmax, median",
        "states over more than half of the patterns", "over 1/8 to 1/2", "over 1/32 to 1/8", "over fewer",
      ])
    for scan in scans {
      table.append(
        [.init(scan.inverseTemperature), .init(100 * scan.retrieved), .init(scan.meanSquaredError), .init(scan.medianPatterns)]
          + AssociationRegime.allCases.map { .init(scan.regimes[$0] ?? 0) })
    }
    findings.add(table)
    findings.add(
      Table(
        "memories", title: "The same images in other memories", columns: ["memory", "stored", Table.Column("right image", .percent)],
        rows: [
          [.text("continuous, beta \(options.retrievalTemperature.optionText), \(options.updates) updates"), .init(count), .init(judged)],
          [.text("continuous, beta \(options.retrievalTemperature.optionText), one update"), .init(count), .init(once)],
          ["binary, 10 updates", .init(count), .init(binary)], ["binary, 10 updates", 5, .init(binaryShare(min(5, count)))],
        ]))
    findings.add(
      Figure(
        "inverse-temperature", title: "From averages to single images",
        caption:
          "Share of \(count) half images (\(data.digitsName)) from which the right image is retrieved, and the median share of stored images that carry 90 % of "
          + "the softmax, by beta.",
        .lines(
          LinePlot(
            x: Axis("inverse temperature beta", scale: .logarithmic), y: Axis("share", .percent),
            [
              Curve("right image", x: scans.map(\.inverseTemperature), runs: [scans.map { 100 * $0.retrieved }]),
              Curve(
                "images that a state mixes", x: scans.map(\.inverseTemperature),
                runs: [scans.map { 100 * $0.medianPatterns / Double(count) }], role: .baseline),
            ]))))
    findings.add(Metric("retrieval.continuous", Measurement(judged), .percent))
    findings.add(Metric("retrieval.binary", Measurement(binary), .percent))
    addPictures(images, memory, cues, to: &findings)
    findings.add(
      Claim(
        "retrieval", "Half an image retrieves the whole one.", measured: Measurement(judged), .atLeast, baseline: 97, unit: .percent,
        measuredName: "right image of \(count)", baselineName: "threshold"))
    findings.add(
      Claim(
        "retrieval-binary", "The classical binary network retrieves next to none of as many images.", measured: Measurement(binary),
        .atMost,
        baseline: 2, unit: .percent, measuredName: "right image of \(count), binary network", baselineName: "threshold"))
  }

  private func addPictures(_ images: Tensor, _ memory: HopfieldMemory, _ cues: Tensor, to findings: inout Findings) {
    func pictures(_ rows: Tensor) -> [ImageGrid.Picture] {
      rows.array(of: Float.self).grouped(784).map { pixels in
        let (low, high) = (pixels.min()!, pixels.max()!)
        return ImageGrid.Picture(width: 28, height: 28, pixels.map { ($0 - low) / max(high - low, 1e-6) })
      }
    }
    let shown = 0..<8
    var rows = [ImageGrid.Row("cue", pictures(cues[shown]))]
    for beta in [2, options.retrievalTemperature] {
      let energy = HopfieldEnergy(patterns: memory.patterns, inverseTemperature: beta)
      rows.append(.init("beta \(beta.optionText)", pictures(energy.update(cues[shown]))))
    }
    rows.append(.init("stored", pictures(images[shown])))
    findings.add(
      Figure(
        "retrieved-images", title: "What half an image reminds of",
        caption: "Cues, what one update makes of them with a small and a large inverse temperature, and the stored images.",
        .images(ImageGrid(rows))))
  }

  // MARK: Theory

  /// Energy and bounds on random memories of 10 patterns in 8 dimensions, all at once and in double precision.
  private func addTheory(to findings: inout Findings) {
    let count = options.configurations
    var random = RandomStream(seed: run.seed, step: -5)
    let patterns = Tensor.normal([count, 10, 8], key: random.next(), dtype: .float64)
    var states = Tensor.normal([count, 1, 8], key: random.next(), dtype: .float64)
    evaluate(patterns, states)
    let energy = HopfieldEnergy(patterns: patterns, inverseTemperature: 2)
    var last = energy(states)
    evaluate(last)
    var rise = -Double.infinity
    for _ in 0..<30 {
      states = energy.update(states)
      let next = energy(states)
      let difference = (next - last).max()
      evaluate(states, next, difference)
      rise = max(rise, difference.scalar(as: Double.self))
      last = next
    }
    findings.add(
      Claim(
        "energy-never-rises", "No update raises the energy.", measured: Measurement(rise), .atMost, baseline: 1e-9,
        measuredName: "largest rise in \(count) random memories, 30 updates", baselineName: "rounding"))

    // States near the first pattern: by how much the weight of the others, and the distance, exceed their bounds.
    let beta = 2.0
    let near = patterns[.all, 0..<1] + Tensor.normal([count, 1, 8], key: random.next(), dtype: .float64) * 0.2
    let similarities = near.matmul(patterns.transposed()).squeezed(1)
    let gap = similarities[.all, 0] - similarities[.all, 1...].max(axes: [1])
    let bound = (gap * -beta).exp() * 9
    let weight = 1 - energy.association(near)[.all, 0, 0]
    let distance = (energy.update(near) - patterns[.all, 0..<1]).norm(axes: [-1]).squeezed(-1)
    let excess = (weight - bound).maximum(distance - bound * energy.largestNorm.squeezed(-1) * 2).max().scalar(as: Double.self)
    findings.add(
      Claim(
        "retrieval-bound", "The error of one update stays below its exponential bound.", measured: Measurement(excess), .atMost,
        baseline: 1e-12,
        measuredName: "largest excess over the bound, \(count) random memories", baselineName: "rounding"))
  }

  private func addConstants(to findings: inout Findings) throws {
    var table = Table(
      "capacity-constants",
      title: "Patterns that are stored on a sphere of radius K sqrt(d - 1) but for a probability p: at least sqrt(p) c^((d - 1) / 4)",
      columns: ["beta", "K", "d", "p", "c", "c published", "patterns"])
    for (radius, dimension, published) in [(3.0, 20, 3.1546), (1, 75, 1.3718)] {
      let constant = try StorageCapacity.constant(
        inverseTemperature: 1, radiusFactor: radius, dimension: dimension, failureProbability: 0.001)
      let patterns = StorageCapacity.guaranteedCount(constant, dimension: dimension, failureProbability: 0.001)
      table.append([1, .init(radius), .init(dimension), 0.001, .init(constant.c), .init(published), .init(patterns)])
      findings.add(
        Claim(
          "constant-\(dimension)", "The constant of the published capacity comes out.", measured: Measurement(constant.c), .within,
          baseline: Measurement(published), margin: 1e-3, measuredName: "c for d = \(dimension)", baselineName: "published"))
    }
    findings.add(table)
  }
}

extension Array {
  func grouped(_ size: Int) -> [[Element]] { stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) } }
}
