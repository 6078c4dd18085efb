import Tensors

/// A point of the convex program
///
/// min loss(sum_i D_i X (v_i - w_i), y) + beta sum_i (||v_i|| + ||w_i||)  s.t.  (2 D_i - I) X v_i >= 0, (2 D_i - I) X w_i >= 0   (C)
///
/// whose optimal value is that of training the network, and from which the network is read off (theorem 1).
public struct ConvexSolution: Sendable {
  public let problem: ConvexReLUProblem
  public let patterns: ActivationPatterns
  /// v_1 ... v_P, w_1 ... w_P as rows, (2P, d), float64.
  public let blocks: Tensor
  public let iterations: Int
  /// Whether the method ended by its tolerances.
  public let converged: Bool
  /// Multipliers of u = v, (2P, d), and of G u = s, (2P, n).
  var duals: (Tensor, Tensor)?
  /// Multipliers of F u = p, (n).
  var outputDual: Tensor?

  public init(problem: ConvexReLUProblem, patterns: ActivationPatterns, blocks: Tensor, iterations: Int = 0, converged: Bool = false) {
    precondition(
      blocks.shape == [2 * patterns.count, problem.width],
      "ConvexSolution: blocks of shape \(blocks.shape), expected [\(2 * patterns.count), \(problem.width)]")
    self.problem = problem
    self.patterns = patterns
    self.blocks = blocks
    self.iterations = iterations
    self.converged = converged
  }

  private var operators: GatedOperators { GatedOperators(problem.features, patterns) }

  /// sum_i D_i X (v_i - w_i), (n): the outputs with frozen patterns. They are the network's where the cones hold.
  public var outputs: Tensor { operators.output(blocks) }

  /// The value of (C).
  public var objective: Double {
    Self.objective(problem: problem, patterns: patterns, blocks: blocks).scalar(as: Double.self)
  }

  /// The value of (C) at blocks (2P, d) as a scalar that can be differentiated.
  public static func objective(problem: ConvexReLUProblem, patterns: ActivationPatterns, blocks: Tensor) -> Tensor {
    let outputs = GatedOperators(problem.features, patterns).output(blocks)
    return problem.loss(outputs, problem.targets) + blocks.rowNormSum * problem.regularization
  }

  /// How far the farthest block is outside its cone: the largest -(2 D_i - I) X v_i.
  public var coneViolation: Double { (operators.gate(blocks) * -1).relu().max().scalar(as: Double.self) }

  /// Whether nothing is left of the network: beta was too large for the data.
  public var isZero: Bool { blocks.abs().max().scalar(as: Double.self) == 0 }

  /// Blocks that are not zero.
  public var activeBlocks: Int {
    let norms = blocks.norm(axes: [1])
    return Int((norms .> norms.max() * 1e-6).cast(to: .float64).sum().scalar(as: Double.self))
  }

  /// The network of the blocks that are not zero: v_i gives the neuron (v_i / sqrt ||v_i||, sqrt ||v_i||), w_i one with -sqrt ||w_i||.
  ///
  /// Neurons with less than `threshold` of the largest norm are left out. A network of one dead neuron stands for none.
  public func network(threshold: Double = 1e-6) -> ReLUNetworks {
    let norms = blocks.norm(axes: [1]).array(of: Double.self)
    let largest = norms.max() ?? 0
    let kept = norms.indices.filter { norms[$0] > threshold * largest && norms[$0] > 0 }
    let d = problem.width
    guard !kept.isEmpty else {
      return ReLUNetworks(hidden: .zeros([1, d, 1], dtype: .float64), output: .zeros([1, 1], dtype: .float64))
    }
    let roots = Tensor(kept.map { norms[$0].squareRoot() })
    let signs = Tensor(kept.map { $0 < patterns.count ? 1.0 : -1 })
    let rows = blocks.gathered(Tensor(kept.map { Int32($0) }))
    let hidden = (rows / roots.expandingShape(at: 1)).transposed().expandingShape(at: 0)
    let output = (roots * signs).expandingShape(at: 0)
    evaluate(hidden, output)
    return ReLUNetworks(hidden: hidden, output: output)
  }

  /// The point moved into its cones: projected, and then pushed inwards as far as rounding asks for.
  public func repaired() -> ConvexSolution {
    let norms = blocks.norm(axes: [1]).array(of: Double.self)
    let rows = norms.indices.filter { norms[$0] > 0 }
    guard !rows.isEmpty else { return self }
    // Blocks that are zero are in their cones.
    let cones = PatternCones(operators, rows: rows, directions: patterns.directions)
    let indices = Tensor(rows.map { Int32($0) })
    let active = blocks.gathered(indices)
    let inside = cones.pushedInside(cones.project(active).points)
    let all = blocks + Tensor.zeros(blocks.shape, dtype: .float64).scatteringAdd(indices, inside - active)
    evaluate(all)
    var solution = ConvexSolution(
      problem: problem, patterns: patterns, blocks: all, iterations: self.iterations, converged: converged)
    solution.duals = duals
    solution.outputDual = outputDual
    return solution
  }

  /// What proves how near the optimum this point is.
  ///
  /// Scales the loss's derivative at this point until it is feasible in the dual, max -loss*(-theta) s.t. |thetaᵀ D_i X g| <= beta for every g in cone i
  /// with ||g|| <= 1. The largest value over a cone is the norm of a projection, which is bounded from above: the dual value is a lower bound on the
  /// optimum, however far from it this point is.
  public func certificate() -> OptimalityCertificate {
    let point = coneViolation > 0 ? repaired() : self
    let operators = operators
    let slope = point.slope
    let cones = PatternCones(operators, rows: Array(0..<2 * patterns.count), directions: patterns.directions)
    let bounds = cones.project(operators.outputTransposed(slope)).normBounds
    return OptimalityCertificate(problem: problem, primal: point.objective, slope: slope, largestCorrelation: bounds.max() ?? 0)
  }

  /// The loss's derivatives by the outputs at this point, (n).
  ///
  /// The hinge has many subgradients at its kink; the multipliers of the split say which.
  var slope: Tensor {
    if problem.loss == .hinge, let outputDual { return hingeSubgradient(outputDual) }
    return problem.loss.gradient(outputs, problem.targets)
  }

  /// The split's multipliers as a subgradient -y t / n, which wants t in [0, 1].
  private func hingeSubgradient(_ multipliers: Tensor) -> Tensor {
    let n = Double(problem.count)
    return problem.targets * (multipliers * problem.targets * -n).clamped(0, 1) * (-1 / n)
  }
}

/// A lower bound on the optimum beside the value reached.
public struct OptimalityCertificate: Sendable, Hashable {
  /// The value of the program at a feasible point.
  public let primal: Double
  /// A value of the dual program: no network has a smaller objective (with these patterns).
  public let dual: Double

  /// How much may be missing, at most.
  public var gap: Double { primal - dual }
  public var relativeGap: Double { gap / max(abs(primal), .leastNormalMagnitude) }

  /// - Parameters:
  ///   - slope: derivatives of the loss by the outputs, (n).
  ///   - largestCorrelation: c = max_i c_i, the largest |slopeᵀ D_i X g| over the cones.
  init(problem: ConvexReLUProblem, primal: Double, slope: Tensor, largestCorrelation: Double) {
    self.primal = primal
    let scale = largestCorrelation > problem.regularization ? problem.regularization / largestCorrelation : 1
    dual = problem.loss.dualValue(slope * scale, problem.targets)
  }
}

/// The cones {g : (2 D_i - I) X g >= 0} of some blocks.
struct PatternCones {
  private let features: Tensor
  private let transposedFeatures: Tensor
  /// 2 d - 1 for each block, (m, n).
  private let signs: Tensor
  /// A direction inside each cone, (m, d).
  private let directions: Tensor

  /// - Parameters:
  ///   - rows: which of the 2P blocks.
  ///   - directions: an a for each pattern, (d, P).
  init(_ operators: GatedOperators, rows: [Int], directions: Tensor) {
    features = operators.features
    transposedFeatures = operators.transposedFeatures
    signs = operators.signs.gathered(Tensor(rows.map { Int32($0) }))
    self.directions = directions.transposed().gathered(Tensor(rows.map { Int32($0 % operators.patternCount) }))
    evaluate(signs, self.directions)
  }

  private func gate(_ points: Tensor) -> Tensor { points.matmul(transposedFeatures) * signs }

  /// The nearest points of the cones to rows (m, d), and upper bounds on the norms of the exact projections.
  ///
  /// By Moreau's decomposition P(q) = q + Gᵀ mu with mu >= 0 of the least ||q + Gᵀ mu||; any mu >= 0 bounds ||P(q)|| from above, so rounding
  /// cannot make the bound wrong.
  func project(_ points: Tensor) -> (points: Tensor, normBounds: [Double]) {
    let (n, d) = (features.shape[0], features.shape[1])
    let rows = features.array(of: Double.self)
    let (q, sign) = (points.array(of: Double.self), signs.array(of: Double.self))
    var projected: [Double] = []
    var bounds: [Double] = []
    for block in 0..<points.shape[0] {
      let point = Array(q[block * d..<(block + 1) * d])
      var columns = rows
      for example in 0..<n where sign[block * n + example] < 0 {
        for feature in 0..<d { columns[example * d + feature] = -columns[example * d + feature] }
      }
      let multipliers = ActiveSetLeastSquares(columns: columns, height: d, costs: [Double](repeating: 0, count: n))
        .solve(point.map { -$0 }).values
      var nearest = point
      for example in 0..<n where multipliers[example] > 0 {
        for feature in 0..<d { nearest[feature] += multipliers[example] * columns[example * d + feature] }
      }
      bounds.append(nearest.reduce(0) { $0 + $1 * $1 }.squareRoot())
      projected += nearest
    }
    return (Tensor(projected, shape: points.shape), bounds)
  }

  /// Adds as much of each pattern's own direction as brings the block inside; blocks that are there stay as they are.
  func pushedInside(_ points: Tensor) -> Tensor {
    let margins = gate(directions)
    let values = gate(points)
    // A row on which the direction has no margin cannot be helped by it.
    let steps = Tensor.select(margins .> 0, (values * -1).relu() / margins.maximum(Double.leastNormalMagnitude), values * 0)
    return points + directions * (steps.max(axes: [1], keepingAxes: true) * (1 + 1e-12))
  }
}
