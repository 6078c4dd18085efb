/// How often each class was taken for each other.
public struct ConfusionMatrix: Sendable, Hashable {
  public let classes: [String]
  /// `counts[truth][prediction]`.
  public let counts: [[Int]]

  public init(classes: [String], counts: [[Int]]) {
    precondition(
      counts.count == classes.count && counts.allSatisfy { $0.count == classes.count },
      "ConfusionMatrix: the counts are not \(classes.count) x \(classes.count), the number of classes")
    self.classes = classes
    self.counts = counts
  }

  /// Counts pairs of class numbers.
  public init(classes: [String], truth: [Int], predictions: [Int]) {
    precondition(truth.count == predictions.count, "ConfusionMatrix: \(truth.count) labels, \(predictions.count) predictions")
    var counts = [[Int]](repeating: [Int](repeating: 0, count: classes.count), count: classes.count)
    for (label, prediction) in zip(truth, predictions) {
      precondition(
        classes.indices.contains(label) && classes.indices.contains(prediction),
        "ConfusionMatrix: class \(label) taken for \(prediction), expected 0 to \(classes.count - 1)")
      counts[label][prediction] += 1
    }
    self.init(classes: classes, counts: counts)
  }
}
