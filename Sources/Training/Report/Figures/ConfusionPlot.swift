/// How often each class was taken for each other, as colours.
public struct ConfusionPlot: Sendable, Hashable {
  public let classes: [String]
  /// `counts[truth][prediction]`.
  public let counts: [[Int]]

  public init(classes: [String], counts: [[Int]]) {
    precondition(
      counts.count == classes.count && counts.allSatisfy { $0.count == classes.count },
      "ConfusionPlot: the counts are not \(classes.count) x \(classes.count), the number of classes")
    self.classes = classes
    self.counts = counts
  }

  public init(classes: [String], _ matrix: ConfusionMatrix) { self.init(classes: classes, counts: matrix.counts) }
}
