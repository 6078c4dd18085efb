import Tensors

extension Tensor {
  /// Grey images that come without an axis of channels, uint8 (samples, height, width), get one; everything else stays as it is.
  var withChannels: Tensor { rank == 3 && dtype == .uint8 ? expandingShape(at: 3) : self }
}

extension Dataset {
  /// A file that numbers more classes than this is taken for one whose labels are no classes, or for a damaged one.
  static let maximumClassCount = 100_000
}
