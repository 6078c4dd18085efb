import Tensors

/// A place in a training run: the batch `batch` of the epoch `epoch`, both counted from 0.
public struct BatchPosition: Codable, Hashable, Sendable, Comparable {
  public var epoch: Int
  public var batch: Int

  public init(epoch: Int = 0, batch: Int = 0) {
    self.epoch = epoch
    self.batch = batch
  }

  public static func < (left: BatchPosition, right: BatchPosition) -> Bool { (left.epoch, left.batch) < (right.epoch, right.batch) }
}

/// Samples that go through a model together.
public struct Batch: Sendable {
  /// float32 (samples, ...) for images and tables; integers, as tokens are, keep their type.
  public let features: Tensor
  /// The labels of the samples as the data set has them; nil where it has none.
  public let labels: Tensor?
  /// float32 (samples, classes): the weight of each class, where samples were mixed; nil otherwise.
  public let targets: Tensor?
  /// The other tensors of the data set, by name.
  public let columns: [String: Tensor]
  /// Which samples of the data set these are.
  public let indices: [Int]
  public let position: BatchPosition
  /// Where a run that stops after this batch is to go on.
  public let next: BatchPosition

  /// Number of samples.
  public var count: Int { indices.count }
}
