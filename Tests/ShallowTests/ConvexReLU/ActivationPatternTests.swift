import Foundation
import Shallow
import Tensors
import Testing

@Suite struct ActivationPatternTests {
  @Test(arguments: [(5, 1), (9, 2), (12, 3), (9, 4)])
  func `points in general position have as many patterns as Cover counted`(n: Int, d: Int) throws {
    var random = RandomStream(seed: n * 10 + d)
    let x = Tensor.normal([n, d], key: random.next(), dtype: .float64)
    let all = try ActivationPatterns.enumerated(features: x)
    #expect(Double(all.count) == ActivationPatterns.largestCount(examples: n, rank: d))
    // Each direction is inside the cell that it stands for.
    #expect(all.matrix.isClose(to: (x.matmul(all.directions) .>= 0).cast(to: .float64), 0))
    // Whatever is drawn is among them.
    let drawn = ActivationPatterns.drawn(features: x, draws: 20_000, random: &random)
    func names(_ patterns: ActivationPatterns) -> Set<[Double]> {
      let rows = patterns.matrix.transposed().doubles
      return Set((0..<patterns.count).map { Array(rows[$0 * n..<($0 + 1) * n]) })
    }
    #expect(names(drawn).isSubset(of: names(all)))
    if d <= 2 { #expect(drawn.count == all.count) }
  }

  @Test func `dependent points and repeated rows have fewer`() throws {
    // Three directions in the plane, two of them twice: 6 cells.
    let x = Tensor([1, 0, 2, 0, 0, 1, 1, 1, 3, 3] as [Double], shape: [5, 2])
    #expect(try ActivationPatterns.enumerated(features: x).count == 6)
    // In three dimensions but of rank 2.
    let lifted = x.matmul(Tensor([1, 2, 0, 0, 1, 1] as [Double], shape: [2, 3]))
    #expect(try ActivationPatterns.enumerated(features: lifted).count == 6)
    // Four planes through one line, and one across: 8 cells around the line, halved by the other.
    let pencil = Tensor([1, 0, 0, 0, 1, 0, 1, 1, 0, 1, -1, 0, 0, 0, 1] as [Double], shape: [5, 3])
    #expect(try ActivationPatterns.enumerated(features: pencil).count == 16)
  }

  @Test func `samples are nested, distinct and limited`() throws {
    var random = RandomStream(seed: 1)
    let problem = try Fixture.teacher(10)
    let patterns = try ActivationPatterns.sampled(features: problem.features, count: 30, random: &random)
    #expect(patterns.count == 30 && patterns.draws >= 30)
    #expect(patterns.prefix(12).matrix.isClose(to: patterns.matrix[.all, 0..<12], 0))
    let rows = patterns.matrix.transposed().doubles
    let names = (0..<30).map { row in Array(rows[row * 10..<row * 10 + 10]) }
    #expect(Set(names).count == 30)
    #expect(throws: ConvexReLUError.self) { try ActivationPatterns.sampled(features: problem.features, count: 1000, random: &random) }
    #expect(throws: ConvexReLUError.self) { try ActivationPatterns.sampled(features: problem.features, count: 0, random: &random) }
    let many = Tensor.normal([40, 20], key: random.next(), dtype: .float64)
    #expect(throws: ConvexReLUError.self) { try ActivationPatterns.enumerated(features: many) }
  }

  @Test func `robust patterns hold the one of all ones`() {
    var random = RandomStream(seed: 2)
    let x = Tensor.normal([8, 3], key: random.next(), dtype: .float64)
    let patterns = ActivationPatterns.robust(
      features: x, directions: 4, corners: 2, radius: 0.3, perturbable: Tensor([1.0, 1, 0]), random: &random)
    #expect(patterns.matrix.min(axes: [0]).doubles.contains(1))
    #expect(patterns.count >= 4 && patterns.count <= 13 && patterns.draws == 12)
  }

  @Test func `theorem A asks for draws linear in the examples`() throws {
    let logarithmic = Int((10 * (13 - log(0.1))).rounded(.up))
    #expect(try ActivationPatterns.required(examples: 12, improvement: 0.2, risk: 0.1) == logarithmic)
    let scenario = Int((13 / 0.18 - 1).rounded(.up))
    #expect(try ActivationPatterns.required(examples: 12, improvement: 0.2, risk: 0.9) == scenario)
    for (psi, xi) in [(0.0, 0.1), (1.5, 0.1), (0.2, 0), (0.2, Double.nan)] {
      #expect(throws: ConvexReLUError.self) { try ActivationPatterns.required(examples: 12, improvement: psi, risk: xi) }
    }
  }
}
