import Foundation
import Tensors

/// The u-step without a factorisation: random blocks of patterns take gradient steps on the augmented Lagrangian (RBCD, section 3.3). For
/// any loss with a gradient, and for sizes at which no matrix of the problem can be factored.
public struct BlockCoordinateDescent: Sendable, Hashable {
  /// Patterns that move together.
  public var patternsAtOnce: Int
  /// Searches the step by Armijo's rule instead of taking the safe constant 1 / (k L lambda + rho (1 + lambda)), lambda the largest eigenvalue of XᵀX.
  public var searchesStep: Bool
  /// tau: an update ends when the running mean of the decrease is below this, times `tightening` to the number of the iteration.
  public var tolerance: Double
  public var tightening: Double
  /// Block steps of one update, at most.
  public var maximumSteps: Int

  public init(
    patternsAtOnce: Int = 1, searchesStep: Bool = true, tolerance: Double = 1e-4, tightening: Double = 0.95, maximumSteps: Int = 200
  ) {
    precondition(patternsAtOnce >= 1 && maximumSteps >= 1, "BlockCoordinateDescent: \(patternsAtOnce) patterns, \(maximumSteps) steps")
    self.patternsAtOnce = patternsAtOnce
    self.searchesStep = searchesStep
    self.tolerance = tolerance
    self.tightening = tightening
    self.maximumSteps = maximumSteps
  }
}

/// The smooth function of the outputs that an update descends beside the quadratic terms.
struct OutputTerm {
  let value: (Tensor) -> Tensor
  let gradient: (Tensor) -> Tensor
  /// The largest second derivative.
  let curvature: Double
}

/// Runs the block steps of one update.
struct BlockDescentUpdate {
  let settings: BlockCoordinateDescent
  let operators: GatedOperators
  /// G_iᵀG_i, the same for every pattern: XᵀX times the square of G's scale.
  let gram: Tensor
  /// The largest eigenvalues of XᵀX and of the Gram matrix.
  let largestEigenvalue: Double
  let largestGateEigenvalue: Double

  init(_ settings: BlockCoordinateDescent, _ operators: GatedOperators) {
    self.settings = settings
    self.operators = operators
    let products = operators.transposedFeatures.matmul(operators.features)
    gram = products * (operators.gateScale * operators.gateScale)
    evaluate(products, gram)
    largestEigenvalue = Self.largestEigenvalue(of: products)
    largestGateEigenvalue = largestEigenvalue * operators.gateScale * operators.gateScale
  }

  /// By power iteration; from below, so a little is added.
  static func largestEigenvalue(of matrix: Tensor) -> Double {
    var vector = Tensor.ones([matrix.shape[0], 1], dtype: .float64)
    var value = 0.0
    for _ in 0..<100 {
      let next = matrix.matmul(vector)
      let size = next.norm()
      vector = next / size
      evaluate(vector, size)
      let new = size.scalar(as: Double.self)
      if abs(new - value) < 1e-9 * new { break }
      value = new
    }
    return max(value, matrix.matmul(vector).norm().scalar(as: Double.self)) * 1.01
  }

  /// Descends from `start`, (2P, d).
  ///
  /// - Parameters:
  ///   - center: v - lambda, (2P, d); slacks: s - nu, (2P, n).
  ///   - iteration: counts the updates; tolerances shrink with it.
  ///   - step: the step size of the search, kept from update to update.
  func run(
    from start: Tensor, center: Tensor, slacks: Tensor, penalty rho: Double, term: OutputTerm, iteration: Int, step: inout Double,
    random: inout SplitMix
  ) -> Tensor {
    let count = operators.patternCount
    let size = min(settings.patternsAtOnce, count)
    let pull = center + operators.gateTransposed(slacks)
    var blocks = start
    var outputs = operators.output(blocks)
    evaluate(blocks, outputs, pull)
    let safe = 1 / (Double(size) * term.curvature * largestEigenvalue + rho * (1 + largestGateEigenvalue))
    var running: Double?
    let tolerance = settings.tolerance * pow(settings.tightening, Double(iteration))
    for _ in 0..<settings.maximumSteps {
      let chosen = random.subset(of: count, size: size)
      let rows = Tensor((chosen + chosen.map { $0 + count }).map { Int32($0) })
      let gates = operators.gates.gathered(Tensor(chosen.map { Int32($0) }))
      let current = blocks.gathered(rows)
      // grad of rho/2 (||u - center||² + ||G u - slacks||²): rho (u - center + GᵀG u - Gᵀ slacks).
      let quadratic = (current + current.matmul(gram) - pull.gathered(rows)) * rho
      let direction = operators.outputTransposed(term.gradient(outputs), gates: gates) + quadratic
      evaluate(direction, quadratic, gates)
      func change(_ step: Double) -> (Tensor, Tensor, Tensor, decrease: Double, size: Double) {
        let move = direction * -step
        let moved = outputs + operators.output(move, gates: gates)
        // The change of the quadratic terms is exact: gradient * move + rho/2 move (I + XᵀX) move.
        let bend = (move * (move + move.matmul(gram))).sum() * (rho / 2)
        let decrease = term.value(outputs) - term.value(moved) - (quadratic * move).sum() - bend
        let length = move.norm()
        evaluate(move, moved, decrease, length)
        return (move, moved, decrease, decrease.scalar(as: Double.self), length.scalar(as: Double.self))
      }
      var trial = change(settings.searchesStep ? step : safe)
      if settings.searchesStep {
        // Near the optimum no step decreases by as much as its length; the safe constant always decreases.
        while trial.decrease < 1e-3 * trial.size, step > safe {
          step = max(step / 2.5, safe)
          trial = change(step)
        }
        step *= 1.05
      }
      blocks = blocks.scatteringAdd(rows, trial.0)
      outputs = trial.1
      evaluate(blocks, outputs)
      running = running.map { 0.9 * $0 + 0.1 * trial.decrease } ?? trial.decrease
      if let running, running < tolerance { break }
    }
    return blocks
  }
}

/// Small random choices on the host (Steele, Lea and Flood, 2014).
struct SplitMix: Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// `size` different numbers below `count`, uniformly.
  mutating func subset(of count: Int, size: Int) -> [Int] {
    var pool = Array(0..<count)
    for position in 0..<size { pool.swapAt(position, position + Int(next() % UInt64(count - position))) }
    return Array(pool[..<size])
  }
}
