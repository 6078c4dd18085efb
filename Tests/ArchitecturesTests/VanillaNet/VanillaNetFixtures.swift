import Architectures
import Layers
import Tensors

/// Small networks in double precision that the tests share.
enum VanillaNetFixtures {
  /// A network whose statistics, scales and shifts are random, as after training.
  static func trained(
    _ configuration: VanillaNetConfiguration, seed: Int = 1, dtype: DType = .float64
  ) throws -> VanillaNet {
    var random = RandomStream(seed: seed)
    let network = try VanillaNet(configuration, random: &random)
    for (name, parameter) in network.namedParameters.map({ ($0.name, $0.parameter) }) where name != "slope" {
      let shape = parameter.shape
      let isVariance = name.hasSuffix("runningVariance")
      if isVariance {
        // From small to large: a wrong epsilon would show.
        parameter.assign(Tensor.uniform(shape, key: random.next(), from: 1e-3, to: 2))
      } else if name.contains("orm.weight") {
        parameter.assign(Tensor.uniform(shape, key: random.next(), from: 0.5, to: 1.5))
      } else {
        let fans = max(1, shape.elementCount / shape[0])
        parameter.assign(
          Tensor.normal(shape, key: random.next(), standardDeviation: shape.rank > 1 ? (1 / Double(fans)).squareRoot() : 0.3))
      }
    }
    network.convert(to: dtype)
    network.materialize()
    return network
  }

  static func images(_ shape: Shape, seed: Int = 3, dtype: DType = .float64) -> Tensor {
    var random = RandomStream(seed: seed)
    let images = Tensor.normal(shape, key: random.next(), dtype: dtype)
    evaluate(images)
    return images
  }

  /// The published depths with a few channels, for small images.
  static func narrow(depth: Int, seriesTerms: Int, isAdaptive: Bool) throws -> VanillaNetConfiguration {
    var configuration = try VanillaNetConfiguration.published(
      depth: depth, classes: 5, scale: 1.0 / 128, isAdaptive: isAdaptive, seriesTerms: seriesTerms, dropout: 0)
    if isAdaptive { configuration.adaptiveExtents = [7, 4, 3] }
    return configuration
  }
}

func largestDifference(_ a: Tensor, _ b: Tensor) -> Double { (a - b).abs().max().scalar(as: Double.self) }
