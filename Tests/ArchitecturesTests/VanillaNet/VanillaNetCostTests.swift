import Architectures
import Layers
import Tensors
import Testing

@Suite("VanillaNet: sizes of the published networks") struct VanillaNetCostTests {
  /// Table 1 of the paper: depth, million weights, billion multiply-adds at 224 x 224.
  @Test(arguments: [
    (5, 15.52, 5.16), (6, 32.51, 5.99), (7, 32.80, 6.89), (8, 37.10, 7.74), (9, 41.40, 8.58), (10, 45.69, 9.42), (11, 49.99, 10.26),
    (12, 54.29, 11.10), (13, 58.59, 11.94),
  ])
  func published(depth: Int, millions: Double, billions: Double) throws {
    let configuration = try VanillaNetConfiguration.published(depth: depth)
    #expect(abs(Double(configuration.deployedParameterCount) / 1e6 - millions) <= 0.01)
    #expect(abs(Double(try configuration.deployedMultiplyAdds(height: 224, width: 224)) / 1e9 - billions) <= 0.01)
    #expect(configuration.depth == depth)
    #expect(try configuration.mapExtents(height: 224, width: 224).map(\.height).last == 7)
  }

  @Test func `wider and adaptive`() throws {
    let wide = try VanillaNetConfiguration.published(depth: 13, scale: 1.5)
    #expect(abs(Double(wide.deployedParameterCount) / 1e6 - 127.8) <= 0.1)
    #expect(abs(Double(try wide.deployedMultiplyAdds(height: 224, width: 224)) / 1e9 - 26.5) <= 0.1)
    let adaptive = try VanillaNetConfiguration.published(depth: 13, scale: 1.5, isAdaptive: true)
    #expect(try adaptive.mapExtents(height: 224, width: 224).map(\.height) == [75, 75, 38, 19, 19, 19, 19, 19, 19, 19, 10, 10])
    #expect(abs(Double(try adaptive.deployedMultiplyAdds(height: 224, width: 224)) / 1e9 - 48.9) <= 0.5)
  }

  @Test(arguments: 0...3) func `the formulas count what the networks hold`(terms: Int) throws {
    for layout in VanillaNetConfiguration.Layout.allCases {
      var configuration = VanillaNetConfiguration.mini(classes: 7, seriesTerms: terms, layout: layout)
      configuration.widths = [4, 4, 5, 6]
      var random = RandomStream(seed: 1)
      let network = try VanillaNet(configuration, random: &random)
      try network.setSlope(1)
      #expect(try network.deployed().parameterCount == configuration.deployedParameterCount)
      if layout == .deep {
        #expect(network.parameterCount > configuration.deployedParameterCount)
        #expect(
          try configuration.trainingMultiplyAdds(height: 20, width: 20) > configuration.deployedMultiplyAdds(height: 20, width: 20))
      }
    }
  }

  @Test func `residual networks of equal cost`() throws {
    let target = try VanillaNetConfiguration.mini().deployedMultiplyAdds(height: 20, width: 20)
    let matched = ResidualClassifier.Configuration().matching(multiplyAdds: target, height: 20, width: 20)
    #expect(abs(Double(matched.multiplyAdds(height: 20, width: 20)) / Double(target) - 1) < 0.2)
    var random = RandomStream(seed: 1)
    let network = ResidualClassifier(matched, random: &random)
    for (name, parameter) in network.namedParameters.map({ ($0.name, $0.parameter) }) {
      if name.hasSuffix("runningVariance") { parameter.assign(.uniform(parameter.shape, key: random.next(), from: 0.5, to: 2)) }
      if name.hasSuffix("runningMean") { parameter.assign(.normal(parameter.shape, key: random.next())) }
    }
    let images = VanillaNetFixtures.images([2, 20, 20, 3], dtype: .float32)
    let (plain, folded) = (network(images), FoldedResidualClassifier(network)(images))
    evaluate(plain, folded)
    #expect(largestDifference(plain, folded) <= 1e-4 * max(1, plain.abs().max().scalar(as: Double.self)))
  }
}
