import Layers

extension VanillaNetConfiguration {
  /// Weights of the merged network: those of the stem, dim x dimOut + dimOut + dimOut ((2n + 1)^2 + 1) of each layer, and those of the head.
  public var deployedParameterCount: Int {
    let taps = seriesTaps
    let seriesBias = seriesForm == .normalized ? 1 : 0
    func activation(_ channels: Int) -> Int { channels * (taps + seriesBias) }
    let stem = channels * stemKernel * stemKernel * widths[0] + widths[0] + activation(widths[0])
    let layers = zip(widths, widths.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 + $1.1 + activation($1.1) }
    return stem + layers + widths.last! * classes + classes
  }

  /// Multiply-adds of the merged network for one image.
  /// - Throws: `imageSize` where nothing is left of an image.
  public func deployedMultiplyAdds(height: Int, width: Int) throws(VanillaNetError) -> Int {
    let maps = try mapExtents(height: height, width: width).map { $0.height * $0.width }
    var total = maps[0] * widths[0] * (channels * stemKernel * stemKernel + seriesTaps)
    for layer in strides.indices {
      // The product comes before the pooling, the series activation after it.
      total += maps[layer] * widths[layer] * widths[layer + 1] + maps[layer + 1] * widths[layer + 1] * seriesTaps
    }
    return total + widths.last! * classes
  }

  /// Multiply-adds of the deep form for one image, in inference.
  /// - Throws: `imageSize` where nothing is left of an image.
  public func trainingMultiplyAdds(height: Int, width: Int) throws(VanillaNetError) -> Int {
    let merged = try deployedMultiplyAdds(height: height, width: width)
    guard layout == .deep else { return merged }
    let maps = try mapExtents(height: height, width: width).map { $0.height * $0.width }
    var extra = maps[0] * widths[0] * widths[0] + classes * classes
    for layer in strides.indices { extra += maps[layer] * widths[layer] * widths[layer] }
    return merged + extra
  }

  var seriesTaps: Int { (2 * seriesTerms + 1) * (2 * seriesTerms + 1) }
}
