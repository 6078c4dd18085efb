/// How a series is drawn: baselines are grey and dashed, so that the eye finds the method.
public enum SeriesRole: Sendable, Hashable, Codable {
  case method
  case baseline
}

/// Values along an axis, one run a seed; drawn as their mean with a band of one standard error.
public struct Curve: Sendable, Hashable {
  public let name: String
  public let role: SeriesRole
  public let x: [Double]
  /// One value for each x.
  public let y: [Measurement]

  /// - Parameter runs: one array a seed, each with a value for every x.
  public init(_ name: String, x: [Double], runs: [[Double]], role: SeriesRole = .method) {
    for run in runs {
      precondition(run.count == x.count, "Curve \"\(name)\": a run of \(run.count) values, expected one for each of \(x.count) positions")
    }
    self.init(name, x: x, y: x.indices.map { index in Measurement(runs.map { $0[index] }) }, role: role)
  }

  public init(_ name: String, x: [Double], y: [Measurement], role: SeriesRole = .method) {
    precondition(x.count == y.count, "Curve \"\(name)\": \(y.count) values, expected one for each of \(x.count) positions")
    self.name = name
    self.role = role
    self.x = x
    self.y = y
  }

  /// Values at 1, 2, 3, ...: one each epoch.
  public init(_ name: String, perEpoch runs: [[Double]], role: SeriesRole = .method) {
    self.init(name, x: (0..<(runs.first?.count ?? 0)).map { Double($0 + 1) }, runs: runs, role: role)
  }
}
