import Foundation
import Layers
import Tensors

/// Trains all networks of an ensemble at once, each on its own order of its own training patterns.
public final class EnsembleTrainer {
  public let ensemble: NetworkEnsemble
  public let optimizer: Adam
  /// (n, features), and (networks, n) classes of all patterns.
  private let inputs: Tensor
  private let labels: Tensor
  /// The training patterns of each network.
  private let training: [[Int]]
  private let seeds: [Int]
  public let batchSize: Int

  /// - Parameters:
  ///   - inputs: all patterns, (n, features).
  ///   - labels: the class of every pattern, for each network.
  ///   - trainingShare: the part of the patterns that each network learns from, another for each seed.
  public init(
    _ ensemble: NetworkEnsemble, inputs: Tensor, labels: [[Int]], trainingShare: Double, batchSize: Int, learningRate: Double, seeds: [Int]
  ) throws(InformationError) {
    let n = inputs.shape[0]
    guard trainingShare > 0, trainingShare <= 1 else {
      throw .setting(name: "the share of training patterns", value: trainingShare, allowed: "above 0 and at most 1")
    }
    guard labels.count == ensemble.networkCount, seeds.count == labels.count else {
      throw .count(what: "sets of labels", found: labels.count, expected: ensemble.networkCount)
    }
    let classes = ensemble.widths.last!
    for one in labels {
      guard one.count == n else { throw .count(what: "labels", found: one.count, expected: n) }
      if let row = one.firstIndex(where: { $0 < 0 || $0 >= classes }) { throw .label(row: row, value: one[row], classCount: classes) }
    }
    self.ensemble = ensemble
    self.inputs = inputs.cast(to: .float32)
    self.labels = Tensor(labels.flatMap { $0.map { Int32($0) } }, shape: [labels.count, n])
    self.seeds = seeds
    let count = max(1, Int((trainingShare * Double(n)).rounded()))
    training = seeds.map { seed in
      var random = Shuffler(seed: seed, 0)
      return Array(random.permutation(n)[..<count])
    }
    self.batchSize = min(batchSize, count)
    optimizer = Adam(ensemble.parameters, learningRate: learningRate)
    evaluate(self.inputs, self.labels)
  }

  public var batchesPerEpoch: Int { (training[0].count + batchSize - 1) / batchSize }
  /// How many patterns each network learns from.
  public var trainingCount: Int { training[0].count }

  /// Each network's order of its training patterns in an epoch.
  private var orders: (epoch: Int, patterns: [[Int]])?

  /// One step of all networks. Returns the loss of each, (networks), before the step; nothing is computed before it is read.
  /// - Parameters:
  ///   - epoch: from 0; it decides the order of the patterns.
  ///   - batch: 0 ..< batchesPerEpoch.
  @discardableResult
  public func step(epoch: Int, batch number: Int) -> Tensor {
    precondition((0..<batchesPerEpoch).contains(number), "EnsembleTrainer: batch \(number) of \(batchesPerEpoch)")
    if orders?.epoch != epoch {
      let patterns = zip(seeds, training).map { seed, patterns in
        var random = Shuffler(seed: seed, epoch + 1)
        return random.permutation(patterns.count).map { patterns[$0] }
      }
      orders = (epoch, patterns)
    }
    let rows = number * batchSize..<min((number + 1) * batchSize, trainingCount)
    let (batch, classes) = self.batch(orders!.patterns.map { Array($0[rows]) })
    let losses = NetworkEnsemble.crossEntropies(ensemble.logits(batch), labels: classes)
    optimizer.minimize(losses.sum())
    return losses
  }

  /// All steps of an epoch. Returns the mean loss of each network.
  public func trainEpoch(_ epoch: Int) -> [Double] {
    var sums = [Double](repeating: 0, count: ensemble.networkCount)
    for batch in 0..<batchesPerEpoch {
      let losses = step(epoch: epoch, batch: batch)
      evaluate([losses] + ensemble.parameters.map(\.value))
      for (network, loss) in losses.array(of: Double.self).enumerated() { sums[network] += loss / Double(batchesPerEpoch) }
    }
    return sums
  }

  /// Inputs (networks, batch, features) and labels (networks, batch) of some patterns of each network.
  private func batch(_ patterns: [[Int]]) -> (Tensor, Tensor) {
    let indices = Tensor(patterns.flatMap { $0.map { Int32($0) } }, shape: [patterns.count, patterns[0].count])
    return (inputs.gathered(indices), labels.takingAlong(axis: 1, indices))
  }

  /// The share of patterns that each network gets right, of those it learned from and of the others (nan where there are none).
  public func accuracies() -> (training: [Double], test: [Double]) {
    let n = inputs.shape[0]
    let hits = (ensemble.logits(inputs).argMax(axis: 2).cast(to: .int32) .== labels).cast(to: .float32)
    var seen = [Float](repeating: 0, count: training.count * n)
    for (network, patterns) in training.enumerated() { for pattern in patterns { seen[network * n + pattern] = 1 } }
    let mask = Tensor(seen, shape: [training.count, n])
    let (inside, all) = ((hits * mask).sum(axes: [1]), hits.sum(axes: [1]))
    evaluate(inside, all)
    let (a, b) = (inside.array(of: Double.self), all.array(of: Double.self))
    let rest = Double(n - trainingCount)
    return (a.map { $0 / Double(trainingCount) }, zip(a, b).map { rest > 0 ? ($1 - $0) / rest : .nan })
  }

  /// Per-batch gradients of every layer's weights at the weights of now, summarised (section 3.5).
  ///
  /// Batches are drawn from each network's training patterns, without an update between them.
  public func gradientStatistics(batches: Int, batchSize size: Int, epoch: Int) -> [[GradientStatistics]] {
    let count = min(size, trainingCount)
    let networks = ensemble.networkCount
    // A network's batches are networks of their own with the same weights: their gradients come from one derivative.
    var chosen: [[Int]] = []
    for (seed, patterns) in zip(seeds, training) {
      var random = Shuffler(seed: seed, -1 - epoch)
      var order: [Int] = []
      while order.count < batches * count { order += random.permutation(patterns.count).map { patterns[$0] } }
      for index in 0..<batches { chosen.append(Array(order[index * count..<(index + 1) * count])) }
    }
    let indices = Tensor(chosen.flatMap { $0.map { Int32($0) } }, shape: [networks * batches, count])
    let classes = labels.repeatingElements(batches, axis: 0).takingAlong(axis: 1, indices)
    let weights = ensemble.weights.map { $0.value.repeatingElements(batches, axis: 0) }
    let biases = ensemble.biases.map { $0.value.repeatingElements(batches, axis: 0) }
    evaluate(weights + biases)
    let logits = NetworkEnsemble.forward(inputs.gathered(indices), weights: weights, biases: biases, activation: ensemble.activation).logits
    let gradients = NetworkEnsemble.crossEntropies(logits, labels: classes).sum().gradients(withRespectTo: weights)
    return zip(gradients, ensemble.weights).map { gradient, weight in
      let flat = gradient.reshaped(to: [networks, batches, weight.value.elementCount / networks])
      return GradientStatistics.of(flat, weights: weight.value.reshaped(to: [networks, weight.value.elementCount / networks]))
    }
  }
}

/// How the gradients of one weight matrix lie over batches.
public struct GradientStatistics: Sendable, Hashable, Codable {
  /// ||mean_b g_b||.
  public let meanNorm: Double
  /// sqrt(mean_b ||g_b - mean||²): the root of the covariance's trace.
  public let deviation: Double
  /// ||W||.
  public let weightNorm: Double

  public init(meanNorm: Double, deviation: Double, weightNorm: Double) {
    self.meanNorm = meanNorm
    self.deviation = deviation
    self.weightNorm = weightNorm
  }

  /// m / s: above 1 the gradients of batches agree (drift), far below they are noise (diffusion).
  public var signalToNoise: Double { meanNorm / max(deviation, .leastNormalMagnitude) }

  /// One for each network, of gradients (networks, batches, weights) and weights (networks, weights).
  public static func of(_ gradients: Tensor, weights: Tensor) -> [GradientStatistics] {
    precondition(
      gradients.rank == 3 && weights.shape == [gradients.shape[0], gradients.shape[2]],
      "GradientStatistics: gradients \(gradients.shape) of weights \(weights.shape), expected (networks, batches, n) and (networks, n)")
    let mean = gradients.mean(axes: [1], keepingAxes: true)
    let norms = mean.norm(axes: [1, 2])
    let deviations = (gradients - mean).square().sum(axes: [2]).mean(axes: [1]).sqrt()
    let sizes = weights.norm(axes: [1])
    evaluate(norms, deviations, sizes)
    let (m, s, w) = (norms.array(of: Double.self), deviations.array(of: Double.self), sizes.array(of: Double.self))
    return m.indices.map { GradientStatistics(meanNorm: m[$0], deviation: s[$0], weightNorm: w[$0]) }
  }
}

/// Where drift turns into diffusion.
public enum GradientPhases {
  /// The first of the epochs after which m / s stays below 1; nil where it does not.
  public static func transition(epochs: [Int], signalToNoise: [Double]) -> Int? {
    precondition(epochs.count == signalToNoise.count, "GradientPhases: \(signalToNoise.count) ratios for \(epochs.count) epochs")
    guard let last = signalToNoise.lastIndex(where: { $0 >= 1 }) else { return epochs.first }
    return last + 1 < epochs.count ? epochs[last + 1] : nil
  }

  /// The epoch at which two straight lines, one after the other, fit log(m / s) over log(epoch + 1) best.
  public static func breakpoint(epochs: [Int], signalToNoise: [Double]) -> Int? {
    let points = zip(epochs, signalToNoise).filter { $1 > 0 && $1.isFinite }.map { (log(Double($0) + 1), log($1)) }
    guard points.count >= 6 else { return nil }
    func misfit(_ part: ArraySlice<(Double, Double)>) -> Double {
      let n = Double(part.count)
      let (mx, my) = (part.reduce(0) { $0 + $1.0 } / n, part.reduce(0) { $0 + $1.1 } / n)
      let (sxx, sxy, syy) = part.reduce((0.0, 0.0, 0.0)) { sums, point in
        let (x, y) = (point.0 - mx, point.1 - my)
        return (sums.0 + x * x, sums.1 + x * y, sums.2 + y * y)
      }
      return syy - (sxx > 0 ? sxy * sxy / sxx : 0)
    }
    let best = (3...points.count - 3).min { misfit(points[..<$0]) + misfit(points[$0...]) < misfit(points[..<$1]) + misfit(points[$1...]) }
    return best.map { Int((exp(points[$0].0) - 1).rounded()) }
  }
}

/// A small generator for orders (Steele, Lea and Flood, 2014), named by seed and purpose.
struct Shuffler {
  private var state: UInt64

  init(seed: Int, _ purpose: Int) {
    state = UInt64(bitPattern: Int64(seed)) &* 0xBF58_476D_1CE4_E5B9 ^ UInt64(bitPattern: Int64(purpose)) &* 0x94D0_49BB_1331_11EB
    for _ in 0..<3 { _ = next() }
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for position in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(position, Int(next().multipliedFullWidth(by: UInt64(position + 1)).high))
    }
    return order
  }

  /// Uniform in 0 ..< count.
  mutating func integer(below count: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(count)).high) }
}
