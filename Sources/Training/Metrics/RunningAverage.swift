/// The mean of values that come one by one, each with a weight.
public struct RunningAverage: Sendable, Equatable, Codable {
  public private(set) var weight = 0.0
  private var sum = 0.0

  public init() {}

  /// - Parameter weight: at least 0; the number of examples that `value` is the mean of, for instance.
  public mutating func add(_ value: Double, weight: Double = 1) {
    precondition(weight >= 0, "RunningAverage: the weight \(weight) is negative")
    sum += value * weight
    self.weight += weight
  }

  /// Nil before anything was added.
  public var mean: Double? { weight > 0 ? sum / weight : nil }
}

/// A mean in which a value's weight falls by `decay` with each value after it, free of the pull towards the start (Kingma and Ba, 2015, section 3).
public struct ExponentialAverage: Sendable, Equatable, Codable {
  /// In 0 ..< 1.
  public let decay: Double
  private var sum = 0.0
  private var weight = 0.0

  public init(decay: Double = 0.9) {
    precondition((0..<1).contains(decay), "ExponentialAverage: the decay \(decay) must lie in 0 ..< 1")
    self.decay = decay
  }

  public mutating func add(_ value: Double) {
    sum = decay * sum + (1 - decay) * value
    weight = decay * weight + (1 - decay)
  }

  /// Nil before anything was added.
  public var mean: Double? { weight > 0 ? sum / weight : nil }
}
