import Foundation
import Tensors

/// How far a trained layer is from the bottleneck's optimum, and the beta at which it is nearest (section 3.6).
public struct LayerOptimality: Sendable, Hashable {
  /// The beta whose equations, with the layer's own p(t) and p(y|t), come nearest to its encoder.
  public let beta: Double
  /// E_x KL[p(t|x) || p_beta(t|x)] there, in bits.
  public let residual: Double

  /// - Parameters:
  ///   - states: the state of the layer at each input; a deterministic encoder.
  ///   - labels: p(y|x) of each input, equally likely.
  ///   - betas: to choose from.
  public init(states: [Int], labels: [[Double]], betas: [Double]) throws(InformationError) {
    guard states.count == labels.count, !states.isEmpty else {
      throw .count(what: "states", found: states.count, expected: labels.count)
    }
    guard !betas.isEmpty else { throw .empty(what: "betas") }
    let names = BinnedInformation.dense(states)
    let count = (names.max() ?? 0) + 1
    let classes = labels[0].count
    var clusters = [Double](repeating: 0, count: count)
    var decoder = [[Double]](repeating: [Double](repeating: 0, count: classes), count: count)
    let share = 1 / Double(states.count)
    for (name, row) in zip(names, labels) {
      clusters[name] += share
      for y in 0..<classes { decoder[name][y] += row[y] * share }
    }
    for t in 0..<count { for y in 0..<classes { decoder[t][y] /= clusters[t] } }
    // A label that a cluster never has is at a large but finite distance.
    let logDecoder = Tensor(decoder.flatMap { $0.map { $0 > 0 ? log($0) : -1e4 } }, shape: [count, classes])
    // Inputs of equal p(y|x) are at equal distances from every cluster: one row stands for all of them.
    var levels: [[Double]: Int] = [:]
    var rows: [[Double]] = []
    let level = labels.map { row -> Int in
      if let known = levels[row] { return known }
      levels[row] = rows.count
      rows.append(row)
      return rows.count - 1
    }
    let conditional = Tensor(rows.flatMap(\.self), shape: [rows.count, classes])
    let negativeEntropy = Tensor(rows.map { $0.reduce(0) { $0 + ($1 > 0 ? $1 * log($1) : 0) } })
    let distance = negativeEntropy.expandingShape(at: 1) - conditional.matmul(logDecoder.transposed())
    let logClusters = Tensor(clusters.map { log($0) })
    let rowOfInput = Tensor(level.map { Int32($0) })
    let cellOfInput = Tensor(zip(level, names).map { Int32($0 * count + $1) })
    evaluate(distance, logClusters)
    var best = (beta: betas[0], residual: Double.infinity)
    for beta in betas {
      let scores = logClusters - distance * beta
      // p(t|x) is 1 at the layer's own state: the divergence is -log p_beta there.
      let chosen = scores.flattened().gathered(cellOfInput)
      let totals = scores.logSumExp(axes: [1]).gathered(rowOfInput)
      let residual = (totals - chosen).mean().scalar(as: Double.self) / log(2)
      if residual < best.residual { best = (beta, residual) }
    }
    beta = best.beta
    residual = best.residual
  }

  /// The distance below a curve of (I(X;T), I(T;Y)) at the same I(X;T), in bits; the curve is taken straight between its points, and flat beyond.
  public static func distance(of layer: LayerInformation, below curve: [LayerInformation]) -> Double {
    let points = ([LayerInformation(aboutInput: 0, aboutLabel: 0)] + curve).sorted { $0.aboutInput < $1.aboutInput }
    guard let right = points.firstIndex(where: { $0.aboutInput >= layer.aboutInput }) else {
      return points.last!.aboutLabel - layer.aboutLabel
    }
    guard right > 0 else { return points[0].aboutLabel - layer.aboutLabel }
    let (a, b) = (points[right - 1], points[right])
    let part = b.aboutInput > a.aboutInput ? (layer.aboutInput - a.aboutInput) / (b.aboutInput - a.aboutInput) : 1
    return a.aboutLabel + part * (b.aboutLabel - a.aboutLabel) - layer.aboutLabel
  }
}
