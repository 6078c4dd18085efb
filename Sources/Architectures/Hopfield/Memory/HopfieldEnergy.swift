import Foundation
import Tensors

/// The energy of a continuous modern Hopfield network and what follows from it (Ramsauer et al., 2021, equations 2 to 5), for stored patterns
/// x_1 ... x_N, the rows of a matrix, and an inverse temperature beta.
///
/// All functions take patterns (..., N, d) and states (..., L, d); leading axes broadcast.
public struct HopfieldEnergy: Sendable {
  /// (..., N, d).
  public let patterns: Tensor
  /// beta > 0.
  public let inverseTemperature: Double

  public init(patterns: Tensor, inverseTemperature: Double) {
    precondition(patterns.rank >= 2, "HopfieldEnergy: patterns must be (..., N, d), their shape is \(patterns.shape)")
    precondition(inverseTemperature > 0, "HopfieldEnergy: beta must be positive, it is \(inverseTemperature)")
    self.patterns = patterns
    self.inverseTemperature = inverseTemperature
  }

  /// N.
  public var patternCount: Int { patterns.shape[patterns.rank - 2] }

  /// M, the largest norm of a pattern: (..., 1).
  public var largestNorm: Tensor { patterns.square().sum(axes: [-1]).max(axes: [-1], keepingAxes: true).sqrt() }

  /// p(xi) = softmax(beta X^T xi): (..., L, N).
  public func association(_ states: Tensor) -> Tensor { scaledSimilarities(states).softmax() }

  /// E(xi) = -lse(beta, X^T xi) + xi^T xi / 2 + log N / beta + M^2 / 2: (..., L). Between 0 and 2 M^2 within the hull of the patterns.
  public func callAsFunction(_ states: Tensor) -> Tensor {
    let logSumExp = scaledSimilarities(states).logSumExp(axes: [-1]) * (1 / inverseTemperature)
    let constant = log(Double(patternCount)) / inverseTemperature + largestNorm.square() * 0.5
    return states.square().sum(axes: [-1]) * 0.5 - logSumExp + constant
  }

  /// f(xi) = X p(xi), the update that is attention: (..., L, d). It never raises the energy.
  public func update(_ states: Tensor) -> Tensor { association(states).matmul(patterns) }

  /// The gradient of the energy, xi - f(xi): (..., L, d).
  public func gradient(_ states: Tensor) -> Tensor { states - update(states) }

  /// The Jacobian of the update, beta X (diag(p) - p p^T) X^T: (..., L, d, d). Symmetric and positive semidefinite.
  public func jacobian(_ states: Tensor) -> Tensor {
    let p = association(states)
    let x = patterns.expandingShape(at: -3)
    let weighted = x.transposed().matmul(x * p.expandingShape(at: -1))
    let mean = p.matmul(patterns)
    return (weighted - mean.expandingShape(at: -1) * mean.expandingShape(at: -2)) * inverseTemperature
  }

  private func scaledSimilarities(_ states: Tensor) -> Tensor { states.matmul(patterns.transposed()) * inverseTemperature }
}
