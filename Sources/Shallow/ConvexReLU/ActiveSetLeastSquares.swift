/// min over x >= 0 of 1/2 ||A x - b||² + cᵀx, exactly, by active sets (Lawson and Hanson, 1974).
///
/// The nonnegative part is solved for through a Cholesky factor that grows by a row where a column enters. It ends after finitely many
/// exchanges, where first-order methods need many iterations on columns as alike as those of random neurons.
package struct ActiveSetLeastSquares {
  /// Columns of A, one after another, each of `height` numbers.
  package let columns: [Double]
  package let height: Int
  /// c, one a column.
  package let costs: [Double]
  package let count: Int
  private let squaredNorms: [Double]

  /// - Parameters:
  ///   - columns: those of A, (count, height) numbers.
  ///   - costs: c, (count) numbers.
  package init(columns: [Double], height: Int, costs: [Double]) {
    precondition(
      columns.count == height * costs.count, "ActiveSetLeastSquares: \(columns.count) numbers for \(costs.count) columns of \(height)")
    self.columns = columns
    self.height = height
    self.costs = costs
    count = costs.count
    squaredNorms = (0..<costs.count).map { column in
      columns.withUnsafeBufferPointer { all in
        let a = UnsafeBufferPointer(rebasing: all[column * height..<(column + 1) * height])
        return Self.dot(a, a)
      }
    }
  }

  private static func dot(_ a: UnsafeBufferPointer<Double>, _ b: UnsafeBufferPointer<Double>) -> Double {
    var lanes = SIMD4<Double>.zero
    var index = 0
    while index + 4 <= a.count {
      let left = SIMD4<Double>(a[index], a[index + 1], a[index + 2], a[index + 3])
      let right = SIMD4<Double>(b[index], b[index + 1], b[index + 2], b[index + 3])
      lanes += left * right
      index += 4
    }
    var sum = lanes.sum()
    while index < a.count {
      sum += a[index] * b[index]
      index += 1
    }
    return sum
  }

  private func dot(_ column: Int, _ vector: [Double]) -> Double {
    columns.withUnsafeBufferPointer { all in
      vector.withUnsafeBufferPointer { Self.dot(UnsafeBufferPointer(rebasing: all[column * height..<(column + 1) * height]), $0) }
    }
  }

  private func dot(_ one: Int, _ other: Int) -> Double {
    columns.withUnsafeBufferPointer { all in
      Self.dot(
        UnsafeBufferPointer(rebasing: all[one * height..<(one + 1) * height]),
        UnsafeBufferPointer(rebasing: all[other * height..<(other + 1) * height]))
    }
  }

  /// b - A x over the columns of the set.
  private func residual(_ b: [Double], _ set: PassiveSet) -> [Double] {
    var residual = b
    for (column, value) in zip(set.columns, set.values) where value != 0 {
      let start = column * height
      for row in 0..<height { residual[row] -= columns[start + row] * value }
    }
    return residual
  }

  /// The columns that are free to differ from zero, and the factor of their Gram matrix.
  private struct PassiveSet {
    var columns: [Int] = []
    var values: [Double] = []
    /// Rows of the lower triangular factor.
    var factor: [[Double]] = []

    func forward(_ right: [Double]) -> [Double] {
      var solution = right
      for i in solution.indices {
        var sum = solution[i]
        for j in 0..<i { sum -= factor[i][j] * solution[j] }
        solution[i] = sum / factor[i][i]
      }
      return solution
    }

    func solved(_ right: [Double]) -> [Double] {
      var solution = forward(right)
      for i in solution.indices.reversed() {
        let value = solution[i] / factor[i][i]
        solution[i] = value
        for j in 0..<i { solution[j] -= factor[i][j] * value }
      }
      return solution
    }
  }

  /// A column whose part outside the others' span is below this share of it lies in their span.
  private static let dependence = 1e-12

  /// Whether the column lies outside the span of the set, which it then joins with the value.
  private func join(_ column: Int, value: Double, _ set: inout PassiveSet) -> Bool {
    var row = set.forward(set.columns.map { dot(column, $0) })
    let pivot = squaredNorms[column] - row.reduce(0) { $0 + $1 * $1 }
    guard pivot > Self.dependence * squaredNorms[column], pivot > 0 else { return false }
    row.append(pivot.squareRoot())
    set.factor.append(row)
    set.columns.append(column)
    set.values.append(value)
    return true
  }

  /// Takes out members that `leaves` names by position; the factor is rebuilt from the first of them.
  private func remove(_ leaves: (Int) -> Bool, _ set: inout PassiveSet) {
    guard let first = set.columns.indices.first(where: leaves) else { return }
    let stay = (first..<set.columns.count).filter { !leaves($0) }.map { (set.columns[$0], set.values[$0]) }
    set.columns.removeSubrange(first...)
    set.values.removeSubrange(first...)
    set.factor.removeSubrange(first...)
    for (column, value) in stay { _ = join(column, value: value, &set) }
  }

  /// Moves the set's values to the minimum over its span, taking out those that would turn negative on the way.
  private func settle(_ b: [Double], _ set: inout PassiveSet) {
    while !set.columns.isEmpty {
      let target = set.solved(set.columns.map { dot($0, b) - costs[$0] })
      guard let step = set.values.indices.filter({ target[$0] <= 0 }).map({ set.values[$0] / (set.values[$0] - target[$0]) }).min() else {
        set.values = target
        return
      }
      let share = step.isFinite ? max(0, min(1, step)) : 0
      var leaving = Set<Int>()
      for index in set.values.indices {
        let moved = set.values[index] + share * (target[index] - set.values[index])
        if target[index] <= 0, moved <= 1e-15 * (abs(set.values[index]) + abs(target[index])) { leaving.insert(index) }
        set.values[index] = max(0, moved)
      }
      // Rounding must not keep the one that limits the step.
      if leaving.isEmpty, let least = set.values.indices.filter({ target[$0] <= 0 }).min(by: { set.values[$0] < set.values[$1] }) {
        leaving.insert(least)
      }
      remove({ leaving.contains($0) }, &set)
    }
  }

  /// - Parameters:
  ///   - b: (height) numbers.
  ///   - start: x >= 0 to start from.
  ///   - tolerance: ends where no column outside the set has a slope below minus this share of the largest |Aᵀb - c| (at least of c).
  /// - Returns: x, and how often the set changed.
  package func solve(_ b: [Double], from start: [Double]? = nil, tolerance: Double = 1e-12) -> (values: [Double], exchanges: Int) {
    var set = PassiveSet()
    if let start {
      // The largest first: of dependent columns those that carry the solution stay.
      for column in start.indices.filter({ start[$0] > 0 }).sorted(by: { start[$0] > start[$1] }) {
        _ = join(column, value: start[column], &set)
      }
      settle(b, &set)
    }
    let scale = (0..<count).reduce(Double.leastNormalMagnitude) { max($0, abs(dot($1, b)), abs(costs[$1])) }
    var barred = Set<Int>()
    var exchanges = 0
    while exchanges < 20 * count + 200 {
      let rest = residual(b, set)
      let members = Set(set.columns)
      var (entering, steepest) = (-1, tolerance * scale)
      for column in 0..<count where !members.contains(column) && !barred.contains(column) {
        let slope = dot(column, rest) - costs[column]
        if slope > steepest { (entering, steepest) = (column, slope) }
      }
      guard entering >= 0 else { break }
      exchanges += 1
      if !join(entering, value: 0, &set) {
        // In the span of the others it takes over from them, A x as it is, until one of them is used up.
        let weights = set.solved(set.columns.map { dot(entering, $0) })
        guard
          let leaving = weights.indices.filter({ weights[$0] > 0 }).min(by: {
            set.values[$0] / weights[$0] < set.values[$1] / weights[$1]
          })
        else {
          barred.insert(entering)
          continue
        }
        let amount = set.values[leaving] / weights[leaving]
        for index in set.values.indices { set.values[index] = max(0, set.values[index] - amount * weights[index]) }
        remove({ $0 == leaving }, &set)
        guard join(entering, value: amount, &set) else {
          barred.insert(entering)
          continue
        }
      }
      settle(b, &set)
      // A column that rounding throws out again at once would enter for ever.
      if set.columns.contains(entering) { barred.removeAll() } else { barred.insert(entering) }
    }
    var values = [Double](repeating: 0, count: count)
    for (column, value) in zip(set.columns, set.values) { values[column] = value }
    return (values, exchanges)
  }
}
