import Architectures
import Layers
import Tensors

/// Rows for the methods of the room Architectures, each beside its baseline.
extension Benchmarks {
  static let architectures: [Benchmark] = [
    Benchmark("vanillanet-deep", "a step of the small VanillaNet with deep training, n = 1, 64 x 20 x 20 x 3, AdamW") {
      vanillaStep(.mini(seriesTerms: 1, layout: .deep))
    },
    Benchmark("vanillanet-shallow", "the same as one convolution a layer") { vanillaStep(.mini(seriesTerms: 1, layout: .shallow)) },
    Benchmark("vanillanet-resnet8", "a step of a ResNet-8 with as many multiply-adds, 64 x 20 x 20 x 3, AdamW") { residualStep() },
    Benchmark("vanillanet-graph-1", "inference of the deep graph with lambda = 1, one image") { vanillaInference(isMerged: false) },
    Benchmark("vanillanet-merged-1", "inference of the merged network, one image") { vanillaInference(isMerged: true) },
    Benchmark("deeponet", "a step on 1,000 rows, m = 100, branch and trunk 40, 40, Adam") {
      operatorStep { try DeepONet(.init(sensors: 100), random: &$0) }
    },
    Benchmark("deeponet-stacked", "the same, stacked") { operatorStep { try DeepONet(.init(sensors: 100, form: .stacked), random: &$0) } },
    Benchmark("deeponet-fnn", "a step of the fully connected network 101, 100, 100, 1 on the same rows") {
      operatorStep { ConcatenatingNetwork(sensors: 100, queryDimension: 1, random: &$0) }
    },
  ]

  private static func made<Network>(_ make: (inout RandomStream) throws -> Network) -> Network {
    var random = RandomStream(seed: 0)
    do { return try make(&random) } catch { preconditionFailure("benchmark: \(error)") }
  }

  private static func vanillaStep(_ configuration: VanillaNetConfiguration) -> () -> Float {
    imageStep(made { try VanillaNet(configuration, random: &$0) })
  }

  private static func residualStep() -> () -> Float {
    let configuration = made { _ in
      ResidualClassifier.Configuration().matching(
        multiplyAdds: try VanillaNetConfiguration.mini().deployedMultiplyAdds(height: 20, width: 20), height: 20, width: 20)
    }
    return imageStep(made { ResidualClassifier(configuration, random: &$0) })
  }

  private static func imageStep(_ network: some Layer) -> () -> Float {
    var random = RandomStream(seed: 1)
    let images = Tensor.normal([64, 20, 20, 3], key: random.next())
    let labels = Tensor.integers([64], in: 0..<10, key: random.next())
    evaluate([images, labels] + network.namedParameters.map(\.parameter.value))
    let optimizer = AdamW(network.groupsDecayingMatricesOnly(), learningRate: 5e-3, weightDecay: 0.05)
    return { withContext(.training) { optimizer.minimize(crossEntropy(network(images), labels: labels)).scalar() } }
  }

  private static func vanillaInference(isMerged: Bool) -> () -> Float {
    let network = made { try VanillaNet(.mini(seriesTerms: 1), random: &$0) }
    let layer: any Layer = made { _ in
      try network.setSlope(1)
      return isMerged ? try network.deployed() : network
    }
    var random = RandomStream(seed: 1)
    let image = Tensor.normal([1, 20, 20, 3], key: random.next())
    evaluate([image] + layer.namedParameters.map(\.parameter.value))
    return { layer(image).withBytes { $0.loadUnaligned(as: Float.self) } }
  }

  private static func operatorStep(_ make: (inout RandomStream) throws -> some OperatorNetwork) -> () -> Float {
    let network = made(make)
    var random = RandomStream(seed: 1)
    let functions = Tensor.normal([1000, 100], key: random.next())
    let places = Tensor.uniform([1000, 1], key: random.next())
    let values = Tensor.normal([1000, 1], key: random.next())
    evaluate([functions, places, values] + network.parameters.map(\.value))
    let optimizer = Adam(network.parameters, learningRate: 1e-3)
    return { optimizer.minimize(meanSquaredError(network(functions, at: places), targets: values)).scalar() }
  }
}
