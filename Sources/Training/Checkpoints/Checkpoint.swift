import Tensors

/// Everything a run needs to go on from a moment as if it had never stopped.
///
/// `State` holds what is not a tensor: the position in the data, the seed, running averages.
public struct Checkpoint<State: Codable & Sendable>: Sendable {
  /// Steps done.
  public var step: Int
  /// Weights, the optimiser's moments, anything else in tensors, by name.
  public var tensors: [String: Tensor]
  public var state: State

  public init(step: Int, tensors: [String: Tensor], state: State) {
    self.step = step
    self.tensors = tensors
    self.state = state
  }
}

/// A checkpoint that was read back.
public struct RestoredCheckpoint<State: Codable & Sendable>: Sendable {
  public let checkpoint: Checkpoint<State>
  /// The file it lay in.
  public let path: String
  /// What was wrong with each newer file, which therefore was passed over.
  public let skipped: [String]
}

/// A checkpoint that cannot be used here, because it was written by a run with other options or another model.
public struct CheckpointMismatch: Error, Sendable, Equatable, CustomStringConvertible {
  public let path: String
  /// What differs, in words: "options.batchSize is 64 there and 128 here".
  public let differences: [String]

  public init(path: String, differences: [String]) {
    self.path = path
    self.differences = differences
  }

  public var description: String {
    "\(path): the checkpoint belongs to another run: \(differences.joined(separator: "; ")); "
      + "resume with the options it was written with, or start anew in another directory"
  }
}

/// No checkpoint of a directory could be read.
public struct NoValidCheckpoint: Error, Sendable, Equatable, CustomStringConvertible {
  public let directory: String
  /// What was wrong with each file, the newest first.
  public let reasons: [String]

  public var description: String {
    "\(directory): none of the \(reasons.count) checkpoints can be read: \(reasons.joined(separator: "; ")); "
      + "start anew without resuming"
  }
}
