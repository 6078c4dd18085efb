import Layers
import Tensors

/// A network that is trained in one form and then switched, once, to the other.
public struct SwitchableVanillaNet: Layer {
  /// nil after the switch.
  public private(set) var training: VanillaNet?
  /// nil before the switch.
  public private(set) var deployed: DeployedVanillaNet?

  public init(_ training: VanillaNet) { self.training = training }

  /// What a switch did.
  public struct Report: Sendable, Hashable, Codable {
    /// The largest |deployed - trained| over all logits of the images it was checked on.
    public let largestDifference: Double
    /// The largest |logit| of the trained network on them.
    public let largestLogit: Double
    public let parametersBefore: Int
    public let parametersAfter: Int
    /// lambda before the switch: below 1 where it was snapped.
    public let slope: Double
  }

  /// Merges the network and makes sure that it still says the same.
  /// - Parameters:
  ///   - images: (batch, height, width, channels), on which both forms are compared.
  ///   - tolerance: of |deployed - trained|, relative to the largest |logit|.
  ///   - snapsSlope: sets lambda to 1 where it is not there yet. That changes what the network computes; compare its accuracy before and after.
  /// - Throws: `alreadyDeployed`, `notLinear`, `mergeDiffers`, `imageSize`, `imageChannels`. Nothing is switched then.
  @discardableResult
  public mutating func switchToDeploy(
    checkedOn images: Tensor, tolerance: Double = 1e-4, snapsSlope: Bool = false
  ) throws(VanillaNetError) -> Report {
    guard let training else { throw .alreadyDeployed }
    try training.configuration.checkFits(height: images.shape[1], width: images.shape[2], channels: images.shape[3])
    let slope = training.currentSlope
    if snapsSlope { try training.setSlope(1) }
    let merged = try training.deployed()
    let (before, after) = withContext(.inference) { (training(images), merged(images)) }
    let difference = (after - before).abs().max()
    let largest = before.abs().max()
    evaluate(difference, largest)
    let report = Report(
      largestDifference: difference.scalar(as: Double.self), largestLogit: largest.scalar(as: Double.self),
      parametersBefore: training.parameterCount, parametersAfter: merged.parameterCount, slope: slope)
    guard report.largestDifference <= tolerance * report.largestLogit else {
      if snapsSlope { try training.setSlope(slope) }
      throw .mergeDiffers(largest: report.largestDifference, tolerance: tolerance * report.largestLogit)
    }
    self.training = nil
    deployed = merged
    return report
  }

  /// - Parameter images: (batch, height, width, channels).
  /// - Returns: a logit a class, (batch, classes).
  public func callAsFunction(_ images: Tensor) -> Tensor {
    if let deployed { return deployed(images) }
    return training!(images)
  }
}
