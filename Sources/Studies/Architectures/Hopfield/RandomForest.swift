import Datasets
import Foundation

/// A random forest (Breiman, 2001): trees on bootstrap samples, each split the best of a random few features by Gini's impurity. A baseline for small tables.
struct RandomForest {
  private indirect enum Node {
    case leaf([Double])
    case split(feature: Int, threshold: Float, below: Node, above: Node)
  }

  private let trees: [Node]
  private let classCount: Int

  /// - Parameters:
  ///   - rows: features of each example.
  ///   - labels: classes from 0.
  init(_ rows: [[Float]], labels: [Int], classCount: Int, trees count: Int = 100, seed: Int) {
    self.classCount = classCount
    trees = (0..<count).map { tree in
      var random = SplitMix64(seed: seed, 14, tree)
      let sample = rows.indices.map { _ in random.integer(below: rows.count) }
      return Self.grown(rows, labels, sample, classCount, &random)
    }
  }

  private static func grown(_ rows: [[Float]], _ labels: [Int], _ members: [Int], _ classCount: Int, _ random: inout SplitMix64) -> Node {
    var counts = [Int](repeating: 0, count: classCount)
    for member in members { counts[labels[member]] += 1 }
    let total = Double(members.count)
    func leaf() -> Node { .leaf(counts.map { Double($0) / total }) }
    guard members.count >= 2, counts.count(where: { $0 > 0 }) >= 2 else { return leaf() }
    let width = rows[0].count
    let tried = random.permutation(width)
    var best: (impurity: Double, feature: Int, threshold: Float)?
    // Features without two values do not count among those that are tried.
    var left = max(1, Int(Double(width).squareRoot()))
    for feature in tried where left > 0 {
      let order = members.sorted { rows[$0][feature] < rows[$1][feature] }
      guard rows[order.first!][feature] < rows[order.last!][feature] else { continue }
      left -= 1
      var below = [Int](repeating: 0, count: classCount)
      for position in 0..<(order.count - 1) {
        below[labels[order[position]]] += 1
        let (value, next) = (rows[order[position]][feature], rows[order[position + 1]][feature])
        guard value < next else { continue }
        let belowCount = Double(position + 1)
        let aboveCount = total - belowCount
        var (belowSquares, aboveSquares) = (0.0, 0.0)
        for label in 0..<classCount {
          belowSquares += Double(below[label] * below[label])
          aboveSquares += Double((counts[label] - below[label]) * (counts[label] - below[label]))
        }
        let impurity = total - belowSquares / belowCount - aboveSquares / aboveCount
        if best.map({ impurity < $0.impurity }) ?? true { best = (impurity, feature, value + (next - value) / 2) }
      }
    }
    guard let best else { return leaf() }
    let below = members.filter { rows[$0][best.feature] <= best.threshold }
    let above = members.filter { rows[$0][best.feature] > best.threshold }
    guard !below.isEmpty, !above.isEmpty else { return leaf() }
    return .split(
      feature: best.feature, threshold: best.threshold, below: grown(rows, labels, below, classCount, &random),
      above: grown(rows, labels, above, classCount, &random))
  }

  func predict(_ row: [Float]) -> Int {
    var sums = [Double](repeating: 0, count: classCount)
    for tree in trees {
      var node = tree
      while case .split(let feature, let threshold, let below, let above) = node { node = row[feature] <= threshold ? below : above }
      if case .leaf(let shares) = node { for label in 0..<classCount { sums[label] += shares[label] } }
    }
    return sums.indices.max { sums[$0] < sums[$1] }!
  }
}

/// The class of most of the nearest rows; k is the one of 1, 3, 5, 9, 15 that does best on the training rows, each left out in turn.
struct NearestNeighbours {
  private let rows: [[Float]]
  private let labels: [Int]
  private let k: Int

  init(_ rows: [[Float]], labels: [Int]) {
    self.rows = rows
    self.labels = labels
    let orders = rows.indices.map { row in Self.order(rows[row], rows).filter { $0 != row } }
    let candidates = [1, 3, 5, 9, 15].filter { $0 < rows.count }
    let hits = candidates.map { k in rows.indices.count { Self.vote(orders[$0].prefix(k), labels) == labels[$0] } }
    k = candidates.isEmpty ? 1 : candidates[hits.firstIndex(of: hits.max()!)!]
  }

  func predict(_ row: [Float]) -> Int { Self.vote(Self.order(row, rows).prefix(k), labels) }

  private static func order(_ row: [Float], _ rows: [[Float]]) -> [Int] {
    let distances = rows.map { other in
      var sum: Float = 0
      for index in row.indices { sum += (row[index] - other[index]) * (row[index] - other[index]) }
      return sum
    }
    return Array(distances.indices.sorted { (distances[$0], $0) < (distances[$1], $1) }.prefix(17))
  }

  /// Of classes with as many votes, that of the nearest.
  private static func vote(_ neighbours: ArraySlice<Int>, _ labels: [Int]) -> Int {
    var votes: [Int: Int] = [:]
    for neighbour in neighbours { votes[labels[neighbour], default: 0] += 1 }
    let most = votes.values.max()!
    return labels[neighbours.first { votes[labels[$0]] == most }!]
  }
}
