import Foundation
import Search
import Tensors
import TestSupport
import Testing

@Suite struct CostTests {
  @Test func `the reduced spaces cost what the specification says`() throws {
    let design = try SupernetDesign(.fiveBlocks())
    func cost(_ architecture: Architecture, _ design: SupernetDesign) -> Int { design.subnet(architecture).multiplyAdds }
    #expect(cost(design.space.maximum, design) == 474_384)
    #expect(cost(design.space.minimum, design) == 31_040)
    #expect(cost(design.space.middle, design) == 136_392)
    let narrow = try SupernetDesign(.fiveBlocksNarrow())
    #expect(cost(narrow.space.maximum, narrow) == 353_424)
    #expect(cost(narrow.space.minimum, narrow) == 110_664)
    let middle = try narrow.space.architecture([
      "resolution": 20, "A.depth": 2, "B.depth": 2, "A.1.kernel": 5, "A.2.kernel": 3, "B.1.kernel": 5, "B.2.kernel": 3, "A.1.expand": 4,
      "A.2.expand": 3, "B.1.expand": 3, "B.2.expand": 4,
    ])
    #expect(cost(middle, narrow) == 185_136)
  }

  @Test(arguments: [SupernetConfiguration.fiveBlocks(), SearchFixtures.wide, SearchFixtures.bottlenecks])
  func `multiply-adds are the iterations of the innermost loops`(_ configuration: SupernetConfiguration) throws {
    let design = try SupernetDesign(configuration)
    var random = TestRandom(seed: 7)
    for _ in 0..<20 {
      let subnet = design.subnet(design.space.sample(using: &random))
      #expect(subnet.multiplyAdds == Self.counted(subnet), "\(subnet)")
    }
  }

  /// Counts by going through loops.
  private static func counted(_ subnet: Subnet) -> Int {
    var count = 0
    func convolution(side: Int, stride: Int, inputs: Int, outputs: Int, kernel: Int, groups: Int = 1) {
      for _ in Swift.stride(from: 0, to: side, by: stride) {
        for _ in Swift.stride(from: 0, to: side, by: stride) {
          for _ in 0..<outputs { for _ in 0..<(inputs / groups) { for _ in 0..<kernel { for _ in 0..<kernel { count += 1 } } } }
        }
      }
    }
    for unit in subnet.stem {
      convolution(side: unit.side, stride: unit.stride, inputs: unit.inputs, outputs: unit.outputs, kernel: unit.kernel)
    }
    for block in subnet.blocks {
      if block.isExpanded { convolution(side: block.side, stride: 1, inputs: block.inputs, outputs: block.middle, kernel: 1) }
      convolution(
        side: block.side, stride: block.stride, inputs: block.middle, outputs: block.middle, kernel: block.kernel,
        groups: block.kind == .bottleneck ? 1 : block.middle)
      if let hidden = block.squeeze { for _ in 0..<block.middle { for _ in 0..<hidden { count += 2 } } }
      convolution(side: block.outputSide, stride: 1, inputs: block.middle, outputs: block.outputs, kernel: 1)
      if case .projection(_, true, _) = block.addition {
        convolution(side: block.outputSide, stride: 1, inputs: block.inputs, outputs: block.outputs, kernel: 1)
      }
    }
    if let head = subnet.head { convolution(side: head.side, stride: 1, inputs: head.inputs, outputs: head.outputs, kernel: 1) }
    for _ in 0..<subnet.features { for _ in 0..<subnet.classCount { count += 1 } }
    return count
  }

  @Test func `published networks have about the published sizes`() throws {
    // MobileNetV3 space: the largest x1.0 network at 224 has 0.56 to 0.61 billion multiply-adds and about 7.7 million parameters.
    let mobile = try SupernetDesign(.mobileNetV3(classCount: 1000))
    let largest = mobile.subnet(mobile.space.maximum)
    #expect((540_000_000...640_000_000).contains(largest.multiplyAdds), "\(largest.multiplyAdds)")
    #expect((7_200_000...8_200_000).contains(largest.parameterCount), "\(largest.parameterCount)")
    // AttentiveNAS: from about 203 to about 1,944 million multiply-adds.
    let attentive = try SupernetDesign(.attentiveNAS(classCount: 1000))
    #expect(
      (195_000_000...211_000_000).contains(attentive.subnet(attentive.space.minimum).multiplyAdds),
      "\(attentive.subnet(attentive.space.minimum).multiplyAdds)")
    #expect(
      (1_870_000_000...2_020_000_000).contains(attentive.subnet(attentive.space.maximum).multiplyAdds),
      "\(attentive.subnet(attentive.space.maximum).multiplyAdds)")
    // ResNet50D: the largest at 224 has above 4 billion.
    let residual = try SupernetDesign(.resNet50D(classCount: 1000))
    #expect((4_000_000_000...9_000_000_000).contains(residual.subnet(residual.space.maximum).multiplyAdds))
    for configuration in [SupernetConfiguration.proxylessNAS(classCount: 1000), .bigNAS(classCount: 1000)] {
      let design = try SupernetDesign(configuration)
      #expect(try MultiplyAdds(design).range().lowerBound > 50_000_000)
    }
  }

  @Test func `a block table adds up to the whole`() throws {
    let design = try SupernetDesign(.fiveBlocks())
    var random = TestRandom(seed: 8)
    for _ in 0..<10 {
      let architecture = design.space.sample(using: &random)
      let table = BlockCostTable(multiplyAddsOf: design, like: architecture)
      let subnet = design.subnet(architecture)
      let sum = subnet.blocks.reduce(table.constant) { sum, block in
        let position = (block.stage == 0 ? 0 : 2) + block.index
        let kernel = design.space.position(of: block.genes.kernel!)!
        let expansion = design.space.position(of: block.genes.expansion!)!
        return sum + table.costs[position][architecture.choices[kernel]][architecture.choices[expansion]]
      }
      #expect(sum == Double(subnet.multiplyAdds))
    }
    let additive = try AdditiveCost(MultiplyAdds(design), around: design.space.middle)
    #expect(additive.cost(of: design.space.middle) == Double(design.subnet(design.space.middle).multiplyAdds))
  }

  @Test func `a latency table covers the space, names what it lacks and knows its space`() throws {
    let supernet = try SearchFixtures.supernet()
    let mask = try supernet.space.mask { gene, choice in gene.kind != .resolution || choice == 0 }
    let table = try LatencyMeasurement(warmUps: 0, runs: 1, copies: 1).table(for: supernet, mask: mask, machine: "here", date: "2026-01-01")
    let decoded = try JSONDecoder().decode(LatencyTable.self, from: JSONEncoder().encode(table))
    let model = try MeasuredLatency(supernet.design, decoded)
    var random = TestRandom(seed: 9)
    for _ in 0..<20 { #expect(try model.cost(of: supernet.space.sample(mask, using: &random)) > 0) }
    let error = #expect(throws: MissingLatency.self) { try model.cost(of: supernet.space.maximum) }
    #expect("\(error!)".contains("24"))
    #expect(throws: SearchSpaceError.self) { try MeasuredLatency(SupernetDesign(.fiveBlocksNarrow()), table) }
  }
}
