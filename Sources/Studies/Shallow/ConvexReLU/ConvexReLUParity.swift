import Shallow
import Tensors

/// Runs the library on the inputs of a parity case and compares values, iterates and optima.
package struct ConvexReLUParity {
  private let parity: Parity
  private var tensors: [ParityTensor] = []
  private let n: Int
  private let d: Int
  private let p: Int
  private let radius: Double
  private let squared: ConvexReLUProblem
  private let labels: Tensor
  private let patterns: ActivationPatterns
  private let penalty: Double

  /// The values of ``objectives`` by position, as the metadata's `objectives_order` lists them.
  private static let objectiveNames = [
    "exact-squared", "admm-squared", "recovered", "hinge", "robust-hinge", "robust-squared", "cross-entropy", "robust-cross-entropy",
    "sampled-primal", "sampled-dual", "robust-hinge-loss", "robust-squared-loss", "robust-cross-entropy-loss",
  ]

  package static func tensors(of file: SafetensorsFile) throws -> [ParityTensor] {
    var parity = try ConvexReLUParity(file)
    try parity.comparePoint()
    try parity.compareIterates()
    try parity.compareOptima()
    return parity.tensors
  }

  private init(_ file: SafetensorsFile) throws {
    parity = Parity(file)
    n = try parity.integer("n")
    d = try parity.integer("d")
    p = try parity.integer("P")
    radius = try parity.number("eps")
    penalty = try parity.number("rho")
    let x = try parity.tensor("in.X", shape: [n, d]).cast(to: .float64)
    squared = try ConvexReLUProblem(
      features: x, targets: parity.tensor("in.y", shape: [n]), loss: .squared, regularization: parity.number("beta"),
      lastColumnIsBias: true)
    labels = try parity.tensor("in.y_class", shape: [n])
    let matrix = try parity.tensor("in.D", shape: [n, p]).cast(to: .float64)
    for value in matrix.array(of: Double.self) where value != 0 && value != 1 {
      throw FileFormatError(path: file.url.path, at: .field("in.D"), found: "\(value)", expected: "0 and 1")
    }
    patterns = ActivationPatterns(
      matrix: matrix, directions: try parity.tensor("in.arrangement_vectors", shape: [d, p]).cast(to: .float64))
  }

  private func double(_ name: String, _ shape: [Int]) throws -> Tensor { try parity.tensor(name, shape: shape).cast(to: .float64) }

  private mutating func compare(_ name: String, _ ours: Tensor, tolerance: Double = 1e-5) throws {
    tensors.append(ParityTensor(name, ours: ours, expected: try parity.file.tensor(named: name), tolerance: tolerance))
  }

  private func program(_ loss: OutputLoss, radius: Double) throws -> RobustConvexProgram {
    let problem = try ConvexReLUProblem(
      features: squared.features, targets: loss == .squared ? squared.targets : labels, loss: loss,
      regularization: squared.regularization, lastColumnIsBias: true)
    return try RobustConvexProgram(problem, patterns: patterns, radius: radius)
  }

  // MARK: At the given point

  private func point() throws -> Tensor {
    Tensor.concatenate([try double("in.V0", [d, p]).transposed(), try double("in.W0", [d, p]).transposed()])
  }

  private mutating func comparePoint() throws {
    let blocks = try point()
    let program = try program(.squared, radius: radius)
    try compare("out.yhat0", ConvexSolution(problem: squared, patterns: patterns, blocks: blocks).outputs)
    try compare("out.l1pert0", program.sensitivities(blocks))
    try compare("out.cone_violation0_V", program.coneViolations(blocks)[0..<p].transposed())
    let gradient = ConvexSolution.objective(problem: squared, patterns: patterns, blocks: blocks).gradients(withRespectTo: [blocks])[0]
    try compare("grad.V0", gradient[0..<p].transposed())
    try compare("grad.W0", gradient[p..<2 * p].transposed())
  }

  // MARK: Iterates

  private mutating func compareIterates() throws {
    let ratio = parity.file.metadata["gamma_over_rho"] == nil ? 1 : try parity.number("gamma_over_rho")
    let admm = try ConvexADMM(squared, patterns: patterns, settings: .published(penalty: penalty, dualStep: ratio))
    var state = admm.initialState()
    for iteration in 1...10 {
      state = admm.step(state)
      guard [1, 2, 10].contains(iteration), parity.contains("out.admm\(iteration).u") else { continue }
      try compare("out.admm\(iteration).u", state.u)
      try compare("out.admm\(iteration).v", state.v)
      try compare("out.admm\(iteration).s", state.s)
      try compare("out.admm\(iteration).lambda", state.lambda)
      try compare("out.admm\(iteration).nu", state.nu)
    }
    while state.iteration < 4000 { state = admm.step(state) }
    try compare("out.admm_final.v", state.v)
  }

  // MARK: Optima

  private mutating func compareOptima() throws {
    // A penalty of the size of beta converges fastest; the case's own is kept for the iterates.
    let exact = try ConvexADMM(
      squared, patterns: patterns,
      settings: .init(
        penalty: max(squared.regularization, 1e-3), maximumIterations: 20_000, primalTolerance: 1e-9, dualTolerance: 1e-9,
        checkInterval: 200)
    ).solve().repaired()
    var published = ConvexADMM.Settings.published(penalty: penalty, maximumIterations: 4000)
    (published.primalTolerance, published.dualTolerance) = (0, 0)
    let unfinished = try ConvexADMM(squared, patterns: patterns, settings: published).solve()
    func optimum(_ loss: OutputLoss, _ radius: Double) throws -> Double {
      try RobustADMM(program(loss, radius: radius), settings: .init(maximumIterations: 20_000, tolerance: 1e-8)).solve().objective
    }
    let sampled = try SampledConvexProgram(squared, directions: double("in.scp_U", [d, -1])).solve(tolerance: 1e-9)
    let blocks = try point()
    let values = [
      exact.objective, unfinished.objective, squared.objective(of: exact.network())[0], try optimum(.hinge, 0), try optimum(.hinge, radius),
      try optimum(.squared, radius), try optimum(.crossEntropy, 0), try optimum(.crossEntropy, radius), sampled.objective,
      sampled.certificate.dual, try program(.hinge, radius: radius).lossBound(blocks),
      try program(.squared, radius: radius).lossBound(blocks), try program(.crossEntropy, radius: radius).lossBound(blocks),
    ]
    let expected = try double("out.objectives", [Self.objectiveNames.count])
    for (index, name) in Self.objectiveNames.enumerated() {
      tensors.append(
        ParityTensor("out.objectives.\(name)", ours: Tensor([values[index]]), expected: expected[index..<index + 1], tolerance: 1e-4))
    }
    // The optimum of a program that is not strictly convex in its blocks is found to the solver's accuracy.
    try compare("out.cvx_V", exact.blocks[0..<p].transposed(), tolerance: 5e-3)
    try compare("out.cvx_W", exact.blocks[p..<2 * p].transposed(), tolerance: 5e-3)
    let network = exact.network(threshold: 1e-3)
    try compare("out.recovered_U", network.hidden.squeezed(0), tolerance: 5e-3)
    try compare("out.recovered_alpha", network.output.squeezed(0), tolerance: 5e-3)
    try compare("out.scp_alpha", sampled.alpha, tolerance: 1e-3)
  }
}
