import Tensors

/// The terms of a NoProp objective, each a scalar.
public struct DenoisingLoss: Sendable {
  /// -log p(y | z_1): trains the readout (and W); for flow matching the anchor. Zero where a method has no such term.
  public let crossEntropy: Tensor
  /// KL_0 = KL(q(z_0 | y) || N(0, I)), which depends on W (and the learned schedule) alone.
  public let divergence: Tensor
  /// The weighted squared error of the prediction: what trains the blocks.
  public let denoising: Tensor

  public init(crossEntropy: Tensor, divergence: Tensor, denoising: Tensor) {
    self.crossEntropy = crossEntropy
    self.divergence = divergence
    self.denoising = denoising
  }

  /// Their sum, which is minimised.
  public var total: Tensor { crossEntropy + divergence + denoising }
}

/// KL(N(sqrt(abar) u, (1 - abar) I) || N(0, I)) = (abar ||u||^2 - d abar - d log(1 - abar)) / 2, averaged over the batch.
/// - Parameters:
///   - embeddings: u_y, (B, d).
///   - alphaBar, noiseVariance: abar_0 and 1 - abar_0, scalars.
func priorDivergence(_ embeddings: Tensor, alphaBar: Tensor, noiseVariance: Tensor) -> Tensor {
  let d = Double(embeddings.shape[1])
  return (alphaBar * embeddings.square().sum(axes: [1]).mean() - alphaBar * d - noiseVariance.log() * d) * 0.5
}
