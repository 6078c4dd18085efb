import Tensors

/// The classical binary network (Hopfield, 1982): states of -1 and 1, W = sum of x x^T with a zero diagonal. It stores about 0.138 d random patterns.
public struct BinaryHopfieldNetwork: Sendable {
  /// (d, d), symmetric, zero diagonal.
  public let weights: Tensor

  /// - Parameter patterns: (N, d), elements -1 and 1.
  public init(patterns: Tensor) {
    precondition(patterns.rank == 2, "BinaryHopfieldNetwork: patterns must be (N, d), their shape is \(patterns.shape)")
    let count = Double(patterns.shape[0])
    weights = patterns.transposed().matmul(patterns) - Tensor.identity(patterns.shape[1], dtype: patterns.dtype) * count
    evaluate(weights)
  }

  /// `updates` synchronous updates xi <- sign(W xi); where W xi is 0 an element stays as it is.
  ///
  /// - Parameter cues: (L, d), elements -1 and 1.
  public func retrieve(_ cues: Tensor, updates: Int) -> Tensor {
    var states = cues
    for _ in 0..<updates {
      let fields = states.matmul(weights)
      states = Tensor.select(fields .== 0, states, fields.sign())
      evaluate(states)
    }
    return states
  }
}

/// A binary network with a steeper energy -sum F(x_i^T xi), F(z) = z^n (Krotov and Hopfield, 2016): it stores of the order of d^(n - 1) patterns.
public struct PolynomialHopfieldNetwork: Sendable {
  /// (N, d), elements -1 and 1.
  public let patterns: Tensor
  /// n, at least 2.
  public let degree: Int

  public init(patterns: Tensor, degree: Int) throws(HopfieldError) {
    guard patterns.rank == 2 else { throw .shape(argument: "patterns", found: patterns.shape, expected: "(patterns, features)") }
    guard degree >= 2 else { throw .setting(name: "degree", value: "\(degree)", allowed: "at least 2") }
    self.patterns = patterns
    self.degree = degree
  }

  /// `updates` synchronous updates: an element becomes the sign with which the energy is lower, the others being as they are:
  /// sign(sum over i of F(x_il + h_il) - F(-x_il + h_il)), h_il = x_i^T xi - x_il xi_l.
  ///
  /// - Parameter cues: (L, d), elements -1 and 1.
  public func retrieve(_ cues: Tensor, updates: Int) -> Tensor {
    // The similarities in units of d, so that powers stay within the range of the type.
    let scale = 1 / Double(patterns.shape[1])
    var states = cues
    for _ in 0..<updates {
      let parts = stride(from: 0, to: states.shape[0], by: 32).map { start in
        let part = states[start..<min(start + 32, states.shape[0])]
        let similarities = part.matmul(patterns.transposed()).expandingShape(at: -1)
        let rest = (similarities - patterns.expandingShape(at: 0) * part.expandingShape(at: 1)) * scale
        let own = patterns.expandingShape(at: 0) * scale
        let difference = (power(rest + own) - power(rest - own)).sum(axes: [1])
        let next = Tensor.select(difference .== 0, part, difference.sign())
        evaluate(next)
        return next
      }
      states = Tensor.concatenate(parts)
    }
    evaluate(states)
    return states
  }

  private func power(_ z: Tensor) -> Tensor { (1..<degree).reduce(z) { power, _ in power * z } }
}
