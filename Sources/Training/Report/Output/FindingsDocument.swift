/// `findings.json`.
public struct FindingsDocument: Sendable, Codable {
  public struct Number: Sendable, Codable, Hashable {
    public var value: Double
    public var unit: String
    /// Where there are several seeds.
    public var standardError: Double?
    public var seeds: Int?
  }

  public struct Verdict: Sendable, Codable, Hashable {
    public var id: String
    public var statement: String
    public var measured: Double
    public var baseline: Double
    public var relation: String
    public var margin: Double
    public var holds: Bool
    public var unit: String
    public var measuredName: String
    public var baselineName: String
    /// Where there are several seeds.
    public var measuredStandardError: Double?
    public var baselineStandardError: Double?
    public var seeds: Int?
  }

  public var system: String
  public var preset: String
  public var seed: Int
  public var options: JSONValue
  public var data: DataSummary
  public var metrics: [String: Number]
  public var claims: [Verdict]
  public var seconds: Double
  public var peakBytes: Int
  public var version: String

  public init(_ findings: Findings, of run: RunDescription, cost: RunCost, version: String) {
    system = run.system
    preset = run.preset
    seed = run.seed
    options = run.optionsJSON
    data = findings.data
    metrics = Dictionary(
      uniqueKeysWithValues: findings.metrics.map { metric in
        (
          metric.name,
          Number(
            value: metric.value.mean, unit: metric.unit.rawValue, standardError: metric.value.standardError, seeds: metric.value.seedCount)
        )
      })
    claims = findings.claims.map { claim in
      Verdict(
        id: claim.id, statement: claim.statement, measured: claim.measured.mean, baseline: claim.baseline.mean,
        relation: claim.relation.rawValue,
        margin: claim.margin, holds: claim.holds, unit: claim.unit.rawValue, measuredName: claim.measuredName,
        baselineName: claim.baselineName,
        measuredStandardError: claim.measured.standardError, baselineStandardError: claim.baseline.standardError,
        seeds: claim.measured.seedCount)
    }
    seconds = cost.seconds
    peakBytes = cost.peakBytes
    self.version = version
  }
}

extension Measurement {
  /// How many seeds, where there are several.
  fileprivate var seedCount: Int? { values.count > 1 ? values.count : nil }
}
