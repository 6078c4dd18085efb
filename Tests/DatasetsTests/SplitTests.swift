import Datasets
import Tensors
import Testing

@Suite("Splits")
struct SplitTests {
  private static let fractions: [[Double]] = [[0.8, 0.2], [0.7, 0.15, 0.15], [0.5, 0.25], [1], [1 / 3, 1 / 3, 1 / 3], [0.1, 0.9]]

  private func labelled(_ labels: [Int], classes: Int, groups: [Int]? = nil) -> Dataset {
    Dataset(
      name: "labelled", features: Tensor((0..<labels.count).map { Float($0) }, shape: [labels.count, 1]),
      labels: Tensor(labels.map { Int32($0) }), groups: groups.map { Tensor($0.map { Int32($0) }) },
      classNames: (0..<classes).map(String.init))
  }

  @Test(arguments: SplitRule.allCases) func partsAreDisjointAndHaveTheirShares(rule: SplitRule) {
    for seed in 0..<12 {
      var random = SplitMix64(seed: seed, 5)
      let count = 1 + random.integer(below: 120)
      let classes = 1 + random.integer(below: 6)
      let labels = (0..<count).map { _ in random.integer(below: classes) }
      let groups = (0..<count).map { _ in 100 + random.integer(below: 9) }
      let data = labelled(labels, classes: classes, groups: groups)
      for fractions in Self.fractions {
        let parts = data.splitIndices(fractions: fractions, seed: seed, by: rule)
        #expect(parts.count == fractions.count)
        let all = parts.flatMap { $0 }
        #expect(Set(all).count == all.count)
        if fractions.reduce(0, +) > 0.999 { #expect(all.sorted() == Array(0..<count)) }
        for (part, fraction) in zip(parts, fractions) {
          #expect(part == part.sorted())
          switch rule {
          case .random: #expect(abs(Double(part.count) - fraction * Double(count)) < 1)
          case .stratified:
            for label in 0..<classes {
              let total = labels.count { $0 == label }
              #expect(abs(Double(part.count { labels[$0] == label }) - fraction * Double(total)) < 1)
            }
            #expect(abs(Double(part.count) - fraction * Double(count)) < 2)
          case .group:
            #expect(abs(Double(Set(part.map { groups[$0] }).count) - fraction * Double(Set(groups).count)) < 1)
          }
        }
        if rule == .group {
          for (a, one) in parts.enumerated() {
            for other in parts[(a + 1)...] { #expect(Set(one.map { groups[$0] }).isDisjoint(with: other.map { groups[$0] })) }
          }
        }
        #expect(parts == data.splitIndices(fractions: fractions, seed: seed, by: rule))
      }
    }
  }

  @Test func theSeedMatters() {
    let data = numberedImages(count: 60)
    for rule in SplitRule.allCases {
      let parts = (0..<5).map { data.splitIndices(fractions: [0.5, 0.5], seed: $0, by: rule) }
      #expect(Set(parts).count > 1)
    }
  }

  @Test func sharesOfWholeNumbersAreExact() {
    let data = labelled(Array(repeating: 0, count: 30), classes: 1)
    #expect(data.splitIndices(fractions: [0.1, 0.2, 0.7], seed: 1).map(\.count) == [3, 6, 21])
    let balanced = labelled((0..<100).map { $0 % 10 }, classes: 10)
    let parts = balanced.split(fractions: [0.7, 0.3], seed: 1, by: .stratified)
    #expect(parts[0].classHistogram == Array(repeating: 7, count: 10) && parts[1].classHistogram == Array(repeating: 3, count: 10))
  }

  @Test func writersStayTogether() {
    let data = Handwriting(.digits, size: 16, writers: 10).dataset(count: 200, seed: 3)
    let parts = data.split(fractions: [0.7, 0.15, 0.15], seed: 1, by: .group)
    let writers = parts.map { Set($0.groups!.array(of: Int.self)) }
    #expect(writers[0].isDisjoint(with: writers[1]) && writers[0].isDisjoint(with: writers[2]) && writers[1].isDisjoint(with: writers[2]))
    #expect(writers.map(\.count).reduce(0, +) == 10 && writers[0].count == 7)
    #expect(parts.map(\.count).reduce(0, +) == 200)
  }

  @Test func foldsCoverEverySampleOnce() {
    let data = numberedImages(count: 31)
    for rule in SplitRule.allCases {
      let folds = data.folds(4, seed: 2, by: rule)
      #expect(folds.count == 4 && folds.allSatisfy { $0.training.count + $0.test.count == 31 })
      let tested = folds.flatMap { $0.test.features.array(of: UInt8.self) }
      #expect(tested.sorted() == data.features.array(of: UInt8.self).sorted())
    }
  }
}
