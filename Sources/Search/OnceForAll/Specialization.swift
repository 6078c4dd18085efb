import Layers
import Tensors

/// From a trained supernet to a network for one bound: predictor, cost, evolution, materialisation.
public struct Specialization: Sendable {
  public let supernet: Supernet
  public let predictor: AccuracyPredictor
  public var search: EvolutionarySearch

  public init(_ supernet: Supernet, _ predictor: AccuracyPredictor, search: EvolutionarySearch = EvolutionarySearch()) {
    self.supernet = supernet
    self.predictor = predictor
    self.search = search
  }

  /// Measures random architectures, each calibrated, as examples for a predictor.
  public static func examples(
    _ count: Int, of supernet: Supernet, mask: GeneMask? = nil, evaluator: SubnetEvaluator, using random: inout some RandomNumberGenerator,
    progress: (_ done: Int) throws -> Void = { _ in }
  ) rethrows -> [MeasuredArchitecture] {
    var seen: Set<Architecture> = []
    var examples: [MeasuredArchitecture] = []
    // A small space has fewer architectures than asked for.
    for _ in 0..<(20 * count) where examples.count < count {
      let architecture = supernet.space.sample(mask, using: &random)
      guard seen.insert(architecture).inserted else { continue }
      examples.append(MeasuredArchitecture(architecture, accuracy: evaluator.accuracy(of: architecture, in: supernet)))
      try progress(examples.count)
    }
    return examples
  }

  /// The architecture with the best predicted accuracy within a bound.
  /// - Throws: `InfeasibleConstraint`; `SearchSpaceError` for a predictor of another space; what the bound's cost model throws.
  public func best(
    under constraint: CostConstraint, mask: GeneMask? = nil, using random: inout some RandomNumberGenerator
  ) throws -> SearchOutcome {
    try search.run(supernet.space, mask: mask, under: constraint, using: &random) { try predictor.predict($0, in: supernet.space) }
  }

  /// One call from a trained supernet to a network that runs by itself: searched, calibrated, cut out, normalisations folded in.
  public func network(
    under constraint: CostConstraint, mask: GeneMask? = nil, calibration: [Tensor], using random: inout some RandomNumberGenerator
  ) throws -> (architecture: Architecture, network: MaterializedNetwork) {
    let architecture = try best(under: constraint, mask: mask, using: &random).best.architecture
    let table = supernet.calibration(architecture, batches: calibration)
    return (architecture, supernet.materialized(architecture, table).folded())
  }
}
