import Foundation

/// A network that cannot be made, or a step that its state does not allow.
public enum VanillaNetError: Error, Sendable, Hashable {
  /// Widths d0, d1, ... need one more entry than there are layers behind the stem.
  case layerCounts(widths: Int, strides: Int)
  /// A setting out of its range.
  case setting(name: String, value: String, allowed: String)
  /// An image of which nothing is left somewhere on the way.
  case imageSize(height: Int, width: Int, place: String)
  /// An image with another number of channels than the stem takes.
  case imageChannels(found: Int, expected: Int)
  /// The slope of the activations lies outside 0 ... 1.
  case slope(Double)
  /// Merging before the activations between the pairs have become the identity.
  case notLinear(slope: Double)
  /// The network is merged already.
  case alreadyDeployed
  /// The merged network says something else than the one it was made of.
  case mergeDiffers(largest: Double, tolerance: Double)
}

extension VanillaNetError: LocalizedError, CustomStringConvertible {
  public var description: String {
    switch self {
    case .layerCounts(let widths, let strides):
      "VanillaNet: \(widths) widths and \(strides) strides; expected one width for the stem and one for each stride"
    case .setting(let name, let value, let allowed): "VanillaNet: \(name) is \(value); expected \(allowed)"
    case .imageSize(let height, let width, let place):
      "VanillaNet: of an image of \(height) x \(width) nothing is left at \(place); give a larger image, a smaller stem or fewer strides"
    case .imageChannels(let found, let expected): "VanillaNet: an image with \(found) channels; expected \(expected)"
    case .slope(let slope): "VanillaNet: the slope lambda is \(slope); expected a number from 0 (ReLU) to 1 (identity)"
    case .notLinear(let slope):
      "VanillaNet: lambda is \(slope), so merging would change the outputs; train on until it is 1, or snap it to 1 and look at what is lost"
    case .alreadyDeployed: "VanillaNet: the network is merged already; nothing is left to merge"
    case .mergeDiffers(let largest, let tolerance):
      "VanillaNet: the merged network differs by \(largest) from the trained one; expected at most \(tolerance)"
    }
  }

  public var errorDescription: String? { description }
}
