/// F1 where an example may carry any number of labels.
public struct MultilabelF1: Sendable, Equatable, Codable {
  private var truePositives: [Int]
  private var falsePositives: [Int]
  private var falseNegatives: [Int]

  public init(labelCount: Int) {
    precondition(labelCount > 0, "MultilabelF1: \(labelCount) labels, at least 1 is needed")
    truePositives = Array(repeating: 0, count: labelCount)
    falsePositives = truePositives
    falseNegatives = truePositives
  }

  /// Counts one example: for each label, whether it was predicted and whether it holds.
  public mutating func add(predictions: [Bool], labels: [Bool]) {
    precondition(
      predictions.count == truePositives.count && labels.count == truePositives.count,
      "MultilabelF1: \(predictions.count) predictions and \(labels.count) labels, expected \(truePositives.count) of each")
    for index in labels.indices {
      switch (predictions[index], labels[index]) {
      case (true, true): truePositives[index] += 1
      case (true, false): falsePositives[index] += 1
      case (false, true): falseNegatives[index] += 1
      case (false, false): break
      }
    }
  }

  /// The mean of the labels' F1; a label that neither occurs nor is predicted counts 0.
  public var macro: Double {
    truePositives.indices.reduce(0) { $0 + f1(truePositives[$1], falsePositives[$1], falseNegatives[$1]) } / Double(truePositives.count)
  }

  /// F1 of all decisions together.
  public var micro: Double { f1(truePositives.reduce(0, +), falsePositives.reduce(0, +), falseNegatives.reduce(0, +)) }

  private func f1(_ hits: Int, _ extras: Int, _ misses: Int) -> Double {
    let whole = 2 * hits + extras + misses
    return whole == 0 ? 0 : Double(2 * hits) / Double(whole)
  }
}
