import Tensors

extension ConfusionMatrix {
  /// Counts the greatest of each row of (count, classes) logits against (count) labels.
  public init(classes: [String], logits: Tensor, labels: Tensor) {
    precondition(
      logits.rank == 2 && logits.shape[1] == classes.count && labels.shape == [logits.shape[0]],
      "ConfusionMatrix: logits \(logits.shape) and labels \(labels.shape), expected [n, \(classes.count)] and [n]")
    self.init(classes: classes, truth: labels.array(of: Int.self), predictions: logits.argMax(axis: -1).array(of: Int.self))
  }

  /// The counts of both, for batches that are evaluated one by one.
  public static func + (a: ConfusionMatrix, b: ConfusionMatrix) -> ConfusionMatrix {
    precondition(a.classes == b.classes, "ConfusionMatrix: the classes \(a.classes) and \(b.classes) differ")
    return ConfusionMatrix(classes: a.classes, counts: zip(a.counts, b.counts).map { zip($0, $1).map(+) })
  }

  public static func += (a: inout ConfusionMatrix, b: ConfusionMatrix) { a = a + b }

  /// Pairs counted.
  public var total: Int { counts.reduce(0) { $0 + $1.reduce(0, +) } }

  /// The fraction on the diagonal; NaN when nothing was counted.
  public var accuracy: Double { Double(classes.indices.reduce(0) { $0 + counts[$1][$1] }) / Double(total) }

  /// Of those predicted as this class, the fraction that is; 0 when none was predicted.
  public func precision(of label: Int) -> Double { fraction(counts[label][label], predicted(label)) }

  /// Of those in this class, the fraction predicted as it; 0 when there are none.
  public func recall(of label: Int) -> Double { fraction(counts[label][label], occurring(label)) }

  /// The harmonic mean of precision and recall, 2 TP / (2 TP + FP + FN); 0 for a class that neither occurs nor is predicted.
  public func f1(of label: Int) -> Double { fraction(2 * counts[label][label], predicted(label) + occurring(label)) }

  /// The mean of the classes' F1, each class counting alike.
  public var macroF1: Double { classes.indices.reduce(0) { $0 + f1(of: $1) } / Double(classes.count) }

  /// F1 of all pairs together; with one label a pair this is the accuracy.
  public var microF1: Double { accuracy }

  /// The mean recall of the classes that occur.
  public var balancedAccuracy: Double {
    let present = classes.indices.filter { occurring($0) > 0 }
    return present.reduce(0) { $0 + recall(of: $1) } / Double(present.count)
  }

  private func predicted(_ label: Int) -> Int { counts.reduce(0) { $0 + $1[label] } }
  private func occurring(_ label: Int) -> Int { counts[label].reduce(0, +) }
  private func fraction(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
}
