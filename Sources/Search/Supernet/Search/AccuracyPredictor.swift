import Foundation
import Layers
import Tensors

/// An architecture as a vector of zeros and ones.
public struct ArchitectureEncoder: Sendable, Hashable, Codable {
  /// What comes first.
  public enum Order: String, Sendable, Codable, CaseIterable {
    /// Kernels, expansions, resolution, widths.
    case resolutionLast = "resolution-last"
    /// Resolution, kernels, expansions, widths.
    case resolutionFirst = "resolution-first"
  }

  public let order: Order
  public init(_ order: Order = .resolutionLast) { self.order = order }

  /// For each block (or stage, where its blocks share genes) one-hot kernels, then in a second section one-hot expansions, all zeros for what does not run;
  /// one-hot resolution; one-hot widths and gates. Genes without alternatives, and depths, which the zeros tell, have no place.
  public func features(of architecture: Architecture, in space: SearchSpace) -> [Float] {
    func section(_ kinds: Set<Gene.Kind>) -> [Float] {
      space.genes.indices.filter { kinds.contains(space.genes[$0].kind) && space.genes[$0].candidates.count > 1 }.flatMap { gene in
        space.genes[gene].candidates.indices.map {
          space.isActive(gene, in: architecture) && architecture.choices[gene] == $0 ? Float(1) : 0
        }
      }
    }
    // Depth is told by zeros where blocks have genes of their own; where they share them it needs a place.
    let hasBlockGenes = space.genes.contains { if case .block = $0.scope { true } else { false } }
    let blocks = section([.kernel]) + section([.expand])
    let resolution = section([.resolution])
    let rest = section([.width, .gate, .operation, .heads, .embed, .mlpRatio]) + (hasBlockGenes ? [] : section([.depth]))
    return order == .resolutionFirst ? resolution + blocks + rest : blocks + resolution + rest
  }
}

/// An architecture and the accuracy that was measured for it, from 0 to 1.
public struct MeasuredArchitecture: Sendable, Hashable {
  public let architecture: Architecture
  public let accuracy: Double

  public init(_ architecture: Architecture, accuracy: Double) {
    self.architecture = architecture
    self.accuracy = accuracy
  }
}

/// Predicts the accuracy of architectures of one space: three hidden layers of rectified units on one-hot genes, and a constant base.
public struct AccuracyPredictor: Module {
  /// How well held-out architectures are predicted.
  public struct Quality: Sendable, Hashable, Codable {
    /// Root mean square error, from 0 to 1.
    public let error: Double
    /// Kendall's rank correlation of predicted and measured accuracies.
    public let rankCorrelation: Double
    public let count: Int
  }

  public let encoder: ArchitectureEncoder
  public let spaceFingerprint: String
  /// The mean accuracy of the training set.
  public let base: Double
  public let hidden: [Dense]
  public let output: Dense

  public init(_ space: SearchSpace, base: Double, units: Int = 400, encoder: ArchitectureEncoder = .init(), random: inout RandomStream) {
    let inputs = encoder.features(of: space.maximum, in: space).count
    self.encoder = encoder
    self.base = base
    spaceFingerprint = space.fingerprint
    hidden = [
      Dense(inputs: inputs, outputs: units, random: &random), Dense(inputs: units, outputs: units, random: &random),
      Dense(inputs: units, outputs: units, random: &random),
    ]
    output = Dense(inputs: units, outputs: 1, hasBias: false, random: &random)
  }

  /// Trains a predictor on measured architectures by mean squared error: Adam, 20 % held out to judge it by.
  ///
  /// - Parameters:
  ///   - examples: at least 10.
  ///   - epochs: passes over the training part, in batches of 64.
  public static func trained(
    on examples: [MeasuredArchitecture], in space: SearchSpace, epochs: Int = 150, learningRate: Double = 1e-3, weightDecay: Double = 1e-4,
    units: Int = 400, random: inout RandomStream
  ) throws(SearchSpaceError) -> (predictor: AccuracyPredictor, heldOut: Quality) {
    guard examples.count >= 10 else {
      throw SearchSpaceError(found: "\(examples.count) measured architectures", expected: "at least 10 to train a predictor")
    }
    let order = Tensor.permutation(examples.count, key: random.next()).array(of: Int64.self).map { examples[Int($0)] }
    let training = Array(order.prefix(examples.count - examples.count / 5))
    let judging = Array(order.suffix(examples.count / 5))
    let base = training.reduce(0) { $0 + $1.accuracy } / Double(training.count)
    let predictor = AccuracyPredictor(space, base: base, units: units, random: &random)
    let features = predictor.features(training.map(\.architecture), space)
    let targets = Tensor(training.map { Float($0.accuracy) })
    let optimizer = Adam(predictor.parameters, learningRate: learningRate, weightDecay: weightDecay)
    let batch = min(64, training.count)
    for _ in 0..<epochs {
      let shuffled = Tensor.permutation(training.count, key: random.next())
      for start in stride(from: 0, through: training.count - batch, by: batch) {
        let part = shuffled[start..<start + batch]
        let loss = meanSquaredError(predictor.predictions(features.gathered(part)), targets: targets.gathered(part))
        _ = optimizer.minimize(loss).scalar()
      }
    }
    let predicted = try predictor.predict(judging.map(\.architecture), in: space)
    let measured = judging.map(\.accuracy)
    let squares = zip(predicted, measured).map { ($0 - $1) * ($0 - $1) }
    let quality = Quality(
      error: (squares.reduce(0, +) / Double(max(squares.count, 1))).squareRoot(),
      rankCorrelation: kendallCorrelation(predicted, measured), count: judging.count)
    return (predictor, quality)
  }

  private func features(_ architectures: [Architecture], _ space: SearchSpace) -> Tensor {
    let rows = architectures.map { encoder.features(of: $0, in: space) }
    return Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count])
  }

  /// - Parameter features: (count, features).
  /// - Returns: (count).
  public func predictions(_ features: Tensor) -> Tensor {
    let x = hidden.reduce(features) { $1($0).relu() }
    return output(x).squeezed(-1) + base
  }

  /// Predicted accuracies, from about 0 to about 1.
  /// - Throws: `SearchSpaceError` for a predictor of another space: it would give numbers that mean nothing.
  public func predict(_ architectures: [Architecture], in space: SearchSpace) throws(SearchSpaceError) -> [Double] {
    guard space.fingerprint == spaceFingerprint else {
      throw SearchSpaceError(
        found: "a predictor of the space \(spaceFingerprint)", expected: "one of the space \(space.fingerprint)",
        advice: "train a predictor on architectures of this space")
    }
    guard !architectures.isEmpty else { return [] }
    return predictions(features(architectures, space)).array(of: Float.self).map(Double.init)
  }
}

/// Kendall's rank correlation (tau b) of two series of equal length; 0 where one of them is constant.
public func kendallCorrelation(_ a: [Double], _ b: [Double]) -> Double {
  precondition(a.count == b.count, "kendallCorrelation: \(a.count) and \(b.count) values")
  var (sum, untiedA, untiedB) = (0.0, 0.0, 0.0)
  for i in a.indices {
    for j in a.indices.dropFirst(i + 1) {
      let x = a[i] == a[j] ? 0.0 : a[i] < a[j] ? 1 : -1
      let y = b[i] == b[j] ? 0.0 : b[i] < b[j] ? 1 : -1
      sum += x * y
      untiedA += abs(x)
      untiedB += abs(y)
    }
  }
  return untiedA == 0 || untiedB == 0 ? 0 : sum / (untiedA * untiedB).squareRoot()
}
