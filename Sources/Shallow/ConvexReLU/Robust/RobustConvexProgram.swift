import Tensors

/// Convex adversarial training: an upper bound on the training loss under every perturbation |delta_kj| <= epsilon of the columns J (section 4).
///
/// min loss bound(e) + beta sum_i (||v_i|| + ||w_i||)  s.t.  (2 D_i - I) X v_i >= epsilon ||v_i||_{1,J}, the same for w_i
///
/// with e_k = sum_i d_ik (v_i - w_i), and the worst case inside the loss in closed form:
/// hinge (1/n) sum_k (1 - y_k x_k e_k + epsilon ||e_k||_{1,J})_+, squared 1/2 sum_k (|x_k e_k - y_k| + epsilon ||e_k||_{1,J})^2, cross entropy
/// sum_k log(1 + exp(-2 y_k x_k e_k + 2 epsilon ||e_k||_{1,J})). The cones keep every neuron's pattern constant over the ball, so the bound holds for
/// the network that is read off. The bias column is never perturbed.
public struct RobustConvexProgram: Sendable {
  public let problem: ConvexReLUProblem
  public let patterns: ActivationPatterns
  /// epsilon.
  public let radius: Double
  /// 1 for the columns of J, (d).
  public let perturbable: Tensor
  let operators: GatedOperators

  /// - Throws: `setting` for a negative radius.
  public init(
    _ problem: ConvexReLUProblem, patterns: ActivationPatterns, radius: Double, perturbable: Tensor? = nil
  ) throws(ConvexReLUError) {
    guard radius >= 0, radius.isFinite else { throw .setting(name: "epsilon", value: radius, allowed: "a number of at least 0") }
    guard patterns.matrix.shape[0] == problem.count else {
      throw .shape(what: "the patterns", found: patterns.matrix.shape.dimensions, expected: [problem.count, patterns.count])
    }
    let columns = perturbable?.cast(to: .float64) ?? problem.perturbable
    guard columns.shape == [problem.width] else {
      throw .shape(what: "the perturbable columns", found: columns.shape.dimensions, expected: [problem.width])
    }
    self.problem = problem
    self.patterns = patterns
    self.radius = radius
    self.perturbable = columns
    operators = GatedOperators(problem.features, patterns)
  }

  /// e_k, (n, d), of blocks (2P, d).
  func effectiveWeights(_ blocks: Tensor) -> Tensor {
    let p = patterns.count
    return patterns.matrix.matmul(blocks[0..<p] - blocks[p..<2 * p])
  }

  /// ||e_k||_{1,J}, (n).
  public func sensitivities(_ blocks: Tensor) -> Tensor { (effectiveWeights(blocks).abs() * perturbable).sum(axes: [1]) }

  /// The bound on the loss under perturbation, without weight decay.
  public func lossBound(_ blocks: Tensor) -> Double {
    let outputs = operators.output(blocks)
    let reach = sensitivities(blocks) * radius
    let y = problem.targets
    let bound =
      switch problem.loss {
      case .squared: (((outputs - y).abs() + reach).square() * 0.5).sum()
      default: problem.loss(outputs * y - reach, Tensor.ones(y.shape, dtype: .float64))
      }
    return bound.scalar(as: Double.self)
  }

  /// The value of the program.
  public func objective(_ blocks: Tensor) -> Double {
    lossBound(blocks) + problem.regularization * blocks.rowNormSum.scalar(as: Double.self)
  }

  /// (epsilon ||v_i||_{1,J} - (2 D_i - I) x_k v_i)_+, (2P, n).
  public func coneViolations(_ blocks: Tensor) -> Tensor { (margins(blocks) * -1).relu() }

  /// (2 D_i - I) X v_i - epsilon ||v_i||_{1,J}, (2P, n).
  func margins(_ blocks: Tensor) -> Tensor {
    operators.gate(blocks) - (blocks.abs() * perturbable).sum(axes: [1], keepingAxes: true) * radius
  }

  /// Moves blocks into their robust cones: each along a direction well inside its cone, or to zero where the cone has no inside.
  public func repaired(_ blocks: Tensor) -> Tensor {
    let violations = coneViolations(blocks).max(axes: [1], keepingAxes: true)
    let inner = interiorDirections()
    let both = Tensor.concatenate([inner, inner])
    let room = margins(both).min(axes: [1], keepingAxes: true)
    let hasRoom = room .> 0
    let steps = violations / Tensor.select(hasRoom, room, Tensor(1, dtype: .float64))
    let moved = blocks + both * (steps * (1 + 1e-9))
    let result = Tensor.select(violations .== 0, blocks, moved * hasRoom.cast(to: .float64))
    evaluate(result)
    return result
  }

  /// For each pattern the shortest g, (P, d), with (2 D_i - I) X g - epsilon ||g||_{1,J} >= 1 where there is one, approximately. Where there is none
  /// the margins of what is returned are not positive.
  func interiorDirections(iterations: Int = 600) -> Tensor {
    let (p, n, d) = (patterns.count, problem.count, problem.width)
    // Half of each operator: one set of blocks.
    let signs = operators.signs[0..<p]
    func gate(_ g: Tensor) -> Tensor { g.matmul(operators.transposedFeatures) * signs }
    let factor = Self.blockFactor(features: problem.features, signs: signs, radius: radius, perturbable: perturbable, coupling: nil)
    var (g, tau) = (patterns.directions.transposed(), Tensor.zeros([p, 1], dtype: .float64))
    var (b, t) = (g, tau)
    var rows = Tensor.zeros([p, n], dtype: .float64)
    var copy = g
    var (dualB, dualT, dualRows, dualCopy) = (g * 0, tau, rows, g * 0)
    for _ in 0..<iterations {
      (b, t) = projectedOntoEpigraph(g * perturbable + dualB, tau + dualT)
      rows = (gate(g) - tau * radius + dualRows).maximum(1)
      // 1/2 ||g||² with penalty 1.
      copy = (g + dualCopy) * 0.5
      let right = (rows - dualRows) * signs
      let forG = right.matmul(problem.features) + (b - dualB) * perturbable + copy - dualCopy
      let forTau = (t - dualT) - (rows - dualRows).sum(axes: [1], keepingAxes: true) * radius
      let stacked = Tensor.concatenate([forG, forTau], axis: 1).expandingShape(at: 2)
      let forward = factor.triangularSolve(stacked, upper: false)
      let solution = factor.triangularSolve(forward, upper: false, transposed: true).squeezed(2)
      (g, tau) = (solution[.all, 0..<d], solution[.all, d..<d + 1])
      dualB = dualB + g * perturbable - b
      dualT = dualT + tau - t
      dualRows = dualRows + gate(g) - tau * radius - rows
      dualCopy = dualCopy + g - copy
      evaluate(g, tau, b, t, rows, copy, dualB, dualT, dualRows, dualCopy)
    }
    // The bias, or the pattern's own direction, where that has more room for its length.
    return [patterns.directions.transposed(), g].map { $0 / $0.norm(axes: [1], keepingAxes: true).maximum(1e-300) }.reduce(g * 0) {
      best, next in
      let better =
        margins(Tensor.concatenate([next, next])).min(axes: [1], keepingAxes: true)[0..<p]
        .> margins(Tensor.concatenate([best, best])).min(axes: [1], keepingAxes: true)[0..<p]
      let chosen = Tensor.select(better .| (best.abs().sum(axes: [1], keepingAxes: true) .== 0), next, best)
      evaluate(chosen)
      return chosen
    }
  }

  /// The Cholesky factors of I + J + [S X, -epsilon]ᵀ[S X, -epsilon] for (c_i, tau_i), a block each (m, d+1, d+1); with a coupling of the c_i among
  /// one another, (m d, m d), that of the whole, (m (d+1), m (d+1)).
  static func blockFactor(features: Tensor, signs: Tensor, radius: Double, perturbable: Tensor, rowScale: Double = 1, coupling: Tensor?)
    -> Tensor
  {
    let (n, d) = (features.shape[0], features.shape[1])
    let m = signs.shape[0]
    let x = features
    let corner = x.transposed().matmul(x) * (rowScale * rowScale) + Tensor.identity(d, dtype: .float64) + perturbable.asDiagonalMatrix()
    let edge = signs.matmul(x).expandingShape(at: 2) * (-radius * rowScale * rowScale)
    let top = Tensor.concatenate([corner.expandingShape(at: 0).broadcast(to: [m, d, d]), edge], axis: 2)
    let last = Tensor(repeating: 1 + radius * radius * rowScale * rowScale * Double(n), shape: [m, 1, 1], dtype: .float64)
    let blocks = Tensor.concatenate([top, Tensor.concatenate([edge.transposed(), last], axis: 2)], axis: 1)
    guard let coupling else {
      let factor = blocks.cholesky()
      evaluate(factor)
      return factor
    }
    let size = m * (d + 1)
    let mask = Tensor.identity(m, dtype: .float64).reshaped(to: [m, 1, m, 1])
    let whole = blocks.reshaped(to: [m, d + 1, 1, d + 1]) * mask
    let padded = coupling.reshaped(to: [m, d, m, d]).padded([(0, 0), (0, 1), (0, 0), (0, 1)])
    let factor = (whole + padded).reshaped(to: [size, size]).cholesky()
    evaluate(factor)
    return factor
  }
}
