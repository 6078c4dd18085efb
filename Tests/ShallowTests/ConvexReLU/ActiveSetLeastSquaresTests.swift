import Shallow
import Tensors
import Testing

@Suite struct ActiveSetLeastSquaresTests {
  /// The largest violation of the conditions that make x optimal: x >= 0, slope <= 0, and slope 0 where x > 0.
  private static func violation(_ columns: [Double], _ height: Int, _ costs: [Double], _ b: [Double], _ x: [Double]) -> Double {
    var rest = b
    for (column, value) in x.enumerated() { for row in 0..<height { rest[row] -= columns[column * height + row] * value } }
    return x.indices.map { column in
      let slope = (0..<height).reduce(-costs[column]) { $0 + columns[column * height + $1] * rest[$1] }
      return max(-x[column], x[column] > 0 ? abs(slope) : slope)
    }.max()!
  }

  @Test(arguments: [(3, 8), (20, 5), (12, 60), (30, 30)])
  func `the conditions of optimality hold`(height: Int, count: Int) {
    for seed in 0..<10 {
      var random = RandomStream(seed: seed)
      let columns = Tensor.normal([count, height], key: random.next(), dtype: .float64).array(of: Double.self)
      let b = Tensor.normal([height], key: random.next(), standardDeviation: 3, dtype: .float64).array(of: Double.self)
      for cost in [0.0, 0.4] {
        let costs = [Double](repeating: cost, count: count)
        let solver = ActiveSetLeastSquares(columns: columns, height: height, costs: costs)
        let x = solver.solve(b).values
        #expect(Self.violation(columns, height, costs, b, x) < 1e-9)
        // From anywhere to the same outputs.
        let start = Tensor.uniform([count], key: random.next(), dtype: .float64).array(of: Double.self)
        let again = solver.solve(b, from: start).values
        #expect(Self.violation(columns, height, costs, b, again) < 1e-9)
      }
    }
  }

  @Test func `columns that repeat, or lie in the span of others, are no obstacle`() {
    var random = RandomStream(seed: 5)
    let once = Tensor.normal([10, 4], key: random.next(), dtype: .float64)
    let columns = Tensor.concatenate([once, once, once * -1]).array(of: Double.self)
    let b = [1.0, -2, 3, 0.5]
    // The cheaper of two equal columns wins.
    let costs = [Double](repeating: 0.3, count: 10) + [Double](repeating: 0.1, count: 10) + [Double](repeating: 0.2, count: 10)
    let x = ActiveSetLeastSquares(columns: columns, height: 4, costs: costs).solve(b).values
    #expect(Self.violation(columns, 4, costs, b, x) < 1e-9)
    #expect(x[0..<10].allSatisfy { $0 == 0 } && x.contains { $0 > 0 })
  }
}
