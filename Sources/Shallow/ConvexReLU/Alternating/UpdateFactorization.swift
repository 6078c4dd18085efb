import Tensors

/// Solves A u = b for A = I + c FᵀF + GᵀG, factored once and used at every iteration.
protocol UpdateFactorization: Sendable {
  /// - Parameter right: (2P, d).
  func solve(_ right: Tensor) -> Tensor

  /// The same with another c.
  func reweighted(_ weight: Double) -> Self
}

/// By Woodbury's identity: since G_iᵀG_i = XᵀX for every pattern (times the square of G's scale), I + GᵀG is block diagonal with equal blocks
/// B = I + G_iᵀG_i, and
///
/// A⁻¹ b = b~ - B⁻¹Fᵀ (I/c + 2 (X B⁻¹Xᵀ) ∘ (D Dᵀ))⁻¹ F b~,  b~ = B⁻¹ b.
///
/// Only a d x d and an n x n matrix are factored; a solution takes O(P (d² + nd) + n²), and the 2Pd x 2Pd matrix never exists.
struct WoodburyFactorization: UpdateFactorization {
  private let operators: GatedOperators
  private let blockFactor: Tensor
  /// 2 (X B⁻¹Xᵀ) ∘ (D Dᵀ), (n, n).
  private let kernel: Tensor
  private var outputFactor: Tensor

  /// - Parameter weight: c.
  init(_ operators: GatedOperators, weight: Double) {
    self.operators = operators
    blockFactor = operators.blockMatrix.cholesky()
    let half = blockFactor.triangularSolve(operators.features.transposed(), upper: false)
    let common = operators.gates.transposed().matmul(operators.gates)
    kernel = half.transposed().matmul(half) * common * 2
    outputFactor = Self.factor(kernel, weight)
    evaluate(blockFactor, kernel, outputFactor)
  }

  private static func factor(_ kernel: Tensor, _ weight: Double) -> Tensor {
    (Tensor.identity(kernel.shape[0], dtype: .float64) * (1 / weight) + kernel).cholesky()
  }

  func reweighted(_ weight: Double) -> WoodburyFactorization {
    var result = self
    result.outputFactor = Self.factor(kernel, weight)
    evaluate(result.outputFactor)
    return result
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
  /// I + GᵀG and FᵀF.
  private let blocks: Tensor
  private let products: Tensor
  private var factor: Tensor

  init(_ operators: GatedOperators, weight: Double) {
    let (p, d) = (operators.patternCount, operators.width)
    let size = 2 * p * d
    let x = operators.features
    // F as a matrix: (n, P, d) gated rows, then their negatives.
    let gated = operators.gates.transposed().expandingShape(at: 2) * x.expandingShape(at: 1)
    let half = gated.reshaped(to: [operators.exampleCount, p * d])
    let f = Tensor.concatenate([half, -half], axis: 1)
    let diagonal =
      Tensor.identity(2 * p, dtype: .float64).reshaped(to: [2 * p, 1, 2 * p, 1]) * operators.blockMatrix.reshaped(to: [1, d, 1, d])
    blocks = diagonal.reshaped(to: [size, size])
    products = f.transposed().matmul(f)
    factor = (blocks + products * weight).cholesky()
    evaluate(blocks, products, factor)
  }

  func reweighted(_ weight: Double) -> DenseFactorization {
    var result = self
    result.factor = (blocks + products * weight).cholesky()
    evaluate(result.factor)
    return result
  }

  func solve(_ right: Tensor) -> Tensor {
    let forward = factor.triangularSolve(right.reshaped(to: [right.elementCount, 1]), upper: false)
    return factor.triangularSolve(forward, upper: false, transposed: true).reshaped(to: right.shape)
  }
}

extension GatedOperators {
  /// B = I + G_iᵀG_i, (d, d): the same for every pattern.
  fileprivate var blockMatrix: Tensor {
    Tensor.identity(width, dtype: .float64) + transposedFeatures.matmul(features) * (gateScale * gateScale)
  }
}
