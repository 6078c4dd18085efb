import Foundation
import Training

/// What a study is given beside its options: seed, data, and where to put what it makes.
public final class StudyRun: Sendable {
  public let preset: Preset
  /// The seed of the first repetition.
  public let seed: Int
  /// The name or path given by `--data`; `nil` asks for the preset's own data.
  public let data: String?
  /// Where models and checkpoints go while the study runs. It becomes the output directory when the run is done.
  public let directory: URL
  /// Continue from the state that an interrupted run left in `directory`.
  public let isResuming: Bool

  public init(preset: Preset, seed: Int, data: String? = nil, directory: URL, isResuming: Bool = false) {
    self.preset = preset
    self.seed = seed
    self.data = data
    self.directory = directory
    self.isResuming = isResuming
  }

  /// The seeds of several repetitions: seed, seed + 1, ...
  public func seeds(_ count: Int) -> [Int] { (0..<count).map { seed + $0 } }
}
