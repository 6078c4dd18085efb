import Foundation
import Layers

/// Exponential decay that stops at a share of the peak (Yu et al., 2020, section 3.2): the biggest network converges early and would overfit, the small
/// ones go on learning at the constant rate.
///
/// The rate rises linearly from 0 during warm-up, whose floor is 0; then it is max(peak * factor^(e / interval), floor * peak), e being epochs since
/// warm-up, whole and fractional.
public struct ConstantEndingSchedule: LearningRateSchedule, Codable, Hashable {
  public var peak: Double
  public var stepsPerEpoch: Int
  public var warmUpEpochs: Double
  public var factor: Double
  /// Epochs in which the rate falls by the factor.
  public var interval: Double
  /// Share of the peak that the rate never falls below after warm-up.
  public var floor: Double

  public init(
    peak: Double, stepsPerEpoch: Int, warmUpEpochs: Double = 5, factor: Double = 0.97, interval: Double = 2.4, floor: Double = 0.05
  ) {
    precondition(
      peak > 0 && stepsPerEpoch >= 1 && warmUpEpochs >= 0 && factor > 0 && factor <= 1 && interval > 0 && (0...1).contains(floor),
      "ConstantEndingSchedule: peak \(peak), \(stepsPerEpoch) steps an epoch, warm-up \(warmUpEpochs), factor \(factor), floor \(floor)")
    self.peak = peak
    self.stepsPerEpoch = stepsPerEpoch
    self.warmUpEpochs = warmUpEpochs
    self.factor = factor
    self.interval = interval
    self.floor = floor
  }

  /// The same shape over a run of so many epochs: exp(-3.5 t / T), the floor reached at 86 % of it.
  public static func compressed(peak: Double, stepsPerEpoch: Int, epochs: Int, warmUpEpochs: Double, floor: Double = 0.05) -> Self {
    Self(
      peak: peak, stepsPerEpoch: stepsPerEpoch, warmUpEpochs: warmUpEpochs, factor: exp(-3.5),
      interval: max(1e-9, Double(epochs) - warmUpEpochs), floor: floor)
  }

  public func rate(at step: Int) -> Double {
    let epoch = Double(step) / Double(stepsPerEpoch)
    if epoch < warmUpEpochs { return peak * epoch / warmUpEpochs }
    return max(peak * pow(factor, (epoch - warmUpEpochs) / interval), floor * peak)
  }
}
