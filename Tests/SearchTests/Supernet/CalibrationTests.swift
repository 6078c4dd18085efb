import Layers
import Search
import Tensors
import TestSupport
import Testing

@Suite struct CalibrationTests {
  /// Statistics of a plain network in double precision, layer by layer, as the definition says.
  private func statistics(_ network: MaterializedNetwork, batches: [Tensor]) -> [ChannelStatistics] {
    var average = StatisticsAverage()
    for batch in batches {
      var found: [ChannelStatistics] = []
      func unit(_ unit: MaterializedNetwork.Unit, _ x: Tensor) -> Tensor {
        let y = unit.convolution(x)
        guard let norm = unit.normalization else { return unit.activation(y) }
        let mean = y.mean(axes: [0, 1, 2])
        let variance = (y - mean).square().mean(axes: [0, 1, 2])
        found.append(ChannelStatistics(mean: mean, variance: variance))
        return unit.activation((y - mean) / (variance + norm.configuration.epsilon).sqrt() * norm.weight!.value + norm.bias!.value)
      }
      let resized = batch.shape[1] == network.resolution ? batch : batch.resized(to: [network.resolution, network.resolution])
      var x = unit(network.stem[0], resized)
      for block in network.blocks {
        let y = unit(block.project, unit(block.middle, block.expand.map { unit($0, x) } ?? x))
        x = block.addition == .identity ? x + y : y
      }
      if let head = network.head { _ = unit(head, x) }
      average.add(found, count: batch.shape[0])
    }
    return average.table.statistics
  }

  @Test func `calibrated statistics are those of the plain network in double precision, and repeat`() throws {
    let supernet = try SearchFixtures.supernet()
    let double = try SearchFixtures.supernet(dtype: .float64)
    let batches = [SearchFixtures.images(8, seed: 1), SearchFixtures.images(5, seed: 2)]
    var random = TestRandom(seed: 6)
    for architecture in [supernet.space.minimum, supernet.space.sample(using: &random), supernet.space.maximum] {
      let table = supernet.calibration(architecture, batches: batches)
      let exact = statistics(double.materialized(architecture), batches: batches.map { $0.cast(to: .float64) })
      #expect(table.statistics.count == exact.count)
      for (ours, theirs) in zip(table.statistics, exact) {
        #expect(
          SearchFixtures.difference(ours.mean, theirs.mean) < 1e-4 && SearchFixtures.difference(ours.variance, theirs.variance) < 1e-4)
      }
      let again = supernet.calibration(architecture, batches: batches)
      for (one, other) in zip(table.statistics, again.statistics) {
        #expect(one.mean.array(of: Float.self) == other.mean.array(of: Float.self))
        #expect(one.variance.array(of: Float.self) == other.variance.array(of: Float.self))
      }
    }
  }
}
