import Foundation
import Tensors

/// The sampled convex program (SCP): hidden neurons are drawn, and only their output weights are found,
///
/// min over alpha in R^N of loss((X U)_+ alpha, y) + beta ||alpha||_1   (section 3.6)
///
/// Its dual is the semi-infinite dual of (N) with sampled constraints, so its optimum approaches the global one as N grows.
public struct SampledConvexProgram: Sendable {
  public let problem: ConvexReLUProblem
  /// U, (d, N): unit columns.
  public let directions: Tensor
  /// H = (X U)_+, (n, N).
  public let activations: Tensor

  /// - Throws: `shape` for directions of another width; `setting` for a loss without a gradient.
  public init(_ problem: ConvexReLUProblem, directions: Tensor) throws(ConvexReLUError) {
    guard directions.rank == 2, directions.shape[0] == problem.width, directions.shape[1] > 0 else {
      throw .shape(what: "the directions", found: directions.shape.dimensions, expected: [problem.width, -1])
    }
    guard problem.loss.isSmooth else {
      throw .setting(name: "the loss of a sampled program, by its curvature", value: .infinity, allowed: "one with a gradient")
    }
    self.problem = problem
    self.directions = directions.cast(to: .float64)
    activations = problem.features.matmul(self.directions).relu()
    evaluate(self.directions, activations)
  }

  /// N directions, uniform on the unit sphere of R^d, (d, N).
  public static func directions(width: Int, count: Int, random: inout RandomStream) -> Tensor {
    let drawn = Tensor.normal([width, count], key: random.next(), dtype: .float64)
    return drawn / drawn.norm(axes: [0], keepingAxes: true)
  }

  /// A solution, and the network it stands for.
  public struct Solution: Sendable {
    public let program: SampledConvexProgram
    /// (N).
    public let alpha: Tensor
    public let iterations: Int

    /// loss(H alpha, y) + beta ||alpha||_1.
    public var objective: Double {
      (program.problem.loss(program.outputs(alpha), program.problem.targets) + alpha.abs().sum() * program.problem.regularization)
        .scalar(as: Double.self)
    }

    /// The scaled derivative of the loss is feasible in the dual where |thetaᵀ (X u_j)_+| <= beta for all j.
    public var certificate: OptimalityCertificate {
      let slope = program.problem.loss.gradient(program.outputs(alpha), program.problem.targets)
      let correlation = slope.expandingShape(at: 0).matmul(program.activations).abs().max().scalar(as: Double.self)
      return OptimalityCertificate(problem: program.problem, primal: objective, slope: slope, largestCorrelation: correlation)
    }

    /// The neurons (u_j sqrt|alpha_j|, sign(alpha_j) sqrt|alpha_j|) with weight.
    public func network(threshold: Double = 1e-9) -> ReLUNetworks {
      let values = alpha.array(of: Double.self)
      let largest = values.map(abs).max() ?? 0
      let kept = values.indices.filter { abs(values[$0]) > threshold * largest && values[$0] != 0 }
      let d = program.problem.width
      guard !kept.isEmpty else {
        return ReLUNetworks(hidden: .zeros([1, d, 1], dtype: .float64), output: .zeros([1, 1], dtype: .float64))
      }
      let roots = Tensor(kept.map { abs(values[$0]).squareRoot() })
      let signs = Tensor(kept.map { values[$0] < 0 ? -1.0 : 1 })
      let hidden = (program.directions.gathered(Tensor(kept.map { Int32($0) }), axis: 1) * roots).expandingShape(at: 0)
      let output = (roots * signs).expandingShape(at: 0)
      evaluate(hidden, output)
      return ReLUNetworks(hidden: hidden, output: output)
    }
  }

  fileprivate func outputs(_ alpha: Tensor) -> Tensor { activations.matmul(alpha.expandingShape(at: 1)).squeezed(1) }

  /// FISTA finds which neurons matter, and active sets then the optimum over them.
  ///
  /// - Parameters:
  ///   - start: alpha to start from, as of a smaller sample padded by zeros.
  ///   - tolerance: ends where the duality gap is below this share of the objective.
  ///   - maximumIterations: of FISTA; where they do not reach the tolerance, active sets follow.
  public func solve(from start: Tensor? = nil, tolerance: Double = 1e-8, maximumIterations: Int = 1000) -> Solution {
    let first = descended(from: start, tolerance: tolerance, maximumIterations: maximumIterations)
    guard first.certificate.relativeGap > tolerance else { return first }
    return polished(first, tolerance: tolerance)
  }

  /// FISTA (Beck and Teboulle, 2009), restarted where the objective rises (O'Donoghue and Candes, 2015).
  private func descended(from start: Tensor?, tolerance: Double, maximumIterations: Int) -> Solution {
    let beta = problem.regularization
    let outer = activations.matmul(activations.transposed())
    let lipschitz = problem.loss.curvature * BlockDescentUpdate.largestEigenvalue(of: outer)
    let step = 1 / max(lipschitz, .leastNormalMagnitude)
    let transposed = activations.transposed()
    evaluate(transposed)
    var alpha = start ?? .zeros([directions.shape[1]], dtype: .float64)
    var (point, previous) = (alpha, alpha)
    var momentum = 1.0
    var iteration = 0
    while iteration < maximumIterations {
      let slope = problem.loss.gradient(outputs(point), problem.targets)
      let moved = point - transposed.matmul(slope.expandingShape(at: 1)).squeezed(1) * step
      let next = moved - moved.clamped(-beta * step, beta * step)
      // Momentum that points uphill is dropped.
      let uphill = ((point - next) * (next - alpha)).sum()
      evaluate(next, uphill)
      previous = alpha
      alpha = next
      if uphill.scalar(as: Double.self) > 0 { momentum = 1 }
      let grown = (1 + (1 + 4 * momentum * momentum).squareRoot()) / 2
      point = alpha + (alpha - previous) * ((momentum - 1) / grown)
      momentum = grown
      iteration += 1
      if iteration % 100 == 0 {
        let certificate = Solution(program: self, alpha: alpha, iterations: iteration).certificate
        if certificate.relativeGap <= tolerance { break }
      }
    }
    return Solution(program: self, alpha: alpha, iterations: iteration)
  }

  /// Newton's steps on the loss, each a least-squares problem in the nonnegative and nonpositive parts of alpha, min over a, b >= 0 of
  /// 1/2 ||sqrt(w) (H (a - b) - t)||² + beta sum (a + b) with w the second derivatives and t the outputs at which the model is least. For the squared
  /// loss one step is exact.
  private func polished(_ start: Solution, tolerance: Double) -> Solution {
    var solution = start
    let (n, count) = (problem.count, directions.shape[1])
    let columns = activations.transposed().array(of: Double.self)
    for _ in 0..<50 {
      let current = outputs(solution.alpha)
      let slope = problem.loss.gradient(current, problem.targets).array(of: Double.self)
      let curvature = problem.loss.secondDerivative(current, problem.targets).array(of: Double.self)
      let value = current.array(of: Double.self)
      // Examples the loss does not see do not see alpha either: a touch of curvature keeps the model strictly convex.
      let roots = curvature.map { max($0, 1e-9).squareRoot() }
      let target = (0..<n).map { roots[$0] * value[$0] - slope[$0] / roots[$0] }
      var both = [Double](repeating: 0, count: 2 * count * n)
      for column in 0..<count {
        for row in 0..<n {
          let weighted = roots[row] * columns[column * n + row]
          both[column * n + row] = weighted
          both[(count + column) * n + row] = -weighted
        }
      }
      let costs = [Double](repeating: problem.regularization, count: 2 * count)
      let from = solution.alpha.array(of: Double.self)
      let (parts, exchanges) = ActiveSetLeastSquares(columns: both, height: n, costs: costs)
        .solve(target, from: from.map { max($0, 0) } + from.map { max(-$0, 0) })
      let aim = Tensor((0..<count).map { parts[$0] - parts[count + $0] })
      // A Newton step may overshoot.
      var share = 1.0
      var next = Solution(program: self, alpha: aim, iterations: solution.iterations + exchanges)
      while next.objective > solution.objective, share > 1e-6 {
        share /= 2
        next = Solution(program: self, alpha: solution.alpha + (aim - solution.alpha) * share, iterations: solution.iterations + exchanges)
      }
      guard next.objective <= solution.objective else { break }
      let isLevel = next.objective >= solution.objective * (1 - 1e-15)
      evaluate(next.alpha)
      solution = next
      if isLevel || solution.certificate.relativeGap <= tolerance { break }
    }
    return solution
  }
}
