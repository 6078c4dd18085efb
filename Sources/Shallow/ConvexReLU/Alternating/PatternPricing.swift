import Tensors

extension ConvexSolution {
  /// The optimum over all patterns at the cost of those it uses.
  ///
  /// Solves over the patterns whose blocks are not zero, lets in those whose cones hold more than beta of the loss's slope (the largest first),
  /// and ends where none is left: then the certificate over all patterns is that of the few. An optimum uses at most n + 1 of them (section 3.2).
  ///
  /// - Parameters:
  ///   - settings: of ADMM on the few patterns.
  ///   - tolerance: c_i may exceed beta by this share of it.
  ///   - rounds: how often patterns are let in, at most.
  /// - Returns: a point inside its cones on all the patterns, (2P, d); `converged` tells whether the last program on the few was solved to its tolerances.
  /// - Throws: `setting` for settings out of range.
  public func polished(
    settings: ConvexADMM.Settings = .init(maximumIterations: 8000, primalTolerance: 1e-10, dualTolerance: 1e-10),
    tolerance: Double = 1e-7, rounds: Int = 6
  ) throws(ConvexReLUError) -> ConvexSolution {
    let count = patterns.count
    let all = GatedOperators(problem.features, patterns)
    let cones = PatternCones(all, rows: Array(0..<2 * count), directions: patterns.directions)
    let norms = blocks.norm(axes: [1]).array(of: Double.self)
    let largest = norms.max() ?? 0
    var used = (0..<count).filter { max(norms[$0], norms[count + $0]) > 1e-7 * largest }
    if used.isEmpty { used = [0] }
    var best = self
    var iterations = self.iterations
    for _ in 0..<max(rounds, 1) {
      let few = try ConvexADMM(problem, patterns: patterns.selected(used), settings: settings).solve(from: best.selected(used)).repaired()
      iterations += few.iterations
      best = few.spread(used, over: patterns, iterations: iterations)
      let prices = cones.project(all.outputTransposed(few.slope)).normBounds
      let price = (0..<count).map { max(prices[$0], prices[count + $0]) }
      let limit = problem.regularization * (1 + tolerance)
      let entering = (0..<count).filter { price[$0] > limit && !used.contains($0) }.sorted { price[$0] > price[$1] }.prefix(problem.count)
      // Those that are of no use any more leave: of fewer patterns the multipliers are found faster.
      let sizes = few.blocks.norm(axes: [1]).array(of: Double.self)
      let threshold = 1e-9 * (sizes.max() ?? 0)
      let staying = used.indices.filter { max(sizes[$0], sizes[used.count + $0]) > threshold }.map { used[$0] }
      guard !entering.isEmpty || (!few.converged && staying.count < used.count && !staying.isEmpty) else { break }
      used = staying + entering
    }
    return best
  }

  /// The part on some of the patterns, multipliers and all.
  private func selected(_ used: [Int]) -> ConvexSolution {
    let rows = Self.rows(used, of: patterns.count)
    var part = ConvexSolution(problem: problem, patterns: patterns.selected(used), blocks: blocks.gathered(rows))
    part.duals = duals.map { ($0.0.gathered(rows), $0.1.gathered(rows)) }
    part.outputDual = outputDual
    return part
  }

  /// This solution, which is on `used` of some patterns, on all of them.
  private func spread(_ used: [Int], over all: ActivationPatterns, iterations: Int) -> ConvexSolution {
    let rows = Self.rows(used, of: all.count)
    func spread(_ part: Tensor) -> Tensor {
      Tensor.zeros([2 * all.count, part.shape[1]], dtype: .float64).scatteringAdd(rows, part)
    }
    var whole = ConvexSolution(
      problem: problem, patterns: all, blocks: spread(blocks), iterations: iterations, converged: converged)
    whole.duals = duals.map { (spread($0.0), spread($0.1)) }
    whole.outputDual = outputDual
    evaluate([whole.blocks] + (whole.duals.map { [$0.0, $0.1] } ?? []))
    return whole
  }

  private static func rows(_ used: [Int], of count: Int) -> Tensor { Tensor((used + used.map { $0 + count }).map { Int32($0) }) }
}
