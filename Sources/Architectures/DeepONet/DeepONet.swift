import Layers
import Tensors

/// A network that maps a function u, seen at fixed sensors, to another function G(u), asked for at any place y
/// (Lu, Jin, Pang, Zhang and Karniadakis, Nature Machine Intelligence 3, 2021).
///
///     G(u)(y) = sum over k = 1 ... p of branch_k(u(x_1), ..., u(x_m)) trunk_k(y) + b_0
///
/// The branch has no activation behind its last layer, the trunk has one. Any layers will do as branch and trunk: a convolutional branch for
/// functions on a grid, say.
public struct DeepONet: Module {
  public enum Form: String, Sendable, Hashable, Codable, CaseIterable {
    /// One network from the sensors to all p numbers.
    case unstacked
    /// p networks, one for each number.
    case stacked
  }

  public struct Configuration: Sendable, Hashable, Codable {
    /// m, the values of an input function.
    public var sensors: Int
    /// d, the coordinates of a place y.
    public var queryDimension: Int
    /// Of the hidden layers of the branch and then p.
    public var branchWidths: [Int]
    /// Of the hidden layers of the trunk and then p.
    public var trunkWidths: [Int]
    public var form: Form
    public var activation: Activation.Function
    /// b_0, and in the unstacked form the last bias of the branch.
    public var hasBias: Bool
    /// Numbers G(u)(y) consists of; each has a p-th of branch and trunk of its own.
    public var outputs: Int

    public init(
      sensors: Int, queryDimension: Int = 1, branchWidths: [Int] = [40, 40], trunkWidths: [Int] = [40, 40], form: Form = .unstacked,
      activation: Activation.Function = .relu, hasBias: Bool = true, outputs: Int = 1
    ) {
      self.sensors = sensors
      self.queryDimension = queryDimension
      self.branchWidths = branchWidths
      self.trunkWidths = trunkWidths
      self.form = form
      self.activation = activation
      self.hasBias = hasBias
      self.outputs = outputs
    }

    /// - Throws: `widths` where branch and trunk end differently, `setting`.
    public func check() throws(DeepONetError) {
      func require(_ name: String, _ value: some Any, _ isAllowed: Bool, _ allowed: String) throws(DeepONetError) {
        if !isAllowed { throw .setting(name: name, value: "\(value)", allowed: allowed) }
      }
      try require("the number of sensors", sensors, sensors >= 1, "at least 1")
      try require("the dimension of a query", queryDimension, queryDimension >= 1, "at least 1")
      try require(
        "the list of the branch's widths", branchWidths, !branchWidths.isEmpty && branchWidths.allSatisfy { $0 >= 1 },
        "numbers of at least 1")
      try require(
        "the list of the trunk's widths", trunkWidths, !trunkWidths.isEmpty && trunkWidths.allSatisfy { $0 >= 1 }, "numbers of at least 1")
      guard branchWidths.last! == trunkWidths.last! else { throw .widths(branch: branchWidths.last!, trunk: trunkWidths.last!) }
      try require(
        "the number of outputs", outputs, outputs >= 1 && branchWidths.last! % outputs == 0,
        "at least 1, and a divisor of \(branchWidths.last!)")
    }
  }

  public let branch: any Layer
  public let trunk: any Layer
  /// b_0, (outputs).
  public let bias: Parameter?
  public let outputs: Int
  /// m and d, where they are known.
  public let sensors: Int?
  public let queryDimension: Int?
  /// Applied to places before the trunk sees them, such as features with a period.
  public var queryTransform: QueryTransform = .none
  /// Applied to (places, values): for boundary conditions that hold whatever the weights are.
  public var outputTransform: (@Sendable (_ queries: Tensor, _ values: Tensor) -> Tensor)?

  /// A fresh network.
  /// - Throws: `widths`, `setting`.
  public init(
    _ configuration: Configuration, queryTransform: QueryTransform = .none, random: inout RandomStream
  ) throws(DeepONetError) {
    try configuration.check()
    let branchSizes = [configuration.sensors] + configuration.branchWidths
    let branch: any Layer =
      switch configuration.form {
      case .unstacked:
        Perceptron(branchSizes, activation: configuration.activation, lastHasBias: configuration.hasBias, random: &random)
      case .stacked:
        StackedPerceptron(
          Array(branchSizes.dropLast()), count: branchSizes.last!, activation: configuration.activation, random: &random)
      }
    let trunk = Perceptron(
      [queryTransform.dimension(of: configuration.queryDimension)] + configuration.trunkWidths, activation: configuration.activation,
      activatesLast: true, random: &random)
    self.init(
      branch: branch, trunk: trunk, bias: configuration.hasBias ? .zeros([configuration.outputs]) : nil, outputs: configuration.outputs,
      sensors: configuration.sensors, queryDimension: configuration.queryDimension)
    self.queryTransform = queryTransform
  }

  /// Of given networks, which must end in equally many numbers, a multiple of `outputs`.
  public init(
    branch: any Layer, trunk: any Layer, bias: Tensor? = nil, outputs: Int = 1, sensors: Int? = nil, queryDimension: Int? = nil
  ) {
    precondition(bias == nil || bias!.shape == [outputs], "DeepONet: the bias must be [\(outputs)], its shape is \(bias!.shape)")
    self.branch = branch
    self.trunk = trunk
    self.bias = bias.map { Parameter($0) }
    self.outputs = outputs
    self.sensors = sensors
    self.queryDimension = queryDimension
  }

  // MARK: Evaluation

  /// Each function at a place of its own.
  /// - Parameters:
  ///   - functions: (rows, m), or whatever the branch takes.
  ///   - queries: (rows, d).
  /// - Returns: (rows, outputs).
  public func callAsFunction(_ functions: Tensor, at queries: Tensor) -> Tensor { encoded(functions)(at: queries) }

  /// Every function at every place.
  /// - Parameters:
  ///   - functions: (functions, m).
  ///   - queries: (places, d).
  /// - Returns: (functions, places, outputs).
  public func aligned(_ functions: Tensor, at queries: Tensor) -> Tensor { encoded(functions).aligned(at: queries) }

  /// The branch's part of the work, done once for any number of places.
  public func encoded(_ functions: Tensor) -> EncodedFunctions {
    precondition(
      sensors == nil || (functions.rank == 2 && functions.shape[1] == sensors),
      "DeepONet: functions must be (rows, \(sensors ?? 0)), the shape is \(functions.shape)")
    return EncodedFunctions(network: self, coefficients: branch(functions))
  }

  /// The derivative of G(u)(y) with respect to y, for one output.
  /// - Returns: (rows, d).
  public func derivatives(_ functions: Tensor, at queries: Tensor, output: Int = 0) -> Tensor {
    self(functions, at: queries)[.all, output].sum().gradients(withRespectTo: [queries])[0]
  }

  /// trunk(y), (places, p).
  func basis(at queries: Tensor) -> Tensor {
    precondition(
      queries.rank == 2 && (queryDimension == nil || queries.shape[1] == queryDimension),
      "DeepONet: queries must be (rows, \(queryDimension.map(String.init) ?? "d")), the shape is \(queries.shape)")
    return trunk(queryTransform(queries))
  }

  func finished(_ values: Tensor, at queries: Tensor) -> Tensor {
    let shifted = bias.map { values + $0.value } ?? values
    return outputTransform?(queries, shifted) ?? shifted
  }
}

/// Functions that the branch has seen: evaluating them somewhere costs the trunk alone.
public struct EncodedFunctions: Sendable {
  let network: DeepONet
  /// (functions, p).
  public let coefficients: Tensor

  /// Each function at the place in the same row, (rows, d); (rows, outputs).
  public func callAsFunction(at queries: Tensor) -> Tensor {
    precondition(
      queries.shape[0] == coefficients.shape[0],
      "DeepONet: \(coefficients.shape[0]) functions and \(queries.shape[0]) queries; each row has one of both")
    let products = coefficients * network.basis(at: queries)
    let sums = products.reshaped(to: [queries.shape[0], network.outputs, -1]).sum(axes: [2])
    return network.finished(sums, at: queries)
  }

  /// Every function at every place, (places, d); (functions, places, outputs).
  public func aligned(at queries: Tensor) -> Tensor {
    let basis = network.basis(at: queries)
    guard network.outputs > 1 else { return network.finished(coefficients.matmul(basis.transposed()).expandingShape(at: 2), at: queries) }
    let width = coefficients.shape[1] / network.outputs
    let parts = (0..<network.outputs).map { output in
      coefficients[.all, output * width..<(output + 1) * width].matmul(basis[.all, output * width..<(output + 1) * width].transposed())
    }
    return network.finished(Tensor.stack(parts, axis: 2), at: queries)
  }
}

/// What is done to a place y before the trunk sees it.
public enum QueryTransform: Sendable {
  case none
  /// Coordinates become cos(2 pi y / period) and sin(2 pi y / period), so that G(u) has this period in them whatever the weights are.
  case periodic(axes: [Int], period: Double)
  /// Any function from (rows, d) to (rows, dimension).
  case custom(dimension: Int, @Sendable (Tensor) -> Tensor)

  func dimension(of given: Int) -> Int {
    switch self {
    case .none: given
    case .periodic(let axes, _): given + axes.count
    case .custom(let dimension, _): dimension
    }
  }

  func callAsFunction(_ queries: Tensor) -> Tensor {
    switch self {
    case .none: return queries
    case .custom(_, let transform): return transform(queries)
    case .periodic(let axes, let period):
      let parts = (0..<queries.shape[1]).flatMap { axis -> [Tensor] in
        let column = queries.slice(axis: 1, from: axis, count: 1)
        guard axes.contains(axis) else { return [column] }
        let angle = column * (2 * Double.pi / period)
        return [angle.cos(), angle.sin()]
      }
      return Tensor.concatenate(parts, axis: 1)
    }
  }
}

/// mean (prediction - target)^2 / mean target^2: the loss of the fractional operators, whose values span orders of magnitude.
public func relativeSquaredError(_ predictions: Tensor, targets: Tensor) -> Tensor {
  precondition(
    predictions.shape == targets.shape, "relativeSquaredError: predictions \(predictions.shape) and targets \(targets.shape) must agree")
  return (predictions - targets).square().mean() / targets.square().mean()
}
