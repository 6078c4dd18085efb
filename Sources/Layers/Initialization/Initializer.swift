import Tensors

/// How many values meet in one unit of a layer, and how many units one value goes to.
public struct Fans: Sendable, Hashable {
  public var input: Int
  public var output: Int

  public init(input: Int, output: Int) {
    self.input = input
    self.output = output
  }
}

/// How fresh weights are drawn.
public enum Initializer: Sendable, Hashable, Codable {
  /// Which fan a variance is scaled by.
  public enum Fan: String, Sendable, Hashable, Codable { case input, output, average }

  case zeros
  case constant(Double)
  case uniform(from: Double, to: Double)
  case normal(mean: Double = 0, standardDeviation: Double)
  /// A normal distribution cut off at `limit` standard deviations on both sides.
  case truncatedNormal(mean: Double = 0, standardDeviation: Double, limit: Double = 2)
  /// Uniform of variance gain^2 * 2 / (fan in + fan out) (Glorot and Bengio, 2010).
  case glorotUniform(gain: Double = 1)
  case glorotNormal(gain: Double = 1)
  /// Uniform of variance gain^2 / fan (He et al., 2015); the gain for rectifiers is the square root of 2.
  case heUniform(fan: Fan = .input, gain: Double = 2.0.squareRoot())
  case heNormal(fan: Fan = .input, gain: Double = 2.0.squareRoot())

  /// Uniform in +-1 / sqrt(fan in), which PyTorch gives dense layers and convolutions.
  public static var standard: Initializer { .heUniform(fan: .input, gain: (1.0 / 3).squareRoot()) }

  /// Draws a tensor.
  ///
  /// - Parameter fans: of the layer it is for; used by those distributions that scale with them.
  public func callAsFunction(_ shape: Shape, fans: Fans, random: inout RandomStream, dtype: DType = .float32) -> Tensor {
    func uniform(_ bound: Double) -> Tensor { Tensor.uniform(shape, key: random.next(), from: -bound, to: bound, dtype: dtype) }
    func normal(_ deviation: Double) -> Tensor { Tensor.normal(shape, key: random.next(), standardDeviation: deviation, dtype: dtype) }
    switch self {
    case .zeros: return Tensor.zeros(shape, dtype: dtype)
    case .constant(let value): return Tensor(repeating: value, shape: shape, dtype: dtype)
    case .uniform(let from, let to): return Tensor.uniform(shape, key: random.next(), from: from, to: to, dtype: dtype)
    case .normal(let mean, let deviation):
      return Tensor.normal(shape, key: random.next(), mean: mean, standardDeviation: deviation, dtype: dtype)
    case .truncatedNormal(let mean, let deviation, let limit):
      return Tensor.truncatedNormal(shape, key: random.next(), limit: limit, dtype: dtype) * deviation + mean
    case .glorotUniform(let gain): return uniform(gain * (6 / Double(fans.input + fans.output)).squareRoot())
    case .glorotNormal(let gain): return normal(gain * (2 / Double(fans.input + fans.output)).squareRoot())
    case .heUniform(let fan, let gain): return uniform(gain * (3 / fan.extent(fans)).squareRoot())
    case .heNormal(let fan, let gain): return normal(gain * (1 / fan.extent(fans)).squareRoot())
    }
  }
}

extension Initializer.Fan {
  func extent(_ fans: Fans) -> Double {
    let extent =
      switch self {
      case .input: Double(fans.input)
      case .output: Double(fans.output)
      case .average: Double(fans.input + fans.output) / 2
      }
    return max(extent, 1)
  }
}

extension Tensor {
  /// Standard normal numbers between -limit and limit, by the inverse of the distribution function applied to a uniform number.
  static func truncatedNormal(_ shape: Shape, key: Tensor, limit: Double, dtype: DType) -> Tensor {
    precondition(limit > 0, "truncatedNormal: the limit \(limit) must be positive")
    // P(|x| < limit) = erf(limit / sqrt 2); x = sqrt 2 * erf^-1(u) with u uniform between -P and P.
    let bound = Tensor(limit / 2.0.squareRoot(), dtype: .float64).erf()
    let uniform = (Tensor.uniform(shape, key: key).cast(to: .float64) * 2 - 1) * bound
    return (uniform.inverseErf() * 2.0.squareRoot()).clamped(-limit, limit).cast(to: dtype)
  }

  /// The inverse of erf in (-1, 1): a rational start (Winitzki, 2008) and two steps of Newton's method.
  private func inverseErf() -> Tensor {
    let a = 0.147
    let logarithm = (1 - square()).log()
    let half = logarithm * 0.5 + 2 / (Double.pi * a)
    var x = sign() * ((half.square() - logarithm * (1 / a)).sqrt() - half).sqrt()
    for _ in 0..<2 { x = x - (x.erf() - self) * x.square().exp() * (Double.pi.squareRoot() / 2) }
    return x
  }
}
