import Foundation
import Training

/// A study as somebody asks for it.
public struct RunRequest: Sendable {
  public var preset: Preset
  public var seed: Int
  /// A name or a path; `nil` asks for the preset's own data.
  public var data: String?
  /// Changes to the preset's options.
  public var optionsFile: OptionsFile?
  /// Changes to these, of the form "name=value".
  public var assignments: [String]
  public var output: URL
  public var leftover: OutputDirectory.Leftover
  /// Where the run is recorded; `nil` records it nowhere.
  public var store: RunStore?
  /// The command that asked for it, without its options: ["run", "noprop"]; `nil` for that which runs the system.
  public var words: [String]?

  public init(
    preset: Preset = .quick, seed: Int = 1, data: String? = nil, optionsFile: OptionsFile? = nil, assignments: [String] = [], output: URL,
    leftover: OutputDirectory.Leftover = .protect, store: RunStore? = nil, words: [String]? = nil
  ) {
    self.preset = preset
    self.seed = seed
    self.data = data
    self.optionsFile = optionsFile
    self.assignments = assignments
    self.output = output
    self.leftover = leftover
    self.store = store
    self.words = words
  }
}

/// A run that is done.
public struct CompletedRun: Sendable {
  public let directory: URL
  public let document: FindingsDocument
  /// What is missing though the run is done, in words: a figure that could not be drawn.
  public let warnings: [String]
  /// False where the run was done already and only had to be found.
  public let isNew: Bool

  public var report: URL { directory.appendingPathComponent("report.html") }
}

/// `options.json`: what a run was asked for, enough to load its model and to continue it.
public struct SavedRequest<Options: StudyOptions>: Codable, Sendable, Equatable {
  public var system: String
  public var preset: Preset
  public var seed: Int
  public var data: String?
  public var options: Options
}

/// A run that cannot be continued as it was asked for.
public struct RequestMismatch: Error, Sendable, Hashable, LocalizedError, CustomStringConvertible {
  public let path: String
  /// "seed is 1 there and 2 here".
  public let differences: [String]

  public var description: String {
    "\(path) is another run: \(differences.joined(separator: "; ")); resume with the options it was begun with, or give --out another directory"
  }
  public var errorDescription: String? { description }
}

/// A run that is done and whole, but that the store did not take.
public struct UnrecordedRun: Error, Sendable, Hashable, LocalizedError, CustomStringConvertible {
  public let directory: URL
  public let cause: RunStoreError

  public var description: String {
    "the run is done and whole in \(directory.relativePath), but was not recorded: \(cause); record it with: apus runs add \(directory.relativePath)"
  }
  public var errorDescription: String? { description }
}
