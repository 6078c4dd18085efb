import Foundation
import Search
import TestSupport
import Testing

@Suite struct SearchSpaceTests {
  private static let small = SupernetConfiguration(
    inputChannels: 1, classCount: 2, resolutions: [8, 16], stem: .init(widths: [8], activation: .relu),
    stages: [
      .init("A", widths: [8, 16], depths: [1, 2], kernels: [3, 5], expansions: [2], stride: 2, activation: .relu),
      .init("B", widths: [8], depths: [1, 2, 3], kernels: [3], expansions: [2, 3], stride: 1, activation: .relu),
    ], head: .init())

  @Test func `counting agrees with listing, masked and whole`() throws {
    let space = try SupernetDesign(Self.small).space
    let all = try space.all()
    #expect(UInt128(all.count) == space.count() && Set(all).count == all.count)
    #expect(all.count == 2 * 2 * (2 + 4) * (2 + 4 + 8))
    let mask = try space.mask { gene, choice in gene.kind != .depth || choice == 1 }
    #expect(UInt128(try space.all(mask).count) == space.count(mask))
    #expect(try space.all(mask).allSatisfy { space.allows($0, mask) })
    // Brute force over all vectors, canonical forms once each.
    var vectors = [[Int]()]
    for gene in space.genes { vectors = vectors.flatMap { vector in gene.candidates.indices.map { vector + [$0] } } }
    #expect(Set(try vectors.map { try space.architecture(choices: $0) }) == Set(all))
  }

  @Test func `the published spaces have the published sizes`() throws {
    #expect(try SupernetDesign(.fiveBlocks()).space.count() == 221_130)
    let mobile = try SupernetDesign(.mobileNetV3(classCount: 1000)).space
    let perStage: UInt128 = 81 + 729 + 6561
    #expect(mobile.count() == 25 * perStage * perStage * perStage * perStage * perStage)
  }

  @Test func `genes of blocks that do not run do not tell networks apart`() throws {
    let space = try SupernetDesign(.fiveBlocks()).space
    let one = try space.architecture(["B.depth": 1, "B.3.kernel": 3])
    let other = try space.architecture(["B.depth": 1, "B.3.kernel": 5])
    #expect(one == other && one.hashValue == other.hashValue)
    #expect(try space.architecture(["B.3.kernel": 3]) != space.maximum)
  }

  @Test func `architectures survive files, and only in their space`() throws {
    let space = try SupernetDesign(.fiveBlocks()).space
    var random = TestRandom(seed: 4)
    for _ in 0..<20 {
      let architecture = space.sample(using: &random)
      #expect(try space.architecture(from: space.encoded(architecture)) == architecture)
    }
    let other = try SupernetDesign(.fiveBlocksNarrow()).space
    let document = try space.encoded(space.maximum)
    #expect(throws: SearchSpaceError.self) { try other.architecture(from: document) }
    let text = String(decoding: document, as: UTF8.self).replacingOccurrences(of: "\"resolution\" : 24", with: "\"resolution\" : 23")
    #expect(throws: SearchSpaceError.self) { try space.architecture(from: Data(text.utf8)) }
  }

  @Test func `mistakes are refused with what would be right`() throws {
    let space = try SupernetDesign(.fiveBlocks()).space
    #expect(throws: SearchSpaceError.self) { try space.architecture(["A.1.kernel": 4]) }
    #expect(throws: SearchSpaceError.self) { try space.architecture(["C.depth": 1]) }
    #expect(throws: SearchSpaceError.self) { try Gene("k", .block(stage: 0, index: 0), .kernel, [3, 4]) }
    #expect(throws: SearchSpaceError.self) { try Gene("d", .stage(0), .depth, [0, 1]) }
    #expect(throws: SearchSpaceError.self) { try Gene("w", .stage(0), .width, [16, 8]) }
    #expect(throws: SearchSpaceError.self) { try Gene("w", .stage(0), .width, []) }
    #expect(throws: SearchSpaceError.self) { try space.mask { gene, _ in gene.id != "A.depth" } }
    var even = SupernetConfiguration.fiveBlocks()
    even.stages[0].kernels = [2, 3]
    #expect(throws: SearchSpaceError.self) { try SupernetDesign(even) }
    let design = try SupernetDesign(.fiveBlocks())
    let error = #expect(throws: InfeasibleConstraint.self) { try CostConstraint(MultiplyAdds(design), atMost: 20_000) }
    #expect(error?.minimum == 31_040 && "\(error!)".contains("31040"))
  }
}
