import Foundation
import Tensors

/// The alternating direction method of multipliers on the exact convex program, or on one with sampled patterns (section 3):
///
/// min loss(F u, y) + beta ||v||_{2,1}  subject to  u = v, G u = s, s >= 0.
///
/// The matrix of the u-step is factored once; an iteration then costs a few products with X. Unless they are turned off
/// (`Settings.published`), three things that leave the optimum where it is make it converge on data of any scale, where one penalty fits only its own:
/// over-relaxation, rows of G scaled to the data, and a penalty that follows the residuals, ever more rarely (Boyd et al., 2011, section 3.4).
public struct ConvexADMM: Sendable {
  /// The iterates; u, v and lambda are (2P, d), s and nu (2P, n).
  public struct State: Sendable {
    public var u: Tensor
    public var v: Tensor
    public var s: Tensor
    /// Scaled duals.
    public var lambda: Tensor
    public var nu: Tensor
    /// p = F u and its scaled dual, (n), where the loss is not part of the u-step.
    public var outputs: Tensor?
    public var outputDual: Tensor?
    /// rho.
    public internal(set) var penalty: Double
    public var iteration = 0
    var factorization: (any UpdateFactorization)?
    /// ||K (u - u before)||, the dual residual over rho.
    var change: Tensor
    var blockStep = 1.0
    var random: SplitMix
  }

  public let problem: ConvexReLUProblem
  public let patterns: ActivationPatterns
  public let settings: Settings
  private let operators: GatedOperators
  private let factorization: (any UpdateFactorization)?
  private let descent: BlockDescentUpdate?

  /// - Throws: `setting` for a penalty or a step out of range, `shape` for patterns of other data.
  public init(_ problem: ConvexReLUProblem, patterns: ActivationPatterns, settings: Settings = Settings()) throws(ConvexReLUError) {
    for (name, value) in [("rho", settings.penalty), ("gamma_a / rho", settings.dualStep)] where !(value > 0 && value.isFinite) {
      throw .setting(name: name, value: value, allowed: "above 0")
    }
    guard (1...1.9).contains(settings.relaxation) else {
      throw .setting(name: "the relaxation", value: settings.relaxation, allowed: "1 to 1.9")
    }
    guard settings.maximumIterations >= 1, settings.checkInterval >= 1 else {
      throw .setting(name: "iterations", value: Double(settings.maximumIterations), allowed: "at least 1")
    }
    guard patterns.matrix.shape[0] == problem.count else {
      throw .shape(what: "the patterns", found: patterns.matrix.shape.dimensions, expected: [problem.count, patterns.count])
    }
    self.problem = problem
    self.patterns = patterns
    self.settings = settings
    var scale = 1.0
    if settings.scalesConstraints, problem.loss == .squared {
      let largest = BlockDescentUpdate.largestEigenvalue(of: problem.features.transposed().matmul(problem.features))
      if largest > 0 { scale = (400 / largest).squareRoot() }
    }
    operators = GatedOperators(problem.features, patterns, gateScale: scale)
    // The squared loss is solved with u; of others the u-step sees ||F u - p + mu||².
    let weight = problem.loss == .squared ? 1 / settings.penalty : 1
    switch settings.update {
    case .woodbury: (factorization, descent) = (WoodburyFactorization(operators, weight: weight), nil)
    case .cholesky: (factorization, descent) = (DenseFactorization(operators, weight: weight), nil)
    case .blockCoordinate(let choice): (factorization, descent) = (nil, BlockDescentUpdate(choice, operators))
    }
  }

  /// Whether the outputs are split off: the loss is not quadratic and u is solved for, or the loss has no gradient.
  private var splitsOutputs: Bool { problem.loss != .squared && (factorization != nil || !problem.loss.isSmooth) }

  /// Zeros, or a solution of a neighbouring problem on the same patterns (a warm start along beta).
  public func initialState(from solution: ConvexSolution? = nil) -> State {
    let (p, d, n) = (patterns.count, problem.width, problem.count)
    var state = State(
      u: .zeros([2 * p, d], dtype: .float64), v: .zeros([2 * p, d], dtype: .float64), s: .zeros([2 * p, n], dtype: .float64),
      lambda: .zeros([2 * p, d], dtype: .float64), nu: .zeros([2 * p, n], dtype: .float64), penalty: settings.penalty,
      factorization: factorization, change: Tensor(0, dtype: .float64), random: SplitMix(seed: UInt64(bitPattern: Int64(settings.seed))))
    if let solution {
      precondition(solution.blocks.shape == [2 * p, d], "ConvexADMM: a solution of other patterns \(solution.blocks.shape)")
      state.u = solution.blocks
      if let duals = solution.duals {
        (state.lambda, state.nu) = (duals.0 / settings.penalty, duals.1 / (settings.penalty * operators.gateScale))
      }
    }
    if splitsOutputs {
      state.outputs = operators.output(state.u)
      state.outputDual = solution?.outputDual.map { $0 / settings.penalty } ?? .zeros([n], dtype: .float64)
    }
    return state
  }

  /// One iteration: v, s (and p), then u, then the duals.
  public func step(_ before: State) -> State {
    var state = before
    let rho = before.penalty
    func relaxed(_ new: Tensor, _ old: Tensor) -> Tensor {
      settings.relaxation == 1 ? new : new * settings.relaxation + old * (1 - settings.relaxation)
    }
    let gated = operators.gate(before.u)
    state.v = (before.u + before.lambda).shrunkRows(by: problem.regularization / rho)
    state.s = (gated + before.nu).relu()
    let (v, s) = (relaxed(state.v, before.u), relaxed(state.s, gated))
    let (pull, slacks) = (v - before.lambda, s - before.nu)
    if splitsOutputs, let dual = before.outputDual {
      let plain = operators.output(before.u)
      let outputs = problem.loss.proximal(plain + dual, problem.targets, penalty: rho)
      state.outputs = outputs
      let p = relaxed(outputs, plain)
      state.u = updated(before, pull, slacks, &state, target: p - dual)
      state.outputDual = dual + (operators.output(state.u) - p) * settings.dualStep
    } else {
      state.u = updated(before, pull, slacks, &state, target: nil)
    }
    state.lambda = before.lambda + (state.u - v) * settings.dualStep
    state.nu = before.nu + (operators.gate(state.u) - s) * settings.dualStep
    let move = state.u - before.u
    state.change = move.abs().max().maximum(operators.gate(move).abs().max())
    state.iteration += 1
    var held = [state.u, state.v, state.s, state.lambda, state.nu, state.change]
    if let outputs = state.outputs, let dual = state.outputDual { held += [outputs, dual] }
    evaluate(held)
    return state
  }

  private func updated(_ before: State, _ pull: Tensor, _ slacks: Tensor, _ state: inout State, target: Tensor?) -> Tensor {
    let rho = before.penalty
    if let factorization = before.factorization {
      let outputs = target.map { operators.outputTransposed($0) } ?? operators.outputTransposed(problem.targets) / rho
      return factorization.solve(outputs + pull + operators.gateTransposed(slacks))
    }
    let loss = problem.loss
    let targets = problem.targets
    let term =
      target.map { target in
        OutputTerm(
          value: { ($0 - target).square().sum() * (rho / 2) }, gradient: { ($0 - target) * rho }, curvature: rho)
      }
      ?? OutputTerm(value: { loss($0, targets) }, gradient: { loss.gradient($0, targets) }, curvature: loss.curvature)
    return descent!.run(
      from: before.u, center: pull, slacks: slacks, penalty: rho, term: term, iteration: before.iteration, step: &state.blockStep,
      random: &state.random)
  }

  /// The floating point operations and bytes of one iteration, as planned.
  public func iterationPlan() -> PlanSummary {
    let state = initialState()
    let rho = settings.penalty
    guard let factorization else { preconditionFailure("ConvexADMM: an iteration of block coordinate descent has no one plan") }
    let v = (state.u + state.lambda).shrunkRows(by: problem.regularization / rho)
    let s = (operators.gate(state.u) + state.nu).relu()
    let u = factorization.solve(
      operators.outputTransposed(problem.targets) / rho + v - state.lambda + operators.gateTransposed(s - state.nu))
    let lambda = state.lambda + (u - v)
    let nu = state.nu + operators.gate(u) - s
    return PlanSummary(of: u, v, s, lambda, nu)
  }

  /// max(||u - v||, ||G u - s||, ||F u - p||) by the largest element, and the largest of the stationarity residual
  /// ||∇loss + rho (lambda + Gᵀ nu)|| and of rho ||K (u - u before)||.
  ///
  /// With exact steps and gamma_a = rho the former is zero by construction at every iteration; the latter then tells.
  public func residuals(_ state: State) -> (primal: Double, dual: Double) {
    let rho = state.penalty
    var primal = (state.u - state.v).abs().max().maximum((operators.gate(state.u) - state.s).abs().max())
    let outputs = operators.output(state.u)
    var slope: Tensor
    if let split = state.outputs, let dual = state.outputDual {
      primal = primal.maximum((outputs - split).abs().max())
      slope = dual * rho
    } else {
      slope = problem.loss.gradient(outputs, problem.targets)
    }
    let stationarity = operators.outputTransposed(slope) + (state.lambda + operators.gateTransposed(state.nu)) * rho
    let dual = stationarity.norm().maximum(state.change * rho)
    evaluate(primal, dual)
    return (primal.scalar(as: Double.self), dual.scalar(as: Double.self))
  }

  /// Gives rho a size at which primal and dual residuals, each as a share of its terms, are alike; scaled duals scale with it.
  ///
  /// The dual residual is the splits' move beside the duals, both seen from u (through Kᵀ, K = (I, G)) where the loss holds Kᵀ of the duals off zero.
  private func balance(_ state: inout State, after before: State) {
    func norm(_ parts: [Tensor?]) -> Tensor { parts.compactMap { $0?.square().sum() }.reduce(Tensor(0, dtype: .float64), +).sqrt() }
    let gated = operators.gate(state.u)
    let output = splitsOutputs ? operators.output(state.u) : nil
    func difference(_ a: Tensor?, _ b: Tensor?) -> Tensor? { a.flatMap { a in b.map { a - $0 } } }
    let (v, s) = (state.v - before.v, state.s - before.s)
    let dual =
      splitsOutputs
      ? (norm([v, s, difference(state.outputs, before.outputs)]), norm([state.lambda, state.nu, state.outputDual]))
      : ((v + operators.gateTransposed(s)).norm(), (state.lambda + operators.gateTransposed(state.nu)).norm())
    let values = [
      norm([state.u - state.v, gated - state.s, difference(output, state.outputs)]),
      norm([state.u, gated, output]).maximum(norm([state.v, state.s, state.outputs])), dual.0, dual.1,
    ]
    evaluate(values)
    let numbers = values.map { max($0.scalar(as: Double.self), 1e-300) }
    let factor = ((numbers[0] / numbers[1]) / (numbers[2] / numbers[3])).squareRoot()
    guard factor.isFinite, factor > 1.5 || factor < 1 / 1.5 else { return }
    let change = min(max(factor, 0.2), 5)
    state.penalty *= change
    state.lambda = state.lambda / change
    state.nu = state.nu / change
    state.outputDual = state.outputDual.map { $0 / change }
    if !splitsOutputs { state.factorization = state.factorization?.reweighted(1 / state.penalty) }
    evaluate([state.lambda, state.nu] + (state.outputDual.map { [$0] } ?? []))
  }

  /// Iterates until both residuals are small, or to the limit.
  ///
  /// - Parameters:
  ///   - start: a solution on the same patterns to start from.
  ///   - watch: called at every check with the iteration and the value of the program at v.
  public func solve(
    from start: ConvexSolution? = nil, watch: (_ iteration: Int, _ objective: Double) -> Void = { _, _ in }
  ) -> ConvexSolution {
    var state = initialState(from: start)
    var converged = false
    // Ever more rarely, and not at all in the end: then the method converges as with one penalty.
    var nextBalance = 5
    while state.iteration < settings.maximumIterations, !converged {
      let before = state
      state = step(before)
      if settings.adaptsPenalty, state.iteration >= nextBalance, state.iteration * 4 < settings.maximumIterations * 3 {
        balance(&state, after: before)
        nextBalance = state.iteration * 7 / 5 + 5
      }
      guard state.iteration % settings.checkInterval == 0 || state.iteration == settings.maximumIterations else { continue }
      let (primal, dual) = residuals(state)
      converged = primal <= settings.primalTolerance && dual <= settings.dualTolerance
      watch(state.iteration, objective(state))
    }
    return solution(state, converged: converged)
  }

  /// The value of the convex program at v, whose blocks may still be a little outside their cones.
  public func objective(_ state: State) -> Double {
    let fit = problem.loss(operators.output(state.v), problem.targets)
    return (fit + state.v.rowNormSum * problem.regularization).scalar(as: Double.self)
  }

  /// v of a state as a solution.
  public func solution(_ state: State, converged: Bool = false) -> ConvexSolution {
    var solution = ConvexSolution(
      problem: problem, patterns: patterns, blocks: state.v, iterations: state.iteration, converged: converged)
    solution.duals = (state.lambda * state.penalty, state.nu * (state.penalty * operators.gateScale))
    solution.outputDual = state.outputDual.map { $0 * state.penalty }
    return solution
  }
}
