import Layers
import Search
import Tensors
import TestSupport
import Testing

/// The identities that every system on a supernet stands on.
@Suite struct SupernetIdentityTests {
  static let spaces: [(String, SupernetConfiguration, Int)] = [
    ("five blocks", .fiveBlocks(), 20), ("elastic widths and squeezes", SearchFixtures.wide, 20),
    ("bottlenecks", SearchFixtures.bottlenecks, 8),
  ]

  /// In double precision, where nothing but a mistake can make a difference; and in single precision.
  static let precisions: [(DType, Double)] = [(.float64, 1e-12), (.float32, 1e-6)]

  @Test(arguments: spaces) func `a network cut out computes what its slices do`(
    _ name: String, _ configuration: SupernetConfiguration, _ count: Int
  ) throws {
    for (dtype, tolerance) in Self.precisions {
      let supernet = try SearchFixtures.supernet(configuration, dtype: dtype)
      let images = SearchFixtures.images(6, dtype: dtype)
      var random = TestRandom(seed: 1)
      for _ in 0..<count {
        let architecture = supernet.space.sample(using: &random)
        let table = supernet.calibration(architecture, batches: [images])
        let plain = supernet.materialized(architecture, table)
        let sliced = supernet(images, architecture, ForwardPass(.calibrated(table)))
        let difference = SearchFixtures.difference(plain(images), sliced)
        #expect(difference < tolerance, "\(name), calibrated, \(dtype): \(architecture)")
        // Folding normalisations into convolutions rounds otherwise.
        #expect(SearchFixtures.difference(plain.folded()(images), sliced) < 20 * tolerance, "\(name), folded, \(dtype): \(architecture)")
        #expect(plain.parameterCount == supernet.design.subnet(architecture).parameterCount, "\(name): \(architecture)")
        let shapes = withContext(.inference) { plain(images) }.shape
        #expect(shapes == [6, 10])
      }
    }
  }

  @Test(arguments: spaces) func `a network cut out trains by the same batch statistics`(
    _ name: String, _ configuration: SupernetConfiguration, _ count: Int
  ) throws {
    var configuration = configuration
    configuration.head.dropout = 0
    for (dtype, tolerance) in Self.precisions {
      let supernet = try SearchFixtures.supernet(configuration, dtype: dtype)
      let images = SearchFixtures.images(6, dtype: dtype)
      var random = TestRandom(seed: 2)
      for _ in 0..<5 {
        let architecture = supernet.space.sample(using: &random)
        let plain = supernet.materialized(architecture)
        let output = withContext(.training, random: RandomStream(seed: 1)) { plain(images) }
        let difference = SearchFixtures.difference(output, supernet(images, architecture))
        #expect(difference < tolerance, "\(name), \(dtype): \(architecture)")
      }
    }
  }

  @Test func `the order of middle channels does not matter to the largest network`() throws {
    for configuration in [SupernetConfiguration.fiveBlocks(), SearchFixtures.wide, SearchFixtures.bottlenecks] {
      let supernet = try SearchFixtures.supernet(configuration)
      let images = SearchFixtures.images(6)
      let before = supernet(images, supernet.space.maximum)
      evaluate(before)
      let orders = supernet.sortChannels()
      #expect(orders.allSatisfy { $0.order.sorted() == Array($0.order.indices) } && orders.contains { $0.order != Array($0.order.indices) })
      #expect(SearchFixtures.difference(supernet(images, supernet.space.maximum), before) < 1e-5)
    }
  }

  @Test(arguments: [SupernetConfiguration.fiveBlocks(), SearchFixtures.maskable])
  func `masks of a one-hot choice are the slice`(_ configuration: SupernetConfiguration) throws {
    for (dtype, tolerance) in Self.precisions {
      let supernet = try SearchFixtures.supernet(configuration, dtype: dtype)
      let images = SearchFixtures.images(5, dtype: dtype)
      var random = TestRandom(seed: 3)
      for _ in 0..<20 {
        let architecture = supernet.space.sample(using: &random)
        var soft: [String: Tensor] = [:]
        for (index, gene) in supernet.space.genes.enumerated() where gene.kind == .kernel || gene.kind == .expand {
          soft[gene.id] = Tensor(gene.candidates.indices.map { $0 == architecture.choices[index] ? Float(1) : 0 }).cast(to: dtype)
        }
        let masked = supernet(images, architecture, ForwardPass(softChoices: soft))
        let difference = SearchFixtures.difference(masked, supernet(images, architecture))
        #expect(difference < tolerance, "\(dtype): \(architecture)")
      }
    }
  }

  @Test func `gradients of two networks add up, and are zero outside their slices`() throws {
    let supernet = try SearchFixtures.supernet(dtype: .float64)
    let images = SearchFixtures.images(4, dtype: .float64)
    let parameters = supernet.parameters
    var random = TestRandom(seed: 5)
    let architectures = [supernet.space.minimum, supernet.space.sample(using: &random)]
    func loss(_ architecture: Architecture, _ pass: ForwardPass) -> Tensor { supernet(images, architecture, pass).square().sum() }
    let passes = architectures.map { _ in ForwardPass() }
    let separate = zip(architectures, passes).map { loss($0, $1).gradients(withRespectTo: parameters.map(\.value)) }
    let together = (loss(architectures[0], ForwardPass()) + loss(architectures[1], ForwardPass())).gradients(
      withRespectTo: parameters.map(\.value))
    for (index, parameter) in parameters.enumerated() {
      let sum = (separate[0][index] + separate[1][index]).array(of: Double.self)
      let whole = together[index].array(of: Double.self)
      let scale = max(whole.map(abs).max()!, 1e-9)
      #expect(zip(sum, whole).allSatisfy { abs($0 - $1) <= 1e-9 * scale })
      for (gradients, pass) in zip(separate, passes) {
        var inside = Tensor.zeros(parameter.shape, dtype: .float64)
        for slice in pass.slices where slice.parameter === parameter { inside = inside.maximum(slice.indicator) }
        let mask = inside.array(of: Double.self)
        #expect(zip(gradients[index].array(of: Double.self), mask).allSatisfy { $1 == 1 || $0 == 0 })
      }
    }
  }

  @Test func `smaller kernels follow from larger ones through the matrices`() throws {
    let configuration = ElasticConvolution.Configuration(
      inputs: 4, outputs: 4, kernels: [3, 5, 7], isDepthwise: true, hasKernelTransforms: true)
    var random = RandomStream(seed: 1)
    let layer = ElasticConvolution(configuration, random: &random)
    func filter(_ side: Int) -> [Float] { layer.filter(side: side, outputs: 4, inputs: 4, ForwardPass()).array(of: Float.self) }
    let crop = layer.weight.value[0..<4, 2..<5, 2..<5]
    #expect(filter(3) == crop.array(of: Float.self), "identity matrices leave the crop")
    let before = [3, 5, 7].map(filter)
    let toThree = layer.kernelTransforms[1]
    toThree.assign(toThree.value + Tensor.normal([9, 9], key: random.next()))
    let afterThree = [3, 5, 7].map(filter)
    #expect(afterThree[0] != before[0] && afterThree[1] == before[1] && afterThree[2] == before[2])
    let toFive = layer.kernelTransforms[0]
    toFive.assign(toFive.value + Tensor.normal([25, 25], key: random.next()))
    let afterFive = [3, 5, 7].map(filter)
    #expect(afterFive[0] != afterThree[0] && afterFive[1] != afterThree[1] && afterFive[2] == before[2])
  }
}

extension SearchFixtures {
  /// Squeezes and elastic expansions.
  static let maskable = SupernetConfiguration(
    inputChannels: 1, classCount: 10, resolutions: [16, 20], stem: .init(widths: [8], activation: .hardSwish),
    stages: [
      .init(
        "A", widths: [8], depths: [1, 2], kernels: [3, 5], expansions: [2, 3, 4], stride: 2, activation: .hardSwish, hasSqueeze: true),
      .init("B", widths: [16], depths: [2], kernels: [3, 5], expansions: [3, 6], stride: 2, activation: .silu, hasSqueeze: true),
    ], head: .init(widths: [24], activation: .hardSwish), hasKernelTransforms: true)
}
