import Layers
import Tensors

/// Several classes: one convex program a class against the others, on the same patterns (our extension).
public struct OneVersusRest: Sendable {
  /// A solution a class.
  public let solutions: [ConvexSolution]

  /// - Parameters:
  ///   - features: (n, d); labels: (n), 0 ..< classCount.
  ///   - loss: a loss of classes, or the squared loss on -1 and 1.
  /// - Throws: ``ConvexReLUError``.
  public init(
    features: Tensor, labels: Tensor, classCount: Int, patterns: ActivationPatterns, loss: OutputLoss = .squared, regularization: Double,
    lastColumnIsBias: Bool, settings: ConvexADMM.Settings = .init()
  ) throws(ConvexReLUError) {
    guard classCount >= 2 else { throw .setting(name: "the number of classes", value: Double(classCount), allowed: "at least 2") }
    let values = labels.cast(to: .int64).array(of: Int64.self)
    if let row = values.firstIndex(where: { $0 < 0 || $0 >= classCount }) {
      throw .label(row: row, value: Double(values[row]), allowed: "0 to \(classCount - 1)")
    }
    var solutions: [ConvexSolution] = []
    for one in 0..<classCount {
      let targets = Tensor(values.map { $0 == one ? 1.0 : -1.0 })
      let problem = try ConvexReLUProblem(
        features: features, targets: targets, loss: loss, regularization: regularization, lastColumnIsBias: lastColumnIsBias)
      solutions.append(try ConvexADMM(problem, patterns: patterns, settings: settings).solve())
    }
    self.solutions = solutions
  }

  /// Scores (n, classes) of features (n, d) by the networks that were read off.
  public func scores(_ features: Tensor) -> Tensor {
    Tensor.stack(solutions.map { $0.network().outputs(features).squeezed(0) }, axis: 1)
  }

  /// All networks side by side as ordinary layers: hidden weights of every class, then a matrix that keeps classes apart.
  public func layers(dtype: DType = .float32) -> Sequential {
    let networks = solutions.map { $0.network() }
    let hidden = Tensor.concatenate(networks.map { $0.hidden.squeezed(0) }, axis: 1).cast(to: dtype)
    let rows = networks.enumerated().map { one, network in
      network.output.squeezed(0).expandingShape(at: 1) * Tensor([Double](repeating: 0, count: networks.count).replacing(one, with: 1))
    }
    let output = Tensor.concatenate(rows).cast(to: dtype)
    let inputs = hidden.shape[0]
    let hasBias = solutions[0].problem.hasBias
    let first = hasBias ? Dense(weight: hidden[0..<(inputs - 1)], bias: hidden[inputs - 1]) : Dense(weight: hidden)
    return Sequential(first, Activation(.relu), Dense(weight: output))
  }
}

extension [Double] {
  fileprivate func replacing(_ index: Int, with value: Double) -> [Double] {
    var copy = self
    copy[index] = value
    return copy
  }
}
