import Foundation
import Layers
import Tensors

/// The noise schedule that continuous-time NoProp learns: abar(t) = sigmoid(-gamma(t)) with gamma falling from gamma1 at t = 0 to gamma0 at t = 1
/// (after Kingma et al., "Variational diffusion models", 2021).
///
/// gamma(t) = gamma0 + (gamma1 - gamma0) (1 - gbar(t)), where gbar grows from 0 to 1 as the normalised output of a network with one hidden layer
/// and positive weights, g(t) = sum_j softplus(v_j) sigmoid(softplus(w_j) t + b_j).
public struct LearnedNoiseSchedule: Module {
  /// w: slopes before the softplus, (units).
  public let inputWeight: Parameter
  /// b, (units).
  public let bias: Parameter
  /// v: weights of the units before the softplus, (units).
  public let outputWeight: Parameter
  /// gamma(1), where least noise is left: a scalar.
  public let gamma0: Parameter
  /// gamma(0), where most noise is: a scalar above gamma0.
  public let gamma1: Parameter

  /// A schedule from ready-made values.
  /// - Parameters:
  ///   - inputWeight, bias, outputWeight: (units) each.
  ///   - gamma0, gamma1: one element each.
  /// - Throws: `setting` unless gamma0 < gamma1.
  public init(inputWeight: Tensor, bias: Tensor, outputWeight: Tensor, gamma0: Tensor, gamma1: Tensor) throws(NoPropError) {
    precondition(
      inputWeight.rank == 1 && bias.shape == inputWeight.shape && outputWeight.shape == inputWeight.shape,
      "LearnedNoiseSchedule: w \(inputWeight.shape), b \(bias.shape) and v \(outputWeight.shape) must have one shape (units)")
    let (low, high) = (gamma0.scalar(as: Double.self), gamma1.scalar(as: Double.self))
    guard low < high else { throw .setting(name: "gamma0", value: low, allowed: "below gamma1 = \(high)") }
    self.inputWeight = Parameter(inputWeight)
    self.bias = Parameter(bias)
    self.outputWeight = Parameter(outputWeight)
    self.gamma0 = Parameter(gamma0.reshaped(to: [] as Shape))
    self.gamma1 = Parameter(gamma1.reshaped(to: [] as Shape))
  }

  /// A fresh schedule; w ~ N(1, 0.5), b ~ N(0, 0.5), v ~ N(-2, 0.1) (standard deviations; our choice, as the paper gives none).
  /// - Parameter ends: gamma at t = 1 and t = 0. Long training bears -7 ... 7; short training wants -4 ... 4, where SNR' spans less.
  public init(
    units: Int = 64, ends: ClosedRange<Double> = -7...7, random: inout RandomStream, dtype: DType = .float32
  ) throws(NoPropError) {
    guard units >= 1 else { throw .setting(name: "schedule units", value: Double(units), allowed: "at least 1") }
    func normal(_ mean: Double, _ deviation: Double) -> Tensor {
      Tensor.normal([units], key: random.next(), mean: mean, standardDeviation: deviation, dtype: dtype)
    }
    try self.init(
      inputWeight: normal(1, 0.5), bias: normal(0, 0.5), outputWeight: normal(-2, 0.1),
      gamma0: Tensor(ends.lowerBound, dtype: dtype), gamma1: Tensor(ends.upperBound, dtype: dtype))
  }

  /// The noise at some times.
  public struct Level: Sendable {
    /// gamma(t).
    public let gamma: Tensor
    /// dSNR/dt, positive.
    public let signalToNoiseDerivative: Tensor

    /// abar(t) = sigmoid(-gamma(t)): the share of signal.
    public var alphaBar: Tensor { (-gamma).sigmoid() }
    /// 1 - abar(t), without cancellation.
    public var noiseVariance: Tensor { gamma.sigmoid() }
    /// SNR(t) = exp(-gamma(t)).
    public var signalToNoise: Tensor { (-gamma).exp() }
  }

  /// The noise at `time`, of any shape, in [0, 1].
  ///
  /// SNR'(t) = (gamma1 - gamma0) g'(t) / (g(1) - g(0)) exp(-gamma(t)) is written out, so that the loss needs no derivative of a derivative.
  public func callAsFunction(at time: Tensor) -> Level {
    let slope = inputWeight.value.softplus()
    let share = outputWeight.value.softplus()
    func hidden(_ t: Tensor) -> Tensor { (slope * t.expandingShape(at: -1) + bias.value).sigmoid() }
    func output(_ hidden: Tensor) -> Tensor { (share * hidden).sum(axes: [-1]) }

    let start = output(hidden(Tensor(0, dtype: time.dtype)))
    let span = output(hidden(Tensor(1, dtype: time.dtype))) - start
    let units = hidden(time)
    let progress = (output(units) - start) / span
    let growth = (share * slope * units * (1 - units)).sum(axes: [-1]) / span

    let drop = gamma1.value - gamma0.value
    let gamma = gamma0.value + drop * (1 - progress)
    return Level(gamma: gamma, signalToNoiseDerivative: drop * growth * (-gamma).exp())
  }

  /// abar at t = 0, 1/N, ..., 1, in double precision.
  public func alphaBar(steps: Int) -> [Double] {
    let times = Tensor((0...steps).map { Double($0) / Double(steps) }).cast(to: gamma0.dtype)
    return self(at: times).gamma.array(of: Double.self).map { 1 / (1 + exp($0)) }
  }

  /// Keeps the ends apart and inside what the loss can bear: gamma0 in [-limit, -margin], gamma1 in [margin, limit].
  ///
  /// SNR'(t) grows like exp(-gamma0); with many classes an end that wanders off lets a few samples rule every gradient.
  public func guardEnds(limit: Double = 10, margin: Double = 1) {
    gamma0.value = gamma0.value.clamped(-limit, -margin)
    gamma1.value = gamma1.value.clamped(margin, limit)
  }
}
