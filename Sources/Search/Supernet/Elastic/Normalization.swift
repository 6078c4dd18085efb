import Layers
import Tensors

/// Mean and biased variance of the channels of one batch normalisation.
public struct ChannelStatistics: Sendable {
  public let mean: Tensor
  public let variance: Tensor

  public init(mean: Tensor, variance: Tensor) {
    self.mean = mean
    self.variance = variance
  }
}

/// The statistics that one architecture normalises by: for each of its normalisations, in the order in which they run.
///
/// They belong to the architecture and never enter the shared network.
public struct CalibrationTable: Sendable {
  public let statistics: [ChannelStatistics]
  public init(_ statistics: [ChannelStatistics]) { self.statistics = statistics }
}

/// What batch normalisations go by.
public enum NormalizationMode: Sendable {
  /// Statistics of this mini-batch: the only way of training.
  case batch
  /// Those of an architecture's calibration.
  case calibrated(CalibrationTable)
}

/// What is left out at random in training.
public struct Regularization: Sendable, Hashable, Codable {
  /// Share of the classifier's inputs that are dropped.
  public var dropout: Double
  /// Share of samples for which the last residual branch is dropped; earlier ones are dropped in proportion to their place.
  public var dropPath: Double

  public init(dropout: Double = 0, dropPath: Double = 0) {
    self.dropout = dropout
    self.dropPath = dropPath
  }

  public static let none = Regularization()
}
