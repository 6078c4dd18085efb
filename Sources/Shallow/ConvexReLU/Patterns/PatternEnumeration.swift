import Tensors

extension ActivationPatterns {
  /// All distinct patterns of the data, with a direction inside each cell.
  ///
  /// The hyperplanes {a : x_k a = 0} cut the space of directions into cells, one a pattern. Every cell has an extreme ray, at which rank - 1 of
  /// the hyperplanes meet; around a ray the cells differ in the signs of the examples on it alone, which are the cells of a smaller problem.
  /// So all cells are found from the rays - n^(rank-1) of them, hence for few dimensions (section 3.2).
  ///
  /// - Throws: `tooManyPatterns` where general position would have more than `limit`.
  public static func enumerated(features: Tensor, limit: Int = 20_000) throws(ConvexReLUError) -> ActivationPatterns {
    let (n, d) = (features.shape[0], features.shape[1])
    let all = features.cast(to: .float64).array(of: Double.self)
    let rows = (0..<n).map { Array(all[$0 * d..<($0 + 1) * d]) }
    let basis = orthonormalBasis(of: rows)
    let bound = largestCount(examples: n, rank: basis.count)
    guard bound <= Double(limit) else { throw .tooManyPatterns(atLeast: bound < 1e15 ? Int(bound) : .max, limit: limit) }
    // In coordinates of the rows' span, every direction matters.
    let reduced = rows.map { row in basis.map { dot($0, row) } }
    var collector = PatternCollector(exampleCount: n, width: d)
    for cell in cells(of: reduced, rank: basis.count) {
      var words = [UInt64](repeating: 0, count: (n + 63) / 64)
      for row in 0..<n where dot(reduced[row], cell) >= 0 { words[row / 64] |= 1 << UInt64(row % 64) }
      collector.insert(words, direction: (0..<d).map { column in zip(basis, cell).reduce(0) { $0 + $1.0[column] * $1.1 } })
    }
    return collector.patterns(draws: 0)
  }

  /// A direction inside each cell of the hyperplanes orthogonal to `rows`, which span their space.
  private static func cells(of rows: [[Double]], rank: Int) -> [[Double]] {
    guard rank > 1 else { return [[1], [-1]] }
    let scale = rows.map(norm)
    let used = rows.indices.filter { scale[$0] > 0 }
    var seen: Set<[Bool]> = []
    var found: [[Double]] = []
    forEachSubset(of: used, size: rank - 1) { subset in
      guard let ray = commonNormal(subset.map { rows[$0] }, rank: rank) else { return }
      let onRay = used.filter { abs(dot(rows[$0], ray)) <= 1e-9 * scale[$0] }
      // How far one may step off the ray before another hyperplane is crossed.
      let room = used.filter { !onRay.contains($0) }.map { abs(dot(rows[$0], ray)) / scale[$0] }.min() ?? 1
      let local = orthonormalBasis(of: onRay.map { rows[$0] })
      let around = cells(of: onRay.map { index in local.map { dot($0, rows[index]) } }, rank: local.count)
      for side in [1.0, -1] {
        for cell in around {
          let size = norm(cell)
          let step = (0..<rank).map { column in zip(local, cell).reduce(0) { $0 + $1.0[column] * $1.1 } / size }
          let direction = (0..<rank).map { side * ray[$0] + step[$0] * room * 0.25 }
          if seen.insert(used.map { dot(rows[$0], direction) >= 0 }).inserted { found.append(direction) }
        }
      }
    }
    return found
  }

  private static func forEachSubset(of elements: [Int], size: Int, _ body: ([Int]) -> Void) {
    var chosen: [Int] = []
    func extend(from start: Int) {
      guard chosen.count < size else { return body(chosen) }
      for position in start..<max(start, elements.count - (size - chosen.count) + 1) {
        chosen.append(elements[position])
        extend(from: position + 1)
        chosen.removeLast()
      }
    }
    extend(from: 0)
  }

  /// The unit vector orthogonal to rank - 1 rows; nil where these are dependent.
  private static func commonNormal(_ rows: [[Double]], rank: Int) -> [Double]? {
    let basis = orthonormalBasis(of: rows)
    guard basis.count == rank - 1 else { return nil }
    var best: [Double] = []
    for axis in 0..<rank {
      var vector = (0..<rank).map { $0 == axis ? 1.0 : 0 }
      for _ in 0..<2 { vector = removing(basis, from: vector) }
      if norm(vector) > norm(best) { best = vector }
    }
    let size = norm(best)
    return best.map { $0 / size }
  }

  /// Gram and Schmidt, twice for accuracy; directions below 1e-9 of a row's length count as dependent.
  private static func orthonormalBasis(of rows: [[Double]]) -> [[Double]] {
    var basis: [[Double]] = []
    for row in rows {
      let length = norm(row)
      guard length > 0, basis.count < row.count else { continue }
      var rest = row
      for _ in 0..<2 { rest = removing(basis, from: rest) }
      let size = norm(rest)
      if size > 1e-9 * length { basis.append(rest.map { $0 / size }) }
    }
    return basis
  }

  private static func removing(_ basis: [[Double]], from vector: [Double]) -> [Double] {
    basis.reduce(vector) { rest, axis in
      let part = dot(axis, rest)
      return zip(rest, axis).map { $0 - part * $1 }
    }
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
  private static func norm(_ a: [Double]) -> Double { dot(a, a).squareRoot() }
}
