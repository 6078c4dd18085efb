import Synchronization
import Tensors

/// Makes the elements of a sequence in the background, in order of their index, at most a few ahead of what was taken.
///
/// Each worker is an actor on a queue of its own and makes every so many-th element; its registers are its permission to run ahead, so memory stays
/// bounded while the consumer is slow. The elements are taken from the workers in turn, which keeps their order.
package final class Prefetcher<Element: Sendable>: Sendable {
  private let count: Int
  private let make: @Sendable (Int) -> Element
  private let runtime = ActorRuntime()
  private let sinks: [ActorSink]
  private let taken = Mutex(0)
  private let started: Started
  private let isCancelled = Atomic<Bool>(false)

  private final class Started: Sendable {
    let count = Atomic<Int>(0)
  }

  /// - Parameters:
  ///   - ahead: elements made before they are asked for; 0 makes each on the caller's thread.
  ///   - make: gives the element of an index; called once for each, from any thread.
  package init(count: Int, ahead: Int, workers: Int, make: @escaping @Sendable (Int) -> Element) {
    self.count = count
    self.make = make
    let (runtime, started) = (runtime, Started())
    self.started = started
    let workers = min(workers, count, ahead)
    sinks = (0..<workers).map { worker in
      let source = runtime.source(on: .init(.input, worker), registers: ahead / workers + (worker < ahead % workers ? 1 : 0)) { piece in
        let index = worker + piece * workers
        guard index < count else { return nil }
        started.count.add(1, ordering: .relaxed)
        return make(index)
      }
      return runtime.sink(reading: source)
    }
    runtime.start()
  }

  deinit { cancel() }

  /// The next element; nil at the end. One consumer only.
  package func next() -> Element? {
    let index = taken.withLock { taken in
      defer { taken += 1 }
      return taken
    }
    guard index < count, !isCancelled.load(ordering: .relaxed) else { return nil }
    if sinks.isEmpty { return make(index) }
    return sinks[index % sinks.count].next().map { $0 as! Element }
  }

  /// Stops the workers after what they are at.
  package func cancel() {
    isCancelled.store(true, ordering: .relaxed)
    runtime.stop()
    for sink in sinks { sink.close() }
  }

  /// Waits until no worker runs any more. Returns whether that was so within the time.
  package func waitUntilFinished(seconds: Double) -> Bool { runtime.waitUntilEnded(seconds: seconds) }

  /// How many elements were begun so far.
  package var begun: Int { started.count.load(ordering: .relaxed) }
}
