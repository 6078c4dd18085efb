import Dispatch
import Foundation
import Synchronization

/// Makes the elements of a sequence in the background, in order of their index, at most a few ahead of what was taken.
///
/// Each element has a slot in a ring. A free slot is a worker's permission to start on the next index, so that memory stays bounded while the
/// consumer is slow, and elements come out in order whatever the number of workers.
package final class Prefetcher<Element: Sendable>: Sendable {
  private struct State {
    var nextToMake = 0
    var nextToTake = 0
    var slots: [Element?]
    var isCancelled = false
    var running = 0
  }

  private final class Shared: Sendable {
    let count: Int
    let make: @Sendable (Int) -> Element
    let state: Mutex<State>
    let free = DispatchSemaphore(value: 0)
    let filled: [DispatchSemaphore]
    let finished = DispatchSemaphore(value: 0)

    init(count: Int, capacity: Int, make: @escaping @Sendable (Int) -> Element) {
      self.count = count
      self.make = make
      state = Mutex(State(slots: Array(repeating: nil, count: capacity)))
      filled = (0..<capacity).map { _ in DispatchSemaphore(value: 0) }
      for _ in 0..<capacity { free.signal() }
    }

    func work() {
      while true {
        free.wait()
        let taken = state.withLock { state -> Int? in
          guard !state.isCancelled, state.nextToMake < count else { return nil }
          defer { state.nextToMake += 1 }
          return state.nextToMake
        }
        guard let index = taken else { break }
        let element = make(index)
        let slot = index % filled.count
        state.withLock { if !$0.isCancelled { $0.slots[slot] = element } }
        filled[slot].signal()
      }
      // The next worker that waits has to learn of the end as well.
      free.signal()
      state.withLock { $0.running -= 1 }
      finished.signal()
    }
  }

  private let shared: Shared
  private let isSynchronous: Bool
  private let workers: Int

  /// - Parameters:
  ///   - ahead: elements made before they are asked for; 0 makes each on the caller's thread.
  ///   - make: gives the element of an index; called once for each, from any thread.
  package init(count: Int, ahead: Int, workers: Int, make: @escaping @Sendable (Int) -> Element) {
    shared = Shared(count: count, capacity: max(ahead, 1), make: make)
    isSynchronous = ahead == 0
    self.workers = isSynchronous ? 0 : min(workers, count)
    let started = self.workers
    shared.state.withLock { $0.running = started }
    for _ in 0..<started {
      let shared = shared
      let thread = Thread { shared.work() }
      thread.name = "apus-prefetch"
      thread.start()
    }
  }

  deinit { cancel() }

  /// The next element; nil at the end. One consumer only.
  package func next() -> Element? {
    let index = shared.state.withLock { state -> Int? in
      guard !state.isCancelled, state.nextToTake < shared.count else { return nil }
      defer { state.nextToTake += 1 }
      return state.nextToTake
    }
    guard let index else { return nil }
    if isSynchronous { return shared.make(index) }
    let slot = index % shared.filled.count
    shared.filled[slot].wait()
    let element = shared.state.withLock { state -> Element? in
      defer { state.slots[slot] = nil }
      return state.slots[slot]
    }
    shared.free.signal()
    return element
  }

  /// Stops the workers after what they are at, and lets go of what they made.
  package func cancel() {
    shared.state.withLock { state in
      state.isCancelled = true
      for slot in state.slots.indices { state.slots[slot] = nil }
    }
    shared.free.signal()
  }

  /// Waits until no worker runs any more. Returns whether that was so within the time.
  package func waitUntilFinished(seconds: Double) -> Bool {
    for _ in 0..<workers where shared.finished.wait(timeout: .now() + seconds) == .timedOut { return false }
    return true
  }

  /// How many elements were begun so far.
  package var begun: Int { shared.state.withLock(\.nextToMake) }
}
