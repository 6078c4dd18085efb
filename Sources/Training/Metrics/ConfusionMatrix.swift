import Tensors

/// How often each class was taken for each: rows are true classes, columns predicted ones.
public struct ConfusionMatrix: Sendable, Equatable, Codable {
  public let classCount: Int
  /// `counts[actual][predicted]`.
  public private(set) var counts: [[Int]]

  public init(classCount: Int) {
    precondition(classCount > 0, "ConfusionMatrix: \(classCount) classes, at least 1 is needed")
    self.classCount = classCount
    counts = Array(repeating: Array(repeating: 0, count: classCount), count: classCount)
  }

  /// Counts pairs of a predicted and a true class, both in 0 ..< `classCount`.
  public mutating func add(predictions: [Int], labels: [Int]) {
    precondition(predictions.count == labels.count, "ConfusionMatrix: \(predictions.count) predictions for \(labels.count) labels")
    for (predicted, actual) in zip(predictions, labels) {
      precondition(
        (0..<classCount).contains(predicted) && (0..<classCount).contains(actual),
        "ConfusionMatrix: class \(predicted) predicted for \(actual), both must lie in 0 ..< \(classCount)")
      counts[actual][predicted] += 1
    }
  }

  /// Counts the greatest of each row of (count, classes) logits against (count) labels.
  public mutating func add(logits: Tensor, labels: Tensor) {
    precondition(
      logits.rank == 2 && logits.shape[1] == classCount && labels.shape == [logits.shape[0]],
      "ConfusionMatrix: logits \(logits.shape) and labels \(labels.shape), expected [n, \(classCount)] and [n]")
    add(predictions: logits.argMax(axis: -1).array(of: Int.self), labels: labels.array(of: Int.self))
  }

  /// Pairs counted.
  public var count: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }

  /// The fraction on the diagonal; NaN when nothing was counted.
  public var accuracy: Double { Double((0..<classCount).reduce(0) { $0 + counts[$1][$1] }) / Double(count) }

  /// Of those predicted as this class, the fraction that is; 0 when none was predicted.
  public func precision(of label: Int) -> Double { Self.fraction(counts[label][label], counts.reduce(0) { $0 + $1[label] }) }

  /// Of those in this class, the fraction predicted as it; 0 when there are none.
  public func recall(of label: Int) -> Double { Self.fraction(counts[label][label], counts[label].reduce(0, +)) }

  /// The harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN); 0 for a class that neither occurs nor is predicted.
  public func f1(of label: Int) -> Double {
    let predicted = counts.reduce(0) { $0 + $1[label] }
    return Self.fraction(2 * counts[label][label], predicted + counts[label].reduce(0, +))
  }

  /// The mean of the classes' F1, each counting alike.
  public var macroF1: Double { (0..<classCount).reduce(0) { $0 + f1(of: $1) } / Double(classCount) }

  /// F1 of all pairs together; with one label a pair this is the accuracy.
  public var microF1: Double { accuracy }

  /// The mean of the classes' recall over the classes that occur.
  public var balancedAccuracy: Double {
    let occurring = (0..<classCount).filter { counts[$0].contains { $0 > 0 } }
    return occurring.reduce(0) { $0 + recall(of: $1) } / Double(occurring.count)
  }

  private static func fraction(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
}
