import Synchronization

/// The orders of the epochs in use: while one ends, the first batches of the next are being prepared.
final class EpochOrders: Sendable {
  let loader: BatchLoader
  private let known = Mutex<[(epoch: Int, order: [Int])]>([])

  init(loader: BatchLoader) { self.loader = loader }

  func order(ofEpoch epoch: Int) -> [Int] {
    known.withLock { known in
      if let found = known.first(where: { $0.epoch == epoch }) { return found.order }
      let order = loader.sampleOrder(ofEpoch: epoch)
      if known.count == 2 { known.removeFirst() }
      known.append((epoch, order))
      return order
    }
  }
}
