import Tensors

/// Training data and weights of the problem of one hidden ReLU layer with weight decay:
///
/// min over u_j, alpha_j of loss(sum_j (X u_j)_+ alpha_j, y) + beta/2 sum_j (||u_j||^2 + alpha_j^2)   (N)
///
/// (Bai, Gautam and Sojoudi, section 2). Everything is computed in double precision.
public struct ConvexReLUProblem: Sendable {
  /// X, (n, d), float64; its last column is ones where ``hasBias``.
  public let features: Tensor
  /// y, (n), float64.
  public let targets: Tensor
  public let loss: OutputLoss
  /// beta.
  public let regularization: Double
  /// Whether the last column of X is the ones that carry the hidden layer's bias.
  public let hasBias: Bool

  /// - Parameters:
  ///   - features: (n, d) of any floating point type.
  ///   - targets: (n); -1 or 1 for a loss of classes.
  ///   - regularization: beta, at least 0.
  ///   - addingBias: appends a column of ones.
  ///   - lastColumnIsBias: says that the features have such a column already.
  /// - Throws: ``ConvexReLUError`` for no data, values that are not finite, labels outside their set, zero rows and a negative beta.
  public init(
    features: Tensor, targets: Tensor, loss: OutputLoss = .squared, regularization: Double, addingBias: Bool = false,
    lastColumnIsBias: Bool = false
  ) throws(ConvexReLUError) {
    guard features.rank == 2, features.shape[0] > 0, features.shape[1] > 0 else { throw .empty(shape: features.shape.dimensions) }
    guard targets.shape == [features.shape[0]] else {
      throw .shape(what: "targets", found: targets.shape.dimensions, expected: [features.shape[0]])
    }
    guard regularization >= 0, regularization.isFinite else {
      throw .setting(name: "beta", value: regularization, allowed: "a number of at least 0")
    }
    let count = features.shape[0]
    let given = features.cast(to: .float64)
    let values = given.array(of: Double.self)
    let width = features.shape[1]
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(what: "a feature", row: index / width, column: index % width)
    }
    let labels = targets.cast(to: .float64)
    for (row, label) in labels.array(of: Double.self).enumerated() {
      guard label.isFinite else { throw .notFinite(what: "the target", row: row, column: nil) }
      guard !loss.isClassification || abs(label) == 1 else { throw .label(row: row, value: label, allowed: "-1 or 1") }
    }
    if !addingBias, let row = (0..<count).first(where: { row in values[row * width..<(row + 1) * width].allSatisfy { $0 == 0 } }) {
      throw .zeroRow(row)
    }
    if lastColumnIsBias, let row = (0..<count).first(where: { values[($0 + 1) * width - 1] != 1 }) {
      throw .setting(name: "the bias column at example \(row)", value: values[(row + 1) * width - 1], allowed: "1")
    }
    let all = addingBias ? Tensor.concatenate([given, Tensor.ones([count, 1], dtype: .float64)], axis: 1) : given
    evaluate(all, labels)
    self.features = all
    self.targets = labels
    self.loss = loss
    self.regularization = regularization
    hasBias = addingBias || lastColumnIsBias
  }

  /// n.
  public var count: Int { features.shape[0] }
  /// d, with the bias column.
  public var width: Int { features.shape[1] }

  /// 1 for the columns of X that a perturbation may move, 0 for the bias: (d), the set J of section 4.
  public var perturbable: Tensor {
    Tensor((0..<width).map { hasBias && $0 == width - 1 ? 0.0 : 1.0 })
  }

  /// The same data under another loss or beta.
  public func with(loss: OutputLoss? = nil, regularization: Double? = nil) throws(ConvexReLUError) -> ConvexReLUProblem {
    try ConvexReLUProblem(
      features: features, targets: targets, loss: loss ?? self.loss, regularization: regularization ?? self.regularization,
      lastColumnIsBias: hasBias)
  }

  /// The value of (N) at a network.
  public func objective(of network: ReLUNetworks) -> [Double] {
    let fit = loss(network.outputs(features), targets)
    return (fit + network.squaredNorm * (regularization / 2)).array(of: Double.self)
  }
}
