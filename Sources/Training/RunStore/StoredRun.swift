import Foundation

/// How far a stored run came.
public enum RunStatus: String, Sendable, Codable, CaseIterable {
  case running
  case finished
  /// Stopped on request; its state is saved.
  case interrupted
  /// Ended by an error.
  case failed
  /// Its process ended without a word: killed, or the machine went down.
  case lost
}

/// One run as the store lists it.
public struct StoredRun: Sendable, Codable, Hashable {
  /// Its number in the store; never given to another run.
  public var id: Int64
  public var system: String
  public var preset: String
  public var seed: Int
  /// What `--data` said; `nil` where the preset's own data were used.
  public var data: String?
  public var status: RunStatus
  public var begun: Date
  /// Seconds from beginning to end; `nil` while it runs.
  public var seconds: Double?
  public var peakBytes: Int?
  /// Of this library.
  public var version: String
  /// Of the repository the program was run in; "+" behind it where files differed from the commit.
  public var commit: String?
  /// The output directory.
  public var directory: String
  /// Why it failed.
  public var problem: String?
  /// Claims that hold, and all.
  public var claimsHolding: Int
  public var claimCount: Int
}

/// Everything the store holds of one run.
public struct StoredRunDetail: Sendable, Codable, Hashable {
  public struct Option: Sendable, Codable, Hashable {
    public var name: String
    /// As `--set` takes it.
    public var value: String
    public var meaning: String
  }

  /// A curve of one of the run's figures: values along an axis, with a standard error where there are several seeds.
  public struct StoredCurve: Sendable, Codable, Hashable {
    public var figure: String
    public var name: String
    public var role: SeriesRole
    public var xName: String
    public var yName: String
    public var x: [Double]
    public var y: [Double]
    public var standardError: [Double]?
  }

  public struct Artefact: Sendable, Codable, Hashable {
    /// Relative to the output directory.
    public var path: String
    public var bytes: Int
  }

  public var run: StoredRun
  public var dataSummary: DataSummary?
  public var options: [Option]
  public var metrics: [String: FindingsDocument.Number]
  public var claims: [FindingsDocument.Verdict]
  public var curves: [StoredCurve]
  public var artefacts: [Artefact]
}

/// Which runs to list.
public struct RunFilter: Sendable, Hashable {
  public var system: String?
  /// Any part of what `--data` said or of the data's name.
  public var data: String?
  public var preset: String?
  public var status: RunStatus?
  /// Begun then or later.
  public var since: Date?
  /// Begun before.
  public var until: Date?
  /// The newest so many.
  public var limit: Int?

  public init(
    system: String? = nil, data: String? = nil, preset: String? = nil, status: RunStatus? = nil, since: Date? = nil, until: Date? = nil,
    limit: Int? = nil
  ) {
    self.system = system
    self.data = data
    self.preset = preset
    self.status = status
    self.since = since
    self.until = until
    self.limit = limit
  }
}
