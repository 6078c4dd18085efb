import Architectures
import Layers
import Tensors
import Testing

@Suite("VanillaNet: derivatives, state and training") struct VanillaNetTrainingTests {
  private func network(_ change: (inout VanillaNetConfiguration) -> Void = { _ in }) throws -> VanillaNet {
    var configuration = VanillaNetConfiguration.mini(classes: 3)
    configuration.widths = [3, 3, 4, 4]
    change(&configuration)
    return try VanillaNetFixtures.trained(configuration)
  }

  @Test(arguments: [0, 0.35, 1]) func `derivatives are those of central differences`(slope: Double) throws {
    for form in SeriesActivation.Form.allCases {
      let network = try network { $0.seriesForm = form }
      try network.setSlope(slope)
      let images = VanillaNetFixtures.images([3, 9, 8, 3])
      let labels = Tensor([Int64(0), 2, 1])
      func loss() -> Tensor { withContext(.training) { crossEntropy(network(images), labels: labels) } }
      let parameters = network.trainableParameters
      let gradients = loss().gradients(withRespectTo: parameters.map(\.value))
      evaluate(gradients)
      for (parameter, gradient) in zip(parameters, gradients) {
        let values = parameter.value.array(of: Double.self)
        let slope = gradient.array(of: Double.self)
        // One element of each tensor in turn, the middle one: every operation is on the way to it.
        let index = values.count / 2
        func value(_ shift: Double) -> Double {
          var moved = values
          moved[index] += shift
          parameter.assign(Tensor(moved, shape: parameter.shape))
          return loss().scalar(as: Double.self)
        }
        let numeric = (value(1e-6) - value(-1e-6)) / 2e-6
        parameter.assign(Tensor(values, shape: parameter.shape))
        #expect(abs(slope[index] - numeric) < 1e-5 * max(1e-2, abs(numeric)) + 1e-8, "\(form), lambda \(slope)")
      }
    }
  }

  @Test func `lambda is saved with the weights and checked after loading`() throws {
    let network = try network()
    try network.setSlope(0.5)
    let state = network.state()
    #expect(state["slope"]?.array(of: Double.self) == [0.5])
    let other = try self.network()
    try other.load(state)
    #expect(other.currentSlope == 0.5)
    #expect(throws: VanillaNetError.notLinear(slope: 0.5)) { _ = try other.deployed() }
  }

  @Test func `names of the published files`() throws {
    let network = try network()
    let names = Set(network.state(layout: .pyTorch(renaming: VanillaNet.officialName)).keys)
    for name in [
      "stem1.0.weight", "stem1.1.running_var", "stem2.0.bias", "stem2.1.weight", "stem2.2.weight", "stem2.2.bn.bias",
      "stages.2.conv1.0.weight",
      "stages.0.conv1.1.running_mean", "stages.1.conv2.0.bias", "stages.1.conv2.1.bias", "stages.2.act.weight", "stages.2.act.bn.weight",
      "cls1.2.weight", "cls1.3.running_mean", "cls2.0.bias",
    ] {
      #expect(names.contains(name), "\(name)")
    }
    try network.setSlope(1)
    let merged = Set(try network.deployed().state(layout: .pyTorch(renaming: DeployedVanillaNet.officialName)).keys)
    #expect(
      merged
        == Set(
          ["stem.0", "stem.1", "cls.2"].flatMap { ["\($0).weight", "\($0).bias"] }
            + (0..<3).flatMap {
              ["stages.\($0).conv.weight", "stages.\($0).conv.bias", "stages.\($0).act.weight", "stages.\($0).act.bias"]
            }))
  }

  @Test func `an average of the weights carries the same lambda`() throws {
    let network = try network()
    let average = MovingAverage(of: network.namedParameters.map(\.parameter).filter { $0 !== network.slope }, decay: 0.9)
    try network.setSlope(1)
    let images = VanillaNetFixtures.images([2, 9, 8, 3])
    let difference = try average.withAverages { largestDifference(network(images), try network.deployed()(images)) }
    #expect(difference < 1e-10)
  }

  @Test func `layers further from the head learn more slowly`() throws {
    let network = try network()
    let groups = network.parameterGroups(layerDecay: 0.5, groups: 5)
    let scale = Dictionary(
      uniqueKeysWithValues: groups.flatMap { group in group.parameters.map { (ObjectIdentifier($0), group.rateScale) } })
    #expect(scale.count == network.parameters.count)
    func scales(_ module: some Module) -> Set<Double> { Set(module.parameters.map { scale[ObjectIdentifier($0)]! }) }
    #expect(scales(network.stem) == [0.0625] && scales(network.stages[0]) == [0.125] && scales(network.head) == [1])
    // Vectors do not decay, series kernels do.
    for group in groups { for parameter in group.parameters { #expect((group.weightDecay == 0) == (parameter.shape.rank <= 1)) } }
  }

  @Test func `published settings`() {
    #expect(VanillaNetRecipe.published(depth: 6)?.layerDecay == 0.8 && VanillaNetRecipe.published(depth: 13) == nil)
  }

  /// Patches in two arrangements: which of two corners is bright tells the class, and only mixing neighbours sees it.
  @Test func `the series activation sees what lies beside a patch`() throws {
    var random = RandomStream(seed: 9)
    func accuracy(_ terms: Int) throws -> Double {
      var configuration = VanillaNetConfiguration.mini(channels: 1, classes: 2, seriesTerms: terms, layout: .deep)
      configuration.widths = [8, 8, 8, 8]
      var stream = RandomStream(seed: 4)
      let network = try VanillaNet(configuration, random: &stream)
      let optimizer = AdamW(network.parameters, learningRate: 5e-3, weightDecay: 0)
      let (images, labels) = arrangements(64, &random)
      let (testImages, testLabels) = arrangements(128, &random)
      for step in 0..<120 {
        try network.setSlope(SlopeSchedule(decayEpochs: 60).slope(epoch: step))
        withContext(.training) { evaluate(optimizer.minimize(crossEntropy(network(images), labels: labels))) }
      }
      let hits = (try network.deployed()(testImages).argMax() .== testLabels).cast(to: .float32).mean()
      return hits.scalar(as: Double.self)
    }
    let (alone, mixing) = (try accuracy(0), try accuracy(1))
    #expect(mixing > 0.9 && mixing > alone + 0.2, "n = 0: \(alone), n = 1: \(mixing)")
  }

  /// A bright patch, and a dark one to its right (class 0) or left (class 1), at a random place.
  private func arrangements(_ count: Int, _ random: inout RandomStream) -> (Tensor, Tensor) {
    let places = Tensor.integers([count, 2], in: 1..<7, key: random.next()).array(of: Int.self)
    let classes = Tensor.integers([count], in: 0..<2, key: random.next()).array(of: Int.self)
    var values = [Float](repeating: 0, count: count * 256)
    for index in 0..<count {
      let (row, column) = (places[2 * index] * 2, places[2 * index + 1] * 2)
      for y in 0..<2 {
        for x in 0..<2 {
          values[index * 256 + (row + y) * 16 + column + x] = 1
          values[index * 256 + (row + y) * 16 + column + x + (classes[index] == 0 ? 2 : -2)] = -1
        }
      }
    }
    return (Tensor(values, shape: [count, 16, 16, 1]), Tensor(classes))
  }
}
