import Lens
import Testing

@Suite struct SymmetricRuleTests {
  @Test func `the rule is the published one`() {
    let labels = SymmetricRule.labels
    #expect(labels.count == 4096 && labels.reduce(0, +) == 2118 && labels.firstIndex(of: 1) == 62)
    #expect(SymmetricRule.patterns.count == 4096 * 12)
    for vertex in 0..<12 {
      #expect(SymmetricRule.antipodes[SymmetricRule.antipodes[vertex]] == vertex)
      for other in SymmetricRule.neighbours[vertex] { #expect(SymmetricRule.neighbours[other].contains(vertex)) }
    }
  }

  @Test func `the icosahedron has 120 symmetries, which leave the rule as it is`() {
    let symmetries = SymmetricRule.automorphisms()
    #expect(symmetries.count == 120 && Set(symmetries).count == 120)
    let orbits = SymmetricRule.orbits()
    #expect(Set(orbits).count == 82)
    for pattern in 0..<4096 { #expect(SymmetricRule.labels[pattern] == SymmetricRule.labels[orbits[pattern]]) }
  }
}
