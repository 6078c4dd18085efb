import Datasets
import Dispatch
import Foundation
import Synchronization
import Tensors
import Testing

@Suite("Batch loading")
struct LoaderTests {
  private struct Seen: Equatable {
    let indices: [Int]
    let features: [Float]
    let labels: [Int]
    let targets: [Float]?
    let position: BatchPosition
  }

  private func seen(_ batch: Batch) -> Seen {
    Seen(
      indices: batch.indices, features: batch.features.array(of: Float.self), labels: batch.labels!.array(of: Int.self),
      targets: batch.targets?.array(of: Float.self), position: batch.position)
  }

  private func loader(prefetch: Int, workers: Int = 1, order: BatchLoader.Order = .shuffled) -> BatchLoader {
    BatchLoader(
      numberedImages(count: 29, height: 6, width: 6), batchSize: 4, seed: 3, order: order,
      augmentations: [RandomCrop(padding: 1), HorizontalFlip()],
      normalization: Normalization(mean: [0.5], standardDeviation: [0.25]), mixing: .mixup(alpha: 0.3), prefetch: prefetch, workers: workers
    )
  }

  @Test(arguments: BatchLoader.Order.allCases) func threadsAndLookaheadChangeNothing(order: BatchLoader.Order) {
    let expected = loader(prefetch: 0, order: order).batches(epochs: 3).map(seen)
    #expect(expected.count == 3 * 8)
    for (prefetch, workers) in [(1, 1), (2, 1), (5, 2), (40, 4)] {
      #expect(loader(prefetch: prefetch, workers: workers, order: order).batches(epochs: 3).map(seen) == expected)
    }
  }

  @Test func aSavedPositionContinuesTheSameSequence() throws {
    let whole = loader(prefetch: 2).batches(epochs: 3)
    let expected = whole.map(seen)
    #expect(whole.count == 24)
    for stop in [1, 5, 8, 13, 24] {
      var position = BatchPosition()
      var first: [Seen] = []
      for batch in loader(prefetch: 3, workers: 2).batches(epochs: 3) {
        first.append(seen(batch))
        position = batch.next
        if first.count == stop { break }
      }
      let saved = try JSONEncoder().encode(position)
      let restored = try JSONDecoder().decode(BatchPosition.self, from: saved)
      let rest = loader(prefetch: 1).batches(from: restored, epochs: 3)
      #expect(rest.count == 24 - stop)
      #expect(first + rest.map(seen) == expected, "stopped after \(stop)")
    }
  }

  @Test func anEpochShowsEverySampleOnce() {
    let data = numberedImages(count: 29)
    for dropsLast in [false, true] {
      let loader = BatchLoader(data, batchSize: 8, seed: 1, dropsLast: dropsLast)
      var orders: [[Int]] = []
      for epoch in 0..<3 {
        let indices = loader.batches(ofEpoch: epoch).flatMap(\.indices)
        #expect(Set(indices).count == indices.count && indices.count == (dropsLast ? 24 : 29))
        orders.append(indices)
      }
      #expect(Set(orders).count == 3)
    }
    #expect(BatchLoader(data, batchSize: 8, seed: 1, order: .sequential).batches(ofEpoch: 1).flatMap(\.indices) == Array(0..<29))
  }

  @Test func balancedOrderEvensClassesOut() {
    let labels = (0..<400).map { Int32($0 < 380 ? 0 : 1) }
    let data = Dataset(
      name: "uneven", features: Tensor((0..<400).map { Float($0) }, shape: [400, 1]), labels: Tensor(labels), classNames: ["many", "few"])
    let drawn = BatchLoader(data, batchSize: 50, seed: 1, order: .balanced).batches(ofEpoch: 0).flatMap(\.indices)
    let few = drawn.count { $0 >= 380 }
    #expect(drawn.count == 400 && few > 160 && few < 240)
  }

  @Test func batchesHoldWhatTheDataSetHas() {
    let data = numberedImages(count: 10, height: 2, width: 2)
    let batch = BatchLoader(data, batchSize: 4, seed: 1, order: .sequential).batch(at: BatchPosition(epoch: 0, batch: 1))
    #expect(batch.indices == [4, 5, 6, 7] && batch.features.shape == [4, 2, 2, 1] && batch.features.dtype == .float32)
    let bytes = data.features.array(of: UInt8.self)
    #expect(batch.features.array(of: Float.self) == bytes[16..<32].map { Float($0) * (1 / 255) })
    #expect(batch.columns["groups"]!.array(of: Int.self) == [1, 1, 1, 1])
    #expect(batch.next == BatchPosition(epoch: 0, batch: 2))
    #expect(BatchLoader(data, batchSize: 4, seed: 1).batch(at: BatchPosition(epoch: 0, batch: 2)).next == BatchPosition(epoch: 1, batch: 0))
  }

  @Test func lookaheadIsBounded() {
    // The consumer takes nothing until the workers have come to rest.
    for (ahead, workers) in [(1, 1), (3, 1), (4, 3)] {
      let prefetcher = Prefetcher(count: 100, ahead: ahead, workers: workers) { $0 }
      var last = -1
      for _ in 0..<500 where prefetcher.begun != last || prefetcher.begun < ahead {
        last = prefetcher.begun
        Thread.sleep(forTimeInterval: 0.002)
      }
      #expect(prefetcher.begun == ahead)
      for index in 0..<10 { #expect(prefetcher.next() == index) }
      #expect(prefetcher.begun <= 10 + ahead)
      prefetcher.cancel()
      #expect(prefetcher.waitUntilFinished(seconds: 10))
      #expect(prefetcher.next() == nil)
    }
  }

  @Test func aSequenceLeftEarlyLeavesNoThread() {
    // Every element made holds on to this object; when the workers are gone, so is it.
    final class Witness: Sendable {}
    weak var witness: Witness?
    do {
      let held = Witness()
      witness = held
      let prefetcher = Prefetcher(count: 1000, ahead: 3, workers: 3) { [held] index in (index, held) }
      #expect(prefetcher.next()?.0 == 0 && prefetcher.next()?.0 == 1)
    }
    for _ in 0..<2000 where witness != nil { Thread.sleep(forTimeInterval: 0.005) }
    #expect(witness == nil)
  }

  @Test func elementsComeInOrderFromManyWorkers() {
    let made = Mutex<Set<Int>>([])
    let prefetcher = Prefetcher(count: 300, ahead: 7, workers: 5) { index -> Int in
      made.withLock { #expect($0.insert(index).inserted) }
      if index % 17 == 0 { Thread.sleep(forTimeInterval: 0.001) }
      return index
    }
    for index in 0..<300 { #expect(prefetcher.next() == index) }
    #expect(prefetcher.next() == nil && prefetcher.waitUntilFinished(seconds: 10))
    #expect(made.withLock(\.count) == 300)
  }

  @Test func normalizationIsFittedToTheData() {
    let data = numberedImages(count: 50, channels: 3)
    let normalization = Normalization(fitting: data)
    let loader = BatchLoader(data, batchSize: 50, seed: 1, normalization: normalization)
    let values = loader.batch(at: BatchPosition()).features
    let means = values.mean(axes: [0, 1, 2]).array(of: Float.self)
    let squares = (values * values).mean(axes: [0, 1, 2]).array(of: Float.self)
    #expect(means.allSatisfy { abs($0) < 1e-4 } && squares.allSatisfy { abs($0 - 1) < 1e-3 })
  }
}
