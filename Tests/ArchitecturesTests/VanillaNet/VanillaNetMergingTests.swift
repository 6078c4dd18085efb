import Architectures
import Layers
import Tensors
import Testing

@Suite("VanillaNet: the merged network is the trained one") struct VanillaNetMergingTests {
  @Test(arguments: VanillaNetConfiguration.publishedDepths) func `every published depth, with odd images, n and pooling`(depth: Int) throws
  {
    for isAdaptive in [false, true] {
      let terms = isAdaptive ? (depth + 2) % 5 : depth % 5
      let configuration = try VanillaNetFixtures.narrow(depth: depth, seriesTerms: terms, isAdaptive: isAdaptive)
      let network = try VanillaNetFixtures.trained(configuration, seed: depth)
      try network.setSlope(1)
      let images = VanillaNetFixtures.images([2, 45, 39, 3])
      let (trained, merged) = (network(images), try network.deployed()(images))
      evaluate(trained, merged)
      #expect(
        largestDifference(trained, merged) <= 1e-10 * max(1, trained.abs().max().scalar(as: Double.self)),
        "depth \(depth), n = \(terms), adaptive: \(isAdaptive)")

      let single = try VanillaNetFixtures.trained(configuration, seed: depth, dtype: .float32)
      try single.setSlope(1)
      let (trained32, merged32) = (single(images.cast(to: .float32)), try single.deployed()(images.cast(to: .float32)))
      evaluate(trained32, merged32)
      #expect(largestDifference(trained32, merged32) <= 1e-4 * trained32.abs().max().scalar(as: Double.self), "depth \(depth), float32")
    }
  }

  @Test(arguments: 0...4) func `every n, in both forms of the series`(terms: Int) throws {
    for form in SeriesActivation.Form.allCases {
      var configuration = VanillaNetConfiguration.mini(stemKernel: 3, seriesTerms: terms)
      configuration.widths = [5, 4, 6, 7]
      configuration.seriesForm = form
      configuration.stemStride = 2
      configuration.stemPadding = 1
      let network = try VanillaNetFixtures.trained(configuration, seed: 40 + terms)
      try network.setSlope(1)
      let images = VanillaNetFixtures.images([3, 21, 17, 3])
      #expect(largestDifference(network(images), try network.deployed()(images)) <= 1e-10, "\(form)")
    }
  }

  @Test(arguments: VanillaNetConfiguration.Layout.allCases) func `networks without pairs merge too`(layout: VanillaNetConfiguration.Layout)
    throws
  {
    var configuration = VanillaNetConfiguration.mini(layout: layout)
    configuration.widths = [4, 4, 5, 6]
    let network = try VanillaNetFixtures.trained(configuration)
    try network.setSlope(1)
    let images = VanillaNetFixtures.images([2, 20, 20, 3])
    #expect(largestDifference(network(images), try network.deployed()(images)) <= 1e-10)
  }

  @Test func `a collapsed network computes the same and can be trained on`() throws {
    var configuration = VanillaNetConfiguration.mini()
    configuration.widths = [4, 4, 5, 6]
    let network = try VanillaNetFixtures.trained(configuration)
    try network.setSlope(1)
    let collapsed = try network.collapsed()
    collapsed.convert(to: .float64)
    let images = VanillaNetFixtures.images([4, 20, 20, 3])
    #expect(collapsed.configuration.layout == .merged && collapsed.parameterCount < network.parameterCount)
    #expect(largestDifference(network(images), collapsed(images)) < 1e-6, "kept in single precision while it is made")
    let optimizer = SGD(collapsed.parameters, learningRate: 0.01)
    let labels = Tensor([Int64(0), 1, 2, 3])
    let losses = (0..<20).map { _ in
      withContext(.training) { optimizer.minimize(crossEntropy(collapsed(images), labels: labels)).scalar(as: Double.self) }
    }
    #expect(losses.last! < losses.first!)
    #expect(largestDifference(collapsed(images), try collapsed.deployed()(images)) <= 1e-10)
  }

  @Test func `lambda below 1 cannot be merged, and a merged network not again`() throws {
    var configuration = VanillaNetConfiguration.mini()
    configuration.widths = [4, 4, 5, 6]
    let network = try VanillaNetFixtures.trained(configuration)
    let images = VanillaNetFixtures.images([2, 20, 20, 3])
    try network.setSlope(0.999)
    #expect(throws: VanillaNetError.notLinear(slope: 0.999)) { _ = try network.deployed() }
    #expect(throws: VanillaNetError.notLinear(slope: 0.999)) { _ = try network.collapsed() }
    var switchable = SwitchableVanillaNet(network)
    #expect(throws: VanillaNetError.notLinear(slope: 0.999)) { try switchable.switchToDeploy(checkedOn: images) }
    #expect(switchable.training != nil && switchable.deployed == nil)

    let report = try switchable.switchToDeploy(checkedOn: images, snapsSlope: true)
    #expect(report.slope == 0.999 && report.parametersAfter < report.parametersBefore && report.largestDifference < 1e-10)
    #expect(switchable.training == nil)
    #expect(throws: VanillaNetError.alreadyDeployed) { try switchable.switchToDeploy(checkedOn: images) }
    #expect(switchable(images).shape == [2, 10])
  }

  @Test func `lambda between its ends`() throws {
    var configuration = VanillaNetConfiguration.mini()
    configuration.widths = [4, 4, 5, 6]
    let network = try VanillaNetFixtures.trained(configuration)
    let x = VanillaNetFixtures.images([2, 6, 6, 3])
    let pair = network.stem.convolution
    func output(_ slope: Double, _ activation: (Tensor) -> Tensor) throws -> Double {
      try network.setSlope(slope)
      let byHand = pair.secondNorm!(pair.second!(activation(pair.firstNorm!(pair.first(x)))))
      return largestDifference(pair(x), byHand)
    }
    #expect(try output(0) { $0.relu() } == 0)
    #expect(try output(1) { $0 } == 0)
    // A'(z) = (1 - lambda) A(z) + lambda z.
    #expect(try output(0.35) { $0.relu() * 0.65 + $0 * 0.35 } < 1e-12)
  }

  @Test func `pooling comes before the activation`() throws {
    var configuration = VanillaNetConfiguration.mini()
    configuration.widths = [4, 4, 5, 6]
    let network = try VanillaNetFixtures.trained(configuration)
    let stage = network.stages[1]
    let x = VanillaNetFixtures.images([1, 9, 8, 4])
    let right = stage.activation(stage.convolution(x).maxPooled(window: [2, 2]))
    let wrong = stage.activation(stage.convolution(x)).maxPooled(window: [2, 2])
    #expect(largestDifference(stage(x), right) == 0 && largestDifference(stage(x), wrong) > 1e-3)
    #expect(stage(x).shape == [1, 4, 4, 5])
  }
}
