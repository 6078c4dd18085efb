/// What a run strives for: a metric of its evaluation, or the epoch's mean of a step's metric, that is to be great or small.
public struct MetricGoal: Sendable, Equatable, Codable {
  public enum Direction: String, Sendable, Codable { case greatest, least }

  public let name: String
  public let direction: Direction
  /// Changes for the better that are no larger do not count.
  public let margin: Double

  /// The greatest value of a metric, such as "validation accuracy".
  public static func greatest(_ name: String, margin: Double = 0) -> MetricGoal {
    MetricGoal(name: name, direction: .greatest, margin: margin)
  }

  /// The least value of a metric, such as "validation loss".
  public static func least(_ name: String, margin: Double = 0) -> MetricGoal { MetricGoal(name: name, direction: .least, margin: margin) }

  private init(name: String, direction: Direction, margin: Double) {
    precondition(margin >= 0, "MetricGoal: the margin \(margin) is negative")
    self.name = name
    self.direction = direction
    self.margin = margin
  }

  /// Whether a value is better than the best so far. NaN never is.
  func isBetter(_ value: Double, than best: Double?) -> Bool {
    guard !value.isNaN else { return false }
    guard let best else { return true }
    return direction == .greatest ? value > best + margin : value < best - margin
  }
}
