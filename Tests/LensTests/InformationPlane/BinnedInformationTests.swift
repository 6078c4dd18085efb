import Foundation
import Lens
import Tensors
import Testing

@Suite struct BinnedInformationTests {
  private static func activations(_ count: Int, units: Int, seed: Int) -> [Float] {
    var random = RandomStream(seed: seed)
    return Tensor.uniform([count, units], key: random.next(), from: -1, to: 1).array(of: Float.self)
  }

  @Test func `bins count the edges at or below a value`() throws {
    let edges = try BinEdges(count: 5)
    #expect(edges.edges == [-1, -0.5, 0, 0.5, 1])
    for (value, index) in [(-1.5, 0), (-1, 1), (-0.6, 1), (-0.5, 2), (0, 3), (0.99, 4), (1, 5), (7, 5)] as [(Float, Int)] {
      #expect(edges.index(of: value) == index, "\(value)")
    }
    // As by a search, whatever rounding does.
    let fine = try BinEdges(count: 30)
    let searched = try BinEdges(fine.edges, origin: "given")
    for value in Self.activations(2000, units: 1, seed: 1) + fine.edges.map({ Float($0) }) {
      #expect(fine.index(of: value) == searched.index(of: value))
    }
    #expect(try BinEdges.overRange(of: [0, 2, 5], count: 6).edges == [0, 1, 2, 3, 4, 5])
    #expect(try BinEdges.quantiles(of: (0...100).map { Float($0) }, count: 5).edges == [0, 25, 50, 75, 100])
  }

  @Test func `information is what a table of counts says`() throws {
    // T copies the label for half of the inputs, and is one symbol for the rest.
    let estimator = try BinnedInformation(labels: [0, 0, 0, 0, 1, 1, 1, 1], classCount: 2)
    let one = estimator.information(ofStates: [0, 0, 1, 1, 0, 0, 2, 2])
    #expect(abs(one.aboutInput - 1.5) < 1e-12 && abs(one.aboutLabel - 0.5) < 1e-12)
    // Repeated inputs: the layer knows only which of four inputs it was.
    let repeated = try BinnedInformation(labels: [0, 0, 0, 0, 1, 1, 1, 1], classCount: 2, inputs: [7, 7, 8, 8, 9, 9, 3, 3])
    let copies = repeated.information(ofStates: [0, 0, 1, 1, 2, 2, 3, 3])
    #expect(abs(copies.aboutInput - 2) < 1e-12 && abs(copies.aboutLabel - 1) < 1e-12)
    // Noise is not information: two states at random for each input.
    let noisy = repeated.information(ofStates: [0, 1, 2, 3, 4, 5, 6, 7])
    #expect(abs(noisy.aboutInput - 2) < 1e-12)
  }

  @Test func `bounds hold, and neurons may be permuted`() throws {
    let n = SymmetricRule.patternCount
    let estimator = try BinnedInformation(labels: SymmetricRule.labels, classCount: 2)
    #expect(abs(estimator.labelEntropy - 0.99916) < 5e-6)
    let edges = try BinEdges(count: 30)
    for units in [1, 3, 14] {
      let values = Self.activations(n, units: units, seed: units)
      let one = try estimator.information(of: values, units: units, edges: edges)
      #expect(one.aboutLabel >= 0 && one.aboutLabel <= one.aboutInput && one.aboutInput <= 12 && one.aboutLabel <= estimator.labelEntropy)
      let reversed = (0..<n).flatMap { row in (0..<units).reversed().map { values[row * units + $0] } }
      let other = try estimator.information(of: reversed, units: units, edges: edges)
      #expect(one == other)
    }
  }

  @Test func `processing a binned layer adds nothing`() throws {
    let n = SymmetricRule.patternCount
    let estimator = try BinnedInformation(labels: SymmetricRule.labels, classCount: 2)
    let edges = try BinEdges(count: 12)
    var random = RandomStream(seed: 5)
    var layer = Tensor(SymmetricRule.patterns, shape: [n, 12]) * 2 - 1
    var before: LayerInformation?
    for units in [4, 3, 2, 1] {
      let weight = Tensor.normal([layer.shape[1], units], key: random.next())
      layer = layer.matmul(weight).tanh()
      let values = layer.array(of: Float.self)
      let now = try estimator.information(of: values, units: units, edges: edges)
      if let before { #expect(now.aboutInput <= before.aboutInput + 1e-9 && now.aboutLabel <= before.aboutLabel + 1e-9) }
      before = now
      // The next layer sees bins, not values.
      layer = Tensor(values.map { Float(edges.index(of: $0)) / 6 - 1 }, shape: [n, units])
    }
  }

  @Test func `what cannot be measured is refused`() throws {
    func refused(_ words: String, _ body: () throws -> Void) {
      #expect { try body() } throws: { ($0 as? InformationError)?.description.contains(words) ?? false }
    }
    refused("expected at least 2") { _ = try BinEdges(count: 1) }
    refused("not rising") { _ = try BinEdges([0, 0], origin: "") }
    refused("label of example 1 is 2") { _ = try BinnedInformation(labels: [0, 2], classCount: 2) }
    refused("class 1 has no example") { _ = try BinnedInformation(labels: [0, 0], classCount: 2) }
    refused("at least one") { _ = try BinnedInformation(labels: [], classCount: 2) }
    let estimator = try BinnedInformation(labels: [0, 1], classCount: 2)
    refused("diverge") { _ = try estimator.information(of: [0, .nan], units: 1, edges: BinEdges(count: 3)) }
    refused("expected 4") { _ = try estimator.information(of: [0, 1, 2], units: 2, edges: BinEdges(count: 3)) }
    refused("adds up to 0.9") { _ = try JointDistribution(table: [[0.5, 0.4]]) }
    refused("row 0, column 1") { _ = try JointDistribution(table: [[1.1, -0.1]]) }
    refused("different lengths") { _ = try JointDistribution(table: [[1], []]) }
    refused("variance") { _ = try KernelDensityBounds(variance: 0) }
    refused("neighbours") { _ = try NearestNeighbourInformation(neighbours: 0) }
    refused("gamma") { _ = try SphericalRule(steepness: 0) }
    #expect(try JointDistribution(table: [[0.5, 0.1], [0, 0], [0.2, 0.2]]).droppedRows == [1])
  }
}
