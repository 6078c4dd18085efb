import Foundation
import Training

/// What a study is given beside its options: seed, data, where to show and record progress, and where to put what it makes.
public struct StudyRun: Sendable {
  public let preset: Preset
  /// The seed of the first repetition.
  public let seed: Int
  /// The name or path given by `--data`; `nil` asks for the preset's own data.
  public let data: String?
  /// Where models and checkpoints go while the study runs. It becomes the output directory when the run is done.
  public let directory: URL
  /// Continue from the state that an interrupted run left in `directory`.
  public let isResuming: Bool
  public let progress: ProgressDisplay
  public let recorder: Recorder

  /// A run of its own, in a program or a test: nothing is shown, and measurements stay in memory unless a recorder is given.
  public init(
    preset: Preset = .quick, seed: Int = 1, data: String? = nil, directory: URL, isResuming: Bool = false,
    progress: ProgressDisplay = .silent,
    recorder: Recorder = Recorder()
  ) {
    self.preset = preset
    self.seed = seed
    self.data = data
    self.directory = directory
    self.isResuming = isResuming
    self.progress = progress
    self.recorder = recorder
  }

  /// The seeds of several repetitions: seed, seed + 1, ...
  public func seeds(_ count: Int) -> [Int] { (0..<count).map { seed + $0 } }

  /// Runs `body` for each seed of several repetitions, and shows how far it is where there are several.
  public func overSeeds<Result>(_ count: Int, _ body: (_ seed: Int) throws -> Result) rethrows -> [Result] {
    guard count > 1 else { return try seeds(count).map(body) }
    let phase = progress.phase("seed", of: count)
    defer { phase.finish() }
    return try seeds(count).map { seed in
      let result = try body(seed)
      phase.advance()
      return result
    }
  }

  /// A file of the output directory, as "model.safetensors".
  public func file(_ name: String) -> URL { directory.appendingPathComponent(name) }

  /// For long work outside of training loops: throws `Interrupted` when the user has asked to stop. What the loops saved is there to go on from.
  public func stopIfAsked() throws {
    guard let signal = Interruption.signal else { return }
    throw Interrupted(signal: signal, checkpoint: OutputDirectory.checkpoints(in: directory).path, step: 0)
  }

  /// The checkpoints of one part of the run, such as one network with one seed. They go when the run is done.
  /// - Parameters:
  ///   - part: lower case words joined by hyphens; every part of a run has its own.
  ///   - options: everything that makes the part what it is; a checkpoint of other options is refused.
  public func checkpoints(_ part: String, options: some Encodable) throws -> CheckpointStore {
    let store = try CheckpointStore(directory: OutputDirectory.checkpoints(in: directory).appendingPathComponent(part), options: options)
    if !isResuming { try store.removeAll() }
    return store
  }
}
