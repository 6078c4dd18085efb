import Layers
import Tensors

/// One way through the shared network: how it normalises, what it drops and which soft choices it makes; and, when it is done, which slices it took and
/// the statistics it met.
public final class ForwardPass {
  public let mode: NormalizationMode
  public let regularization: Regularization
  /// Weights of the candidates of a gene, (candidates), by the gene's identifier: such a gene is executed softly, with masks, in place of its choice.
  public let softChoices: [String: Tensor]

  /// The slices of shared tensors that were used, in order.
  public private(set) var slices: [ParameterSlice] = []
  /// The statistics of this batch at each normalisation, in order; empty in calibrated mode.
  public private(set) var statistics: [ChannelStatistics] = []
  private var position = 0

  public init(
    _ mode: NormalizationMode = .batch, regularization: Regularization = .none, softChoices: [String: Tensor] = [:]
  ) {
    self.mode = mode
    self.regularization = regularization
    self.softChoices = softChoices
  }

  func take(_ parameter: Parameter, _ ranges: [Range<Int>]) -> Tensor {
    let slice = ParameterSlice(parameter, ranges)
    slices.append(slice)
    return slice.value
  }

  func take(_ parameter: Parameter, first extents: [Int]) -> Tensor { take(parameter, extents.map { 0..<$0 }) }

  func take(whole parameter: Parameter) -> Tensor { take(parameter, first: parameter.shape.dimensions) }

  /// Batch normalisation of (..., channels) with the first entries of a scale and a shift.
  func normalized(_ x: Tensor, scale: Parameter, shift: Parameter, epsilon: Double) -> Tensor {
    let channels = x.shape[x.rank - 1]
    let (scale, shift) = (take(scale, first: [channels]), take(shift, first: [channels]))
    switch mode {
    case .batch:
      let (output, mean, variance) = x.batchNormalized(scale: scale, shift: shift, epsilon: epsilon)
      statistics.append(ChannelStatistics(mean: mean, variance: variance))
      return output
    case .calibrated(let table):
      precondition(
        position < table.statistics.count && table.statistics[position].mean.shape == [channels],
        "ForwardPass: the calibration is of another architecture: normalisation \(position) has \(channels) channels")
      let statistics = table.statistics[position]
      position += 1
      let factor = (statistics.variance + epsilon).rsqrt() * scale
      return x * factor + (shift - statistics.mean * factor)
    }
  }
}
