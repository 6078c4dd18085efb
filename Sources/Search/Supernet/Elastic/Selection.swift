import Layers
import Tensors

/// How one of several candidates is executed.
public enum Selection: Sendable {
  /// The candidate of this index alone.
  case hard(Int)
  /// The sum of candidates with these weights, (candidates).
  case soft(Tensor)
}

extension Selection {
  /// Weights by Gumbel's trick: theta = softmax((log softmax(scores) + g) / temperature), and the straight-through one-hot choice
  /// onehot(argmax theta) + theta - stopgrad(theta) (Jang et al., 2017).
  ///
  /// - Parameters:
  ///   - scores: (candidates).
  ///   - key: of the noise.
  /// - Returns: (candidates) each; the choice is one-hot forward and has the derivative of theta.
  public static func gumbel(_ scores: Tensor, temperature: Double, key: Tensor) -> (theta: Tensor, choice: Tensor) {
    precondition(scores.rank == 1 && temperature > 0, "Selection: scores \(scores.shape) at temperature \(temperature)")
    // Between the smallest numbers, so that no logarithm is infinite.
    let uniform = Tensor.uniform(scores.shape, key: key, from: 1e-7, to: 1 - 1e-7, dtype: scores.dtype)
    let theta = ((scores.logSoftmax() - (-uniform.log()).log()) / temperature).softmax()
    let oneHot = theta.stopGradient().argMax(axis: -1).oneHot(scores.shape[0], dtype: scores.dtype)
    return (theta, oneHot + theta - theta.stopGradient())
  }
}

/// A choice among operations with weights of their own - on an edge, or as a gate that lets an edge through.
public struct ChoiceLayer: Module {
  /// Runs one of the operations.
  public let operations: [any Layer]
  /// Whether "none of them" is the first candidate: a closed gate, which contributes zeros of the result's shape.
  public let hasGate: Bool

  public init(_ operations: [any Layer], hasGate: Bool = false) {
    precondition(!operations.isEmpty, "ChoiceLayer: no operations")
    self.operations = operations
    self.hasGate = hasGate
  }

  public var candidateCount: Int { operations.count + (hasGate ? 1 : 0) }

  /// - Parameters:
  ///   - selection: an index among the candidates, or a weight for each; with weights that are known and 0 the operation is left out.
  /// - Returns: the chosen result, or sum_c theta_c op_c(x); nil where a gate is closed, which contributes nothing.
  public func callAsFunction(_ input: Tensor, _ selection: Selection) -> Tensor? {
    switch selection {
    case .hard(let index):
      precondition((0..<candidateCount).contains(index), "ChoiceLayer: candidate \(index) of \(candidateCount)")
      if hasGate && index == 0 { return nil }
      return operations[index - (hasGate ? 1 : 0)](input)
    case .soft(let weights):
      precondition(weights.shape == [candidateCount], "ChoiceLayer: weights \(weights.shape) for \(candidateCount) candidates")
      // Weights that were computed already tell which operations need not run; recorded ones keep their derivative and all run.
      let known = weights.isEvaluated ? weights.array(of: Double.self) : nil
      var sum: Tensor?
      for (position, operation) in operations.enumerated() {
        let candidate = position + (hasGate ? 1 : 0)
        if known?[candidate] == 0 { continue }
        let term = operation(input) * weights[candidate]
        sum = sum.map { $0 + term } ?? term
      }
      return sum
    }
  }
}
