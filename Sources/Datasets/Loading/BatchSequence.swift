/// The batches of a stretch of training, prepared in the background a few ahead of the one in use.
///
/// Leaving the loop early stops the preparation.
public struct BatchSequence: Sequence, Sendable {
  let loader: BatchLoader
  let start: BatchPosition
  let end: BatchPosition

  /// Number of batches.
  public var count: Int { Swift.max(0, (end.epoch - start.epoch) * loader.batchesPerEpoch - start.batch) }
  public var underestimatedCount: Int { count }

  public struct Iterator: IteratorProtocol {
    private let prefetcher: Prefetcher<Batch>

    init(_ sequence: BatchSequence) {
      let orders = EpochOrders(loader: sequence.loader)
      let start = sequence.start
      let perEpoch = sequence.loader.batchesPerEpoch
      prefetcher = Prefetcher(count: sequence.count, ahead: sequence.loader.prefetch, workers: sequence.loader.workers) { index in
        let flat = start.batch + index
        let position = BatchPosition(epoch: start.epoch + flat / perEpoch, batch: flat % perEpoch)
        return orders.loader.batch(at: position, order: orders.order(ofEpoch: position.epoch))
      }
    }

    public mutating func next() -> Batch? { prefetcher.next() }
  }

  public func makeIterator() -> Iterator { Iterator(self) }
}
