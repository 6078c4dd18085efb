import Layers
import Search
import Tensors
import TestSupport

/// Small supernets and pictures that the tests of the search share.
enum SearchFixtures {
  static func design(_ configuration: SupernetConfiguration = .fiveBlocks()) throws -> SupernetDesign { try SupernetDesign(configuration) }

  /// A supernet whose scales, shifts and kernel transforms are not at their starts, so that every one of them matters.
  static func supernet(_ configuration: SupernetConfiguration = .fiveBlocks(), seed: Int = 3, dtype: DType = .float32) throws -> Supernet {
    var random = RandomStream(seed: seed)
    let supernet = Supernet(try SupernetDesign(configuration), random: &random)
    for named in supernet.namedParameters where !named.name.hasSuffix("weight") {
      named.parameter.assign(named.parameter.value + Tensor.normal(named.parameter.shape, key: random.next(), standardDeviation: 0.1))
    }
    supernet.materialize()
    supernet.convert(to: dtype)
    return supernet
  }

  static func images(_ count: Int, side: Int = 28, channels: Int = 1, seed: Int = 9, dtype: DType = .float32) -> Tensor {
    var random = RandomStream(seed: seed)
    let images = Tensor.normal([count, side, side, channels], key: random.next(), dtype: dtype)
    evaluate(images)
    return images
  }

  static func labels(_ count: Int, classes: Int = 10) -> Tensor { Tensor((0..<count).map { Int64($0 * 7 % classes) }) }

  /// A space with squeezes, elastic stage widths and projected shortcuts.
  static let wide = SupernetConfiguration.fiveBlocksWide(hasSqueeze: true)

  /// A bottleneck network, small.
  static let bottlenecks = SupernetConfiguration(
    inputChannels: 1, classCount: 10, resolutions: [16, 24],
    stem: .init(widths: [8, 16], innerWidths: [8, 8], stride: 2, activation: .relu),
    stages: [
      .init(
        "1", kind: .bottleneck, widths: [16, 32], depths: [1, 2], kernels: [3], expansions: [0.25, 0.5], stride: 1, activation: .relu,
        shortcut: .normalizedProjection),
      .init(
        "2", kind: .bottleneck, widths: [32, 48], depths: [1, 2], kernels: [3], expansions: [0.25, 0.5], stride: 2, activation: .relu,
        shortcut: .normalizedProjection),
    ], head: .init())

  static func difference(_ a: Tensor, _ b: Tensor) -> Double {
    let (x, y) = (a.cast(to: .float64).array(of: Double.self), b.cast(to: .float64).array(of: Double.self))
    let size = max(y.map(abs).max() ?? 0, 1e-12)
    return zip(x, y).map { abs($0 - $1) }.max()! / size
  }
}
