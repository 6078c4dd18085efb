import Tensors

/// F and G of the convex program, applied without ever being formed.
///
/// F_i = D_i X, F = [F_1 ... F_P, -F_1 ... -F_P]; G_i = (2 D_i - I) X, G block diagonal with every G_i twice (section 3.1). Vectors of all blocks are
/// matrices (2P, d), the first set's P blocks before the second's; slacks are (2P, n).
struct GatedOperators: Sendable {
  /// X, (n, d).
  let features: Tensor
  let transposedFeatures: Tensor
  /// Dᵀ, (P, n).
  let gates: Tensor
  /// 2Dᵀ - 1, (2P, n): the rows twice.
  let signs: Tensor
  /// The signs times the scale of G.
  private let gateSigns: Tensor
  let gateScale: Double
  let patternCount: Int

  /// - Parameter gateScale: G's rows are multiplied by it, which changes no cone but how an iteration weighs them.
  init(_ features: Tensor, _ patterns: ActivationPatterns, gateScale: Double = 1) {
    self.features = features
    transposedFeatures = features.transposed()
    gates = patterns.matrix.transposed()
    let half = gates * 2 - 1
    signs = Tensor.concatenate([half, half])
    gateSigns = gateScale == 1 ? signs : signs * gateScale
    self.gateScale = gateScale
    patternCount = patterns.count
    evaluate(transposedFeatures, gates, signs, gateSigns)
  }

  var exampleCount: Int { features.shape[0] }
  var width: Int { features.shape[1] }

  /// F u, (n), for u of (2P, d).
  func output(_ blocks: Tensor) -> Tensor { output(blocks, gates: gates) }

  /// What some patterns' blocks, (2k, d), contribute to the outputs; their gates are (k, n).
  func output(_ blocks: Tensor, gates: Tensor) -> Tensor {
    let count = gates.shape[0]
    let difference = blocks[0..<count] - blocks[count..<2 * count]
    return (difference.matmul(transposedFeatures) * gates).sum(axes: [0])
  }

  /// Fᵀ r, (2P, d).
  func outputTransposed(_ residual: Tensor) -> Tensor { outputTransposed(residual, gates: gates) }

  func outputTransposed(_ residual: Tensor, gates: Tensor) -> Tensor {
    let half = (gates * residual).matmul(features)
    return Tensor.concatenate([half, -half])
  }

  /// G u, (2P, n).
  func gate(_ blocks: Tensor) -> Tensor { blocks.matmul(transposedFeatures) * gateSigns }

  /// Gᵀ s, (2P, d).
  func gateTransposed(_ slacks: Tensor) -> Tensor { (slacks * gateSigns).matmul(features) }
}

extension Tensor {
  /// (1 - threshold / ||row||)_+ row, for every row: the proximal operator of threshold * ||.||_2.
  func shrunkRows(by threshold: Double) -> Tensor {
    let norms = norm(axes: [1], keepingAxes: true)
    return self * (1 - (norms + Double.leastNormalMagnitude).reciprocal() * threshold).relu()
  }

  /// sum of the Euclidean norms of rows, a scalar.
  var rowNormSum: Tensor { norm(axes: [1]).sum() }
}
