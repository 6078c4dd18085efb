/// What a study found: numbers, tables, figures, and the verdicts on the paper's claims.
///
/// Holds data only; reports and files are made of it by `Report`.
public struct Findings: Sendable {
  /// What the study ran on.
  public var data: DataSummary
  public private(set) var metrics: [Metric] = []
  /// The study's main figure first.
  public private(set) var figures: [Figure] = []
  public private(set) var tables: [Table] = []
  public private(set) var claims: [Claim] = []

  public init(on data: DataSummary) { self.data = data }

  public mutating func add(_ metric: Metric) {
    precondition(!metrics.contains { $0.name == metric.name }, "Findings: the metric \"\(metric.name)\" is there already")
    metrics.append(metric)
  }

  public mutating func add(_ figure: Figure) {
    precondition(!figures.contains { $0.name == figure.name }, "Findings: the figure \"\(figure.name)\" is there already")
    figures.append(figure)
  }

  public mutating func add(_ table: Table) {
    precondition(!tables.contains { $0.name == table.name }, "Findings: the table \"\(table.name)\" is there already")
    tables.append(table)
  }

  public mutating func add(_ claim: Claim) {
    precondition(!claims.contains { $0.id == claim.id }, "Findings: the claim \"\(claim.id)\" is there already")
    claims.append(claim)
  }
}

/// The data a study ran on.
public struct DataSummary: Sendable, Hashable, Codable {
  /// The name of the set, as in "mnist" or "digits".
  public var name: String
  /// Drawn by a generator of this project, no file read.
  public var isGenerated: Bool
  /// Examples for training and for testing; `nil` where the set has no such part.
  public var trainingExamples: Int?
  public var testExamples: Int?
  public var classes: Int?
  /// One example, as in "14 x 14 x 1".
  public var shape: String?

  public init(
    _ name: String, isGenerated: Bool, trainingExamples: Int? = nil, testExamples: Int? = nil, classes: Int? = nil, shape: String? = nil
  ) {
    self.name = name
    self.isGenerated = isGenerated
    self.trainingExamples = trainingExamples
    self.testExamples = testExamples
    self.classes = classes
    self.shape = shape
  }
}
