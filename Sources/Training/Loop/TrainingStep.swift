import Tensors

/// One step of a run.
public struct TrainingStep: Sendable {
  /// Its number in the run, from 0.
  public let index: Int
  public let epoch: Int
  /// The number of its batch in the epoch, from 0.
  public let batch: Int
  /// Randomness of this step alone, derived from the run's seed and the step's number. Layers draw from it as well, through their context; what is drawn here
  /// comes from a stream of its own.
  public var random: RandomStream
  /// Whether the step is done once more, to find out why the run diverged: then it should have no effect but on the model.
  public let isReplay: Bool
}

/// The end of an epoch.
public struct EpochEnd: Sendable {
  /// From 0.
  public let epoch: Int
  /// Steps done.
  public let step: Int
  /// The mean of each of the steps' metrics over the epoch.
  public let averages: [String: Double]
}

extension RandomStream {
  /// The stream of one step of a run: it depends on the seed and the step's number alone, so there is no state to save.
  public init(seed: Int, step: Int) {
    /// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
    func mixed(_ word: UInt64) -> UInt64 {
      var word = word
      word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
      word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
      return word ^ word >> 31
    }
    // Mixed twice with a constant in between, so that no step meets a stream that `split` makes from the same seed.
    let ofRun = mixed(UInt64(bitPattern: Int64(seed)) ^ 0x5851_f42d_4c95_7f2d)
    self.init(seed: Int(Int64(bitPattern: mixed(ofRun &+ UInt64(bitPattern: Int64(step)) &* 0x9e37_79b9_7f4a_7c15))))
  }
}
