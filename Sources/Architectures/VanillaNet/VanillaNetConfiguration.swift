import Layers

/// What a VanillaNet looks like.
public struct VanillaNetConfiguration: Sendable, Hashable, Codable {
  /// How the products of a layer are trained.
  public enum Layout: String, Sendable, Hashable, Codable, CaseIterable {
    /// As two convolutions with batch normalisation and an activation between them that fades to the identity (section 3.2).
    case deep
    /// As one convolution with batch normalisation: the same network without deep training.
    case shallow
    /// As one convolution with bias: what `collapsed()` makes of a deep network, to be trained on.
    case merged
  }

  /// Channels of an image.
  public var channels: Int
  public var classes: Int
  /// d0, d1, ...: channels after the stem and after each layer.
  public var widths: [Int]
  /// Of each layer: the extent of its max pooling; 1 pools nothing.
  public var strides: [Int]
  /// Extent of the stem's kernel along both axes.
  public var stemKernel: Int
  public var stemStride: Int
  /// Zeros on each side of the image.
  public var stemPadding: Int
  /// Side of the map after each layer with a stride above 1, by adaptive max pooling; nil pools windows of the stride.
  public var adaptiveExtents: [Int]?
  /// n: the series activation mixes (2n + 1)^2 neighbours.
  public var seriesTerms: Int
  public var seriesForm: SeriesActivation.Form
  public var layout: Layout
  /// Probability of dropping a feature before the head.
  public var dropout: Double
  /// Added to variances; 1e-6 in the published networks.
  public var epsilon: Double
  /// Share of a new batch in the running statistics.
  public var momentum: Double

  public init(
    channels: Int = 3, classes: Int, widths: [Int], strides: [Int], stemKernel: Int = 4, stemStride: Int? = nil, stemPadding: Int = 0,
    adaptiveExtents: [Int]? = nil, seriesTerms: Int = 3, seriesForm: SeriesActivation.Form = .normalized, layout: Layout = .deep,
    dropout: Double = 0, epsilon: Double = 1e-6, momentum: Double = 0.1
  ) {
    self.channels = channels
    self.classes = classes
    self.widths = widths
    self.strides = strides
    self.stemKernel = stemKernel
    self.stemStride = stemStride ?? stemKernel
    self.stemPadding = stemPadding
    self.adaptiveExtents = adaptiveExtents
    self.seriesTerms = seriesTerms
    self.seriesForm = seriesForm
    self.layout = layout
    self.dropout = dropout
    self.epsilon = epsilon
    self.momentum = momentum
  }

  /// Depth in layers: the stem, those behind it, and the head.
  public var depth: Int { strides.count + 2 }

  /// - Throws: `layerCounts` and `setting`.
  public func check() throws(VanillaNetError) {
    guard widths.count == strides.count + 1 else { throw .layerCounts(widths: widths.count, strides: strides.count) }
    func require(_ name: String, _ value: some Any, _ isAllowed: Bool, _ allowed: String) throws(VanillaNetError) {
      if !isAllowed { throw .setting(name: name, value: "\(value)", allowed: allowed) }
    }
    try require("the number of channels of an image", channels, channels >= 1, "at least 1")
    try require("the number of classes", classes, classes >= 1, "at least 1")
    try require("the list of widths", widths, widths.allSatisfy { $0 >= 1 }, "numbers of at least 1")
    try require("the list of strides", strides, strides.allSatisfy { $0 >= 1 }, "numbers of at least 1")
    try require("the extent of the stem's kernel", stemKernel, stemKernel >= 1, "at least 1")
    try require("the stride of the stem", stemStride, stemStride >= 1, "at least 1")
    try require("the padding of the stem", stemPadding, stemPadding >= 0, "at least 0")
    try require("the number n of the series activation", seriesTerms, seriesTerms >= 0, "at least 0")
    try require("the probability of dropping", dropout, dropout >= 0 && dropout < 1, "from 0 to below 1")
    try require("epsilon", epsilon, epsilon > 0, "above 0")
    try require("momentum", momentum, momentum > 0 && momentum <= 1, "above 0 and at most 1")
    if let extents = adaptiveExtents {
      let pools = strides.count { $0 > 1 }
      try require(
        "the list of adaptive extents", extents, extents.count == pools && extents.allSatisfy { $0 >= 1 },
        "one number of at least 1 for each of \(pools) layers with a stride above 1")
    }
  }

  /// Height and width of the map after the stem and after each layer, for images of the given size.
  /// - Throws: `imageSize` where nothing is left.
  public func mapExtents(height: Int, width: Int) throws(VanillaNetError) -> [(height: Int, width: Int)] {
    func left(_ extents: (height: Int, width: Int), _ place: String) throws(VanillaNetError) -> (height: Int, width: Int) {
      guard extents.height >= 1, extents.width >= 1 else { throw .imageSize(height: height, width: width, place: place) }
      return extents
    }
    func stemExtent(_ extent: Int) -> Int {
      let room = extent + 2 * stemPadding - stemKernel
      return room < 0 ? 0 : room / stemStride + 1
    }
    var map = try left((stemExtent(height), stemExtent(width)), "the stem of \(stemKernel) x \(stemKernel)")
    var maps = [map]
    var pools = 0
    for (index, stride) in strides.enumerated() {
      if stride > 1 {
        if let adaptiveExtents {
          map = (adaptiveExtents[pools], adaptiveExtents[pools])
        } else {
          map = try left((map.height / stride, map.width / stride), "the pooling of layer \(index + 1)")
        }
        pools += 1
      }
      maps.append(map)
    }
    return maps
  }
}

// MARK: - Published networks

extension VanillaNetConfiguration {
  /// The depths for which there is a published network.
  public static let publishedDepths = 5...13

  /// VanillaNet-5 ... VanillaNet-13 for images of 224 x 224 (table 1 of the paper).
  /// - Parameters:
  ///   - depth: 5 ... 13.
  ///   - scale: multiplies all widths; 1.5 in VanillaNet-13-1.5x.
  ///   - isAdaptive: the variant with a stem of stride 3 and adaptive max pooling to 38, 19 and 10.
  /// - Throws: `setting` for a depth that there is not, or a scale that leaves no channels.
  public static func published(
    depth: Int, classes: Int = 1000, scale: Double = 1, isAdaptive: Bool = false, seriesTerms: Int = 3, layout: Layout = .deep,
    dropout: Double = 0.05
  ) throws(VanillaNetError) -> VanillaNetConfiguration {
    guard publishedDepths.contains(depth) else {
      throw .setting(name: "the depth", value: "\(depth)", allowed: "from 5 to 13, the published ones")
    }
    guard scale.isFinite, scale > 0, scale <= 64 else {
      throw .setting(name: "the scale of the widths", value: "\(scale)", allowed: "above 0 and at most 64")
    }
    let widths: [Int]
    let strides: [Int]
    switch depth {
    case 5: (widths, strides) = ([512, 1024, 2048, 4096], [2, 2, 2])
    case 6: (widths, strides) = ([512, 1024, 2048, 4096, 4096], [2, 2, 2, 1])
    case 7: (widths, strides) = ([512, 512, 1024, 2048, 4096, 4096], [1, 2, 2, 2, 1])
    default:
      let middle = depth - 6
      widths = [512, 512, 1024] + Array(repeating: 2048, count: middle) + [4096, 4096]
      strides = [1, 2, 2] + Array(repeating: 1, count: middle - 1) + [2, 1]
    }
    let configuration = VanillaNetConfiguration(
      classes: classes, widths: widths.map { max(1, Int((Double($0) * scale).rounded())) }, strides: strides,
      stemStride: isAdaptive ? 3 : 4, stemPadding: isAdaptive ? 1 : 0, adaptiveExtents: isAdaptive ? [38, 19, 10] : nil,
      seriesTerms: seriesTerms, layout: layout, dropout: dropout)
    try configuration.check()
    return configuration
  }

  /// A network for images of a few dozen pixels: a stem of 2 x 2 (or another) and widths 48, 48, 96, 192. Ours.
  public static func mini(
    channels: Int = 3, classes: Int = 10, stemKernel: Int = 2, seriesTerms: Int = 1, layout: Layout = .deep, dropout: Double = 0
  ) -> VanillaNetConfiguration {
    VanillaNetConfiguration(
      channels: channels, classes: classes, widths: [48, 48, 96, 192], strides: [1, 2, 2], stemKernel: stemKernel,
      seriesTerms: seriesTerms, layout: layout, dropout: dropout)
  }
}
