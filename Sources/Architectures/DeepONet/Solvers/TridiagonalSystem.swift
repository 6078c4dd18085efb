/// A linear system whose matrix has three diagonals.
struct TridiagonalSystem {
  /// Below the diagonal (the first entry is not used), on it, and above it (the last entry is not used).
  var lower: [Double]
  var diagonal: [Double]
  var upper: [Double]

  /// By elimination without exchanges (Thomas): for matrices with a dominant diagonal.
  func solve(_ right: [Double]) -> [Double] {
    let count = right.count
    var ratios = [Double](repeating: 0, count: count)
    var solution = right
    ratios[0] = upper[0] / diagonal[0]
    solution[0] = right[0] / diagonal[0]
    for i in 1..<max(count, 1) where i < count {
      let pivot = diagonal[i] - lower[i] * ratios[i - 1]
      ratios[i] = upper[i] / pivot
      solution[i] = (right[i] - lower[i] * solution[i - 1]) / pivot
    }
    for i in stride(from: count - 2, through: 0, by: -1) { solution[i] -= ratios[i] * solution[i + 1] }
    return solution
  }

  /// The same with the first entry of `lower` in the last column of the first row and the last of `upper` in the first column of the last row, by
  /// the formula of Sherman and Morrison. Needs three rows or more.
  func solveCyclic(_ right: [Double]) -> [Double] {
    let last = right.count - 1
    let (corner, other) = (lower[0], upper[last])
    let gamma = -diagonal[0]
    var inner = self
    inner.diagonal[0] -= gamma
    inner.diagonal[last] -= corner * other / gamma
    let solution = inner.solve(right)
    var column = [Double](repeating: 0, count: right.count)
    column[0] = gamma
    column[last] = other
    let influence = inner.solve(column)
    let factor = (solution[0] + corner * solution[last] / gamma) / (1 + influence[0] + corner * influence[last] / gamma)
    return zip(solution, influence).map { $0 - factor * $1 }
  }
}
