import Foundation
import Tensors

/// Solves a robust program by ADMM with a split for every difficult part, so that each is a projection or a proximal operator in closed form, and the
/// linear system between them is factored once.
///
/// Variables: blocks c_i = v_i or w_i (2P, d), tau_i >= ||c_i||_{1,J} (2P), pi_k >= ||e_k||_{1,J} (n). Splits: a copy of c for the norms; (c_i, tau_i) in
/// the epigraph of the l1 norm; the rows (2 D_i - I) X c_i - epsilon tau_i >= 0; (e_k, pi_k) in the epigraph; and (outputs, pi) for the loss. The
/// penalty rho is not part of the system, so it may follow the residuals at no cost.
public struct RobustADMM: Sendable {
  public struct Settings: Sendable, Hashable {
    /// rho to begin with; an n-th of it for the hinge, which is a mean.
    public var penalty: Double
    /// Over-relaxation, 1 to 1.9.
    public var relaxation: Double
    public var maximumIterations: Int
    /// Ends when primal and dual residuals are below this share of their terms.
    public var tolerance: Double
    public var checkInterval: Int

    public init(
      penalty: Double = 1, relaxation: Double = 1.6, maximumIterations: Int = 10_000, tolerance: Double = 1e-7, checkInterval: Int = 25
    ) {
      self.penalty = penalty
      self.relaxation = relaxation
      self.maximumIterations = maximumIterations
      self.tolerance = tolerance
      self.checkInterval = checkInterval
    }
  }

  /// Where the method ended.
  public struct Solution: Sendable {
    public let program: RobustConvexProgram
    /// Blocks inside their robust cones, (2P, d).
    public let blocks: Tensor
    public let iterations: Int
    public let converged: Bool

    /// The bound on the loss under every perturbation.
    public var lossBound: Double { program.lossBound(blocks) }
    public var objective: Double { program.objective(blocks) }
    /// As a point of the convex program without perturbations; its cones contain the robust ones.
    public var plain: ConvexSolution {
      ConvexSolution(problem: program.problem, patterns: program.patterns, blocks: blocks, iterations: iterations, converged: converged)
    }
    public var network: ReLUNetworks { plain.network() }
    /// Whether nothing is left of the network: beta or epsilon was too large.
    public var isZero: Bool { plain.isZero }
    /// Whether only the pattern of all ones is used: the network is affine on the data.
    public var isAffine: Bool {
      let p = program.patterns.count
      let isAllOn = program.patterns.matrix.min(axes: [0]).array(of: Double.self)
      let norms = blocks.norm(axes: [1]).array(of: Double.self)
      let largest = norms.max() ?? 0
      return !norms.indices.contains { norms[$0] > 1e-6 * largest && isAllOn[$0 % p] == 0 }
    }
  }

  public let program: RobustConvexProgram
  public let settings: Settings
  private let factor: Tensor
  /// What multiplies (e_k, pi_k), and the rows, before they are split off: no cone changes by it. Chosen on two problems of 16 and 40 examples,
  /// with and without perturbation.
  private let reachScale = 0.15
  private let rowScale = 0.4

  /// - Throws: `setting` for a penalty, a relaxation or a tolerance out of range.
  public init(_ program: RobustConvexProgram, settings: Settings = Settings()) throws(ConvexReLUError) {
    guard settings.penalty > 0, settings.penalty.isFinite else {
      throw .setting(name: "rho", value: settings.penalty, allowed: "above 0")
    }
    guard (1...1.9).contains(settings.relaxation) else {
      throw .setting(name: "the relaxation", value: settings.relaxation, allowed: "1 to 1.9")
    }
    self.program = program
    self.settings = settings
    let (p, d) = (program.patterns.count, program.problem.width)
    let operators = program.operators
    // EᵀE + FᵀF for e = D (V - W) on J and the outputs.
    let sign = Tensor.concatenate([operators.gates, -operators.gates])
    let common = (sign.matmul(sign.transposed()) * (reachScale * reachScale)).reshaped(to: [2 * p, 1, 2 * p, 1])
    let gated = sign.expandingShape(at: 2) * program.problem.features.expandingShape(at: 0)
    let rows = gated.transposed(permutation: [1, 0, 2]).reshaped(to: [program.problem.count, 2 * p * d])
    let coupling = (common * program.perturbable.asDiagonalMatrix().reshaped(to: [1, d, 1, d])).reshaped(to: [2 * p * d, 2 * p * d])
    factor = RobustConvexProgram.blockFactor(
      features: program.problem.features, signs: operators.signs, radius: program.radius, perturbable: program.perturbable,
      rowScale: rowScale,
      coupling: coupling + rows.transposed().matmul(rows))
  }

  /// The values of all splits, and their scaled duals.
  private struct Splits {
    /// (2P, d), (2P, d), (2P, 1), (2P, n), (n, d), (n, 1), (n), (n).
    var parts: [Tensor]

    static func combined(_ a: Splits, _ b: Splits, _ body: (Tensor, Tensor) -> Tensor) -> Splits {
      Splits(parts: zip(a.parts, b.parts).map(body))
    }
    /// The Euclidean norm of everything, squared.
    var squaredNorm: Tensor { parts.map { $0.square().sum() }.reduce(Tensor(0, dtype: .float64), +) }
  }

  /// K x.
  private func split(_ blocks: Tensor, _ tau: Tensor, _ pi: Tensor) -> Splits {
    let operators = program.operators
    return Splits(parts: [
      blocks, blocks * program.perturbable, tau, (operators.gate(blocks) - tau * program.radius) * rowScale,
      program.effectiveWeights(blocks) * program.perturbable * reachScale, pi.expandingShape(at: 1) * reachScale, operators.output(blocks),
      pi,
    ])
  }

  /// Kᵀ z: for c, tau and pi.
  private func gathered(_ z: Splits) -> (Tensor, Tensor, Tensor) {
    let operators = program.operators
    let weights = operators.gates.matmul(z.parts[4] * program.perturbable) * reachScale
    let blocks =
      z.parts[0] + z.parts[1] * program.perturbable + operators.gateTransposed(z.parts[3]) * rowScale
      + Tensor.concatenate([weights, -weights])
      + operators.outputTransposed(z.parts[6])
    let tau = z.parts[2] - z.parts[3].sum(axes: [1], keepingAxes: true) * (program.radius * rowScale)
    return (blocks, tau, z.parts[5].squeezed(1) * reachScale + z.parts[7])
  }

  /// argmin ||K x - z||.
  private func solved(_ z: Splits) -> (Tensor, Tensor, Tensor) {
    let (blocks, tau, pi) = gathered(z)
    let d = program.problem.width
    let right = Tensor.concatenate([blocks, tau], axis: 1)
    let column = right.reshaped(to: [right.elementCount, 1])
    let forward = factor.triangularSolve(column, upper: false)
    let x = factor.triangularSolve(forward, upper: false, transposed: true).reshaped(to: right.shape)
    return (x[.all, 0..<d], x[.all, d..<d + 1], pi * (1 / (1 + reachScale * reachScale)))
  }

  /// The proximal operators of all splits with penalty rho.
  private func proximal(_ z: Splits, _ rho: Double) -> Splits {
    let problem = program.problem
    let norms = z.parts[0].norm(axes: [1], keepingAxes: true) + Double.leastNormalMagnitude
    let copy = z.parts[0] * (1 - norms.reciprocal() * (problem.regularization / rho)).relu()
    let (b, t) = projectedOntoEpigraph(z.parts[1], z.parts[2])
    let rows = z.parts[3].relu()
    let (g, q) = projectedOntoEpigraph(z.parts[4], z.parts[5])
    let (o, p) = lossProximal(z.parts[6], z.parts[7], rho)
    return Splits(parts: [copy, b, t, rows, g, q, o, p])
  }

  /// The nearest (o, p) under h(o, p) = loss with its worst case, (1/n) sum (1 - y o + epsilon p)_+ and so on.
  private func lossProximal(_ o: Tensor, _ p: Tensor, _ rho: Double) -> (Tensor, Tensor) {
    let (problem, epsilon) = (program.problem, program.radius)
    let y = problem.targets
    guard problem.loss != .squared else {
      // 1/2 (|a| + epsilon p)_+^2 with a = o - y: both shrink by the value s of the bracket.
      let a = o - y
      let size = a.abs()
      let both = (size + p * epsilon).relu() * (1 / (1 + (1 + epsilon * epsilon) / rho))
      let onlyReach = (p * epsilon).relu() * (1 / (1 + epsilon * epsilon / rho))
      let s = Tensor.select(both * (1 / rho) .<= size, both, onlyReach)
      let shift = s * (1 / rho)
      return (y + a.sign() * (size - shift).relu(), p - shift * epsilon)
    }
    // The loss sees m = y o - epsilon p alone, a direction of squared length 1 + epsilon².
    let length = 1 + epsilon * epsilon
    let margin = y * o - p * epsilon
    let moved = problem.loss.proximal(margin, Tensor.ones(y.shape, dtype: .float64), penalty: rho / length)
    let step = (moved - margin) * (1 / length)
    return (o + y * step, p - step * epsilon)
  }

  /// Iterates until the residuals are small, then moves the blocks into their robust cones.
  public func solve() -> Solution {
    let (p, d, n) = (program.patterns.count, program.problem.width, program.problem.count)
    var x = (
      Tensor.zeros([2 * p, d], dtype: .float64), Tensor.zeros([2 * p, 1], dtype: .float64), Tensor.zeros([n], dtype: .float64)
    )
    var z = split(x.0, x.1, x.2)
    var duals = split(x.0, x.1, x.2)
    evaluate(z.parts + duals.parts)
    // A mean of n terms is as steep as a sum with an n-th of the penalty.
    var rho = settings.penalty * program.problem.loss.weight(n)
    var converged = false
    var iteration = 0
    var nextBalance = 5
    while iteration < settings.maximumIterations, !converged {
      let before = z
      x = solved(.combined(z, duals, -))
      let kx = split(x.0, x.1, x.2)
      let relaxed = Splits.combined(kx, before) { $0 * settings.relaxation + $1 * (1 - settings.relaxation) }
      z = proximal(.combined(relaxed, duals, +), rho)
      duals = .combined(duals, .combined(relaxed, z, -), +)
      iteration += 1
      guard iteration % settings.checkInterval == 0 || iteration == nextBalance else {
        evaluate(z.parts + duals.parts)
        continue
      }
      let primal = Splits.combined(kx, z, -).squaredNorm
      let scale = kx.squaredNorm.maximum(z.squaredNorm)
      let change = Splits.combined(z, before, -).squaredNorm
      let dualScale = duals.squaredNorm
      evaluate(z.parts + duals.parts + [primal, scale, change, dualScale])
      func ratio(_ part: Tensor, _ whole: Tensor) -> Double {
        (part.scalar(as: Double.self) / max(whole.scalar(as: Double.self), 1e-300)).squareRoot()
      }
      let (primalResidual, dualResidual) = (ratio(primal, scale), ratio(change, dualScale))
      converged = primalResidual <= settings.tolerance && dualResidual <= settings.tolerance
      // Residuals of different size mean a penalty of the wrong size; scaled duals scale with it. Ever more rarely, and not at all in the end: then the
      // method converges as with one penalty.
      guard !converged, iteration >= nextBalance, iteration * 4 < settings.maximumIterations * 3 else { continue }
      nextBalance = iteration * 7 / 5 + 5
      let balance = (primalResidual / max(dualResidual, 1e-300)).squareRoot()
      guard balance > 1.5 || balance < 1 / 1.5 else { continue }
      let factor = min(max(balance, 0.2), 5)
      rho *= factor
      duals = Splits(parts: duals.parts.map { $0 * (1 / factor) })
    }
    // The copy is exactly sparse. The nearest point of a plain cone is found exactly; into a robust one blocks are moved along a direction inside it.
    let copy = Solution(program: program, blocks: z.parts[0], iterations: iteration, converged: converged)
    let blocks = program.radius == 0 ? copy.plain.repaired().blocks : program.repaired(z.parts[0])
    return Solution(program: program, blocks: blocks, iterations: iteration, converged: converged)
  }
}
