import Layers
import Tensors

extension Supernet {
  /// The statistics that an architecture normalises by, from training images: the means, weighted by batch size, of each batch's means and biased
  /// variances. In one pass, so that later layers see earlier ones normalised by their own batch. The network stays as it is.
  ///
  /// - Parameter batches: (batch, height, width, channels) each; at least one.
  public func calibration(_ architecture: Architecture, batches: [Tensor]) -> CalibrationTable {
    precondition(!batches.isEmpty, "Supernet: calibration needs images")
    let subnet = design.subnet(architecture)
    var average = StatisticsAverage()
    for batch in batches {
      let pass = ForwardPass()
      _ = logits(batch, subnet, pass)
      average.add(pass.statistics, count: batch.shape[0])
    }
    return average.table
  }

  /// The statistics of another, larger architecture cut to this one's channels: what an uncalibrated network would have. For showing what calibration is
  /// for; both must have the same blocks or this one fewer.
  public func borrowedStatistics(_ table: CalibrationTable, of larger: Architecture, for architecture: Architecture) -> CalibrationTable {
    let sites = design.subnet(larger).normalizationSites
    precondition(sites.count == table.statistics.count, "Supernet: the calibration is of another architecture")
    let byName = Dictionary(uniqueKeysWithValues: zip(sites.map(\.name), table.statistics))
    return CalibrationTable(
      design.subnet(architecture).normalizationSites.map { site in
        guard let found = byName[site.name], found.mean.shape[0] >= site.channels else {
          preconditionFailure("Supernet: the other architecture has no \(site.channels) channels at \(site.name)")
        }
        return ChannelStatistics(mean: found.mean[0..<site.channels], variance: found.variance[0..<site.channels])
      })
  }
}

/// Statistics of several batches, each weighted by its number of images.
public struct StatisticsAverage {
  private var sums: [ChannelStatistics] = []
  private var count = 0

  public init() {}

  /// Computes the sums, so that one batch at a time is in memory.
  public mutating func add(_ statistics: [ChannelStatistics], count images: Int) {
    let weight = Double(images)
    let parts = statistics.map { ChannelStatistics(mean: $0.mean * weight, variance: $0.variance * weight) }
    sums =
      sums.isEmpty
      ? parts : zip(sums, parts).map { ChannelStatistics(mean: $0.mean + $1.mean, variance: $0.variance + $1.variance) }
    count += images
    evaluate(sums.flatMap { [$0.mean, $0.variance] })
  }

  public var table: CalibrationTable {
    let share = 1 / Double(max(count, 1))
    let statistics = sums.map { ChannelStatistics(mean: $0.mean * share, variance: $0.variance * share) }
    evaluate(statistics.flatMap { [$0.mean, $0.variance] })
    return CalibrationTable(statistics)
  }
}

/// Measures architectures of a supernet: always calibrated for each, on images set apart for that.
public struct SubnetEvaluator: Sendable {
  /// Training images, (batch, height, width, channels) each.
  public let calibrationBatches: [Tensor]
  public let images: Tensor
  /// Whole numbers, (images).
  public let labels: Tensor
  public let batchSize: Int

  /// - Parameters:
  ///   - calibration: (count, height, width, channels), training images.
  ///   - calibrationBatch: images a batch of the calibration.
  ///   - images: (count, height, width, channels), those that accuracy is measured on.
  public init(calibration: Tensor, calibrationBatch: Int = 200, images: Tensor, labels: Tensor, batchSize: Int = 500) {
    precondition(calibration.shape[0] >= 1 && images.shape[0] == labels.shape[0], "SubnetEvaluator: no images, or labels of other images")
    calibrationBatches = calibration.batches(of: calibrationBatch)
    self.images = images
    self.labels = labels
    self.batchSize = batchSize
    evaluate(calibrationBatches)
  }

  /// The share of images that an architecture gets right, from 0 to 1.
  ///
  /// - Parameter table: statistics to use in place of the architecture's own calibration, of the same numbers of channels.
  public func accuracy(of architecture: Architecture, in supernet: Supernet, using table: CalibrationTable? = nil) -> Double {
    let table = table ?? supernet.calibration(architecture, batches: calibrationBatches)
    return accuracy { supernet($0, architecture, ForwardPass(.calibrated(table))) }
  }

  /// The share of images that a network, given as a function from images to scores, gets right.
  public func accuracy(_ logits: (Tensor) -> Tensor) -> Double {
    let hits = zip(images.batches(of: batchSize), labels.batches(of: batchSize)).map { images, labels -> Double in
      (logits(images).argMax(axis: -1).cast(to: .int64) .== labels.cast(to: .int64)).cast(to: .float32).sum().scalar(as: Double.self)
    }
    return hits.reduce(0, +) / Double(images.shape[0])
  }
}

extension Tensor {
  /// Parts of at most `size` along the first axis.
  func batches(of size: Int) -> [Tensor] {
    stride(from: 0, to: shape[0], by: size).map { self[$0..<Swift.min($0 + size, shape[0])] }
  }
}
