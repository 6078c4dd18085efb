/// What was run, in the words a report shows: the system, its options, and the command that runs it again.
public struct RunDescription: Sendable {
  /// A field of the options with its value.
  public struct Option: Sendable, Hashable {
    public let name: String
    public let value: String
    public let meaning: String

    public init(name: String, value: String, meaning: String) {
      self.name = name
      self.value = value
      self.meaning = meaning
    }
  }

  public var system: String
  public var title: String
  public var authors: [String]
  public var year: Int
  public var source: String
  public var family: String
  public var problem: String
  /// What the paper says it achieves.
  public var claim: String
  public var preset: String
  public var seed: Int
  public var options: [Option]
  /// The same options as they are written into files.
  public var optionsJSON: JSONValue
  /// A command line that gives the same findings again.
  public var command: String

  public init(
    system: String, title: String, authors: [String], year: Int, source: String, family: String, problem: String, claim: String,
    preset: String,
    seed: Int, options: [Option], optionsJSON: JSONValue, command: String
  ) {
    self.system = system
    self.title = title
    self.authors = authors
    self.year = year
    self.source = source
    self.family = family
    self.problem = problem
    self.claim = claim
    self.preset = preset
    self.seed = seed
    self.options = options
    self.optionsJSON = optionsJSON
    self.command = command
  }
}

/// What a run took.
public struct RunCost: Sendable, Hashable {
  public var seconds: Double
  /// The most memory the process held at once.
  public var peakBytes: Int

  public init(seconds: Double, peakBytes: Int) {
    self.seconds = seconds
    self.peakBytes = peakBytes
  }
}
