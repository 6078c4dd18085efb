import Foundation

/// Activations that are compositions of elementwise functions; the compiler makes one pass of each.
extension Tensor {
  /// self * sigmoid(self), also called swish.
  public func silu() -> Tensor { self * sigmoid() }

  /// How `gelu` computes the normal distribution.
  public enum GELUForm: Sendable {
    /// By the error function.
    case exact
    /// By a hyperbolic tangent, with an error below 0.001.
    case hyperbolicTangent
  }

  /// The Gaussian error linear unit self * Φ(self), where Φ is the normal distribution (Hendrycks and Gimpel, 2016).
  public func gelu(_ form: GELUForm = .exact) -> Tensor {
    switch form {
    case .exact: self * 0.5 * ((self * 0.5.squareRoot()).erf() + 1)
    case .hyperbolicTangent: self * 0.5 * (((self + square() * self * 0.044715) * (2 / Double.pi).squareRoot()).tanh() + 1)
    }
  }

  /// `self` where positive, `slope` * self elsewhere.
  public func leakyRelu(slope: Double = 0.01) -> Tensor { Tensor.select(self .> 0, self, self * slope) }

  /// `self` where positive, `slope` * self elsewhere; the slope is learned, and broadcasts (He et al., 2015).
  public func prelu(slope: Tensor) -> Tensor { Tensor.select(self .> 0, self, self * slope) }

  /// `self` where positive, alpha * (exp(self) - 1) elsewhere (Clevert et al., 2015).
  public func elu(alpha: Double = 1) -> Tensor { Tensor.select(self .> 0, self, minimum(0).expm1() * alpha) }

  /// The self-normalising unit: `elu`, scaled so that zero mean and unit variance reproduce themselves (Klambauer et al., 2017).
  public func selu() -> Tensor { elu(alpha: 1.6732632423543772) * 1.0507009873554805 }

  /// min(max(self, 0), 6).
  public func relu6() -> Tensor { clamped(0, 6) }

  /// relu6(self + 3) / 6, a sigmoid of three straight lines (Howard et al., 2019).
  public func hardSigmoid() -> Tensor { (self + 3).relu6() * (1.0 / 6) }

  /// self * hardSigmoid(self) (Howard et al., 2019).
  public func hardSwish() -> Tensor { self * hardSigmoid() }

  /// self * tanh(softplus(self)) (Misra, 2019).
  public func mish() -> Tensor { self * softplus().tanh() }

  /// self / (1 + |self|).
  public func softsign() -> Tensor { self / (abs() + 1) }

  /// The first half along an axis times the sigmoid of the second (Dauphin et al., 2017).
  public func glu(axis: Int = -1) -> Tensor {
    let halves = split(count: 2, axis: axis)
    return halves[0] * halves[1].sigmoid()
  }

  /// self * factor + addend, in one rounding where the processor can.
  public func multiplied(by factor: Tensor, adding addend: Tensor) -> Tensor { self * factor + addend }
}
