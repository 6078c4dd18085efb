import Tensors

/// Solves A u = b for A = I + c FᵀF + GᵀG, factored once and used at every iteration.
protocol UpdateFactorization: Sendable {
  /// - Parameter right: (2P, d).
  func solve(_ right: Tensor) -> Tensor
}

/// By Woodbury's identity: since G_iᵀG_i = XᵀX for every pattern, I + GᵀG is block diagonal with equal blocks B = I + XᵀX, and
///
/// A⁻¹ b = b~ - B⁻¹Fᵀ (I/c + 2 (X B⁻¹Xᵀ) ∘ (D Dᵀ))⁻¹ F b~,  b~ = B⁻¹ b.
///
/// Only a d x d and an n x n matrix are factored; a solution takes O(P (d² + nd) + n²), and the 2Pd x 2Pd matrix never exists.
struct WoodburyFactorization: UpdateFactorization {
  private let operators: GatedOperators
  private let blockFactor: Tensor
  private let outputFactor: Tensor

  /// - Parameter weight: c.
  init(_ operators: GatedOperators, weight: Double) {
    self.operators = operators
    let (n, d) = (operators.exampleCount, operators.width)
    let x = operators.features
    blockFactor = (Tensor.identity(d, dtype: .float64) + x.transposed().matmul(x)).cholesky()
    let half = blockFactor.triangularSolve(x.transposed(), upper: false)
    let kernel = half.transposed().matmul(half)
    let common = operators.gates.transposed().matmul(operators.gates)
    outputFactor = (Tensor.identity(n, dtype: .float64) * (1 / weight) + kernel * common * 2).cholesky()
    evaluate(blockFactor, outputFactor)
  }

  func solve(_ right: Tensor) -> Tensor {
    let plain = solveBlocks(right)
    let output = operators.output(plain).expandingShape(at: 1)
    let forward = outputFactor.triangularSolve(output, upper: false)
    let weights = outputFactor.triangularSolve(forward, upper: false, transposed: true).squeezed(1)
    return plain - solveBlocks(operators.outputTransposed(weights))
  }

  private func solveBlocks(_ right: Tensor) -> Tensor {
    let forward = blockFactor.triangularSolve(right.transposed(), upper: false)
    return blockFactor.triangularSolve(forward, upper: false, transposed: true).transposed()
  }
}

/// The paper's own: the Cholesky factor of the whole 2Pd x 2Pd matrix. Costs (2Pd)³/3 once and 2 (2Pd)² an iteration.
struct DenseFactorization: UpdateFactorization {
  private let factor: Tensor

  init(_ operators: GatedOperators, weight: Double) {
    let (p, d) = (operators.patternCount, operators.width)
    let size = 2 * p * d
    let x = operators.features
    let block = Tensor.identity(d, dtype: .float64) + x.transposed().matmul(x)
    // F as a matrix: (n, P, d) gated rows, then their negatives.
    let gated = operators.gates.transposed().expandingShape(at: 2) * x.expandingShape(at: 1)
    let half = gated.reshaped(to: [operators.exampleCount, p * d])
    let f = Tensor.concatenate([half, -half], axis: 1)
    let diagonal = Tensor.identity(2 * p, dtype: .float64).reshaped(to: [2 * p, 1, 2 * p, 1]) * block.reshaped(to: [1, d, 1, d])
    factor = (diagonal.reshaped(to: [size, size]) + f.transposed().matmul(f) * weight).cholesky()
    evaluate(factor)
  }

  func solve(_ right: Tensor) -> Tensor {
    let forward = factor.triangularSolve(right.reshaped(to: [right.elementCount, 1]), upper: false)
    return factor.triangularSolve(forward, upper: false, transposed: true).reshaped(to: right.shape)
  }
}
