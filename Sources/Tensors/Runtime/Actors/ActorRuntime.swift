import DequeModule
import Dispatch
import Foundation
import Synchronization

/// Actors on threads, one thread a queue: they run as far ahead of each other as their registers allow, without locks in what they do.
///
///     let runtime = ActorRuntime()
///     let reader = runtime.source(on: .init(.input), registers: 2) { piece in piece < 100 ? read(piece) : nil }
///     let decoder = runtime.actor(on: .init(.input, 1), reading: [reader], registers: 2) { values in decode(values[0]) }
///     let sink = runtime.sink(reading: decoder)
///     runtime.start()
///     while let value = sink.next() { ... }
///
/// The plan of one process on one device has one queue, so nothing is ever waited for and no message is sent: `Plan.run` is the loop that remains. Loading data
/// is where a second queue begins; communication will be the third.
package final class ActorRuntime: Sendable {
  /// A queue of this process.
  package struct Queue: Sendable, Hashable {
    package let kind: ActorAddress.QueueKind
    package let number: Int

    package init(_ kind: ActorAddress.QueueKind, _ number: Int = 0) {
      self.kind = kind
      self.number = number
    }
  }

  package typealias Body = @Sendable (_ act: DataflowActor.Act) -> (any Sendable)?

  private struct State {
    var threads: [UInt64: ActorThread] = [:]
    var order: [UInt64] = []
    var taskCount = 0
    var isStarted = false
  }

  private let state = Mutex(State())

  package init() {}

  /// An actor without inputs: makes piece after piece until `body` returns `nil`.
  package func source(on queue: Queue, registers: Int, body: @escaping @Sendable (_ piece: Int) -> (any Sendable)?) -> ActorAddress {
    add(on: queue, reading: [], registers: registers) { body($0.piece) }
  }

  /// An actor that makes a piece of one of every input.
  package func actor(
    on queue: Queue, reading producers: [ActorAddress], registers: Int,
    body: @escaping @Sendable (_ values: [any Sendable]) -> (any Sendable)?
  ) -> ActorAddress {
    precondition(!producers.isEmpty, "ActorRuntime: an actor without inputs is a source")
    return add(on: queue, reading: producers, registers: registers) { body($0.values) }
  }

  /// Hands the pieces of `producer` to the caller's thread.
  package func sink(reading producer: ActorAddress) -> ActorSink {
    let sink = ActorSink(self, producer)
    let address = nextAddress(on: Queue(.compute))
    state.withLock { state in
      let thread = state.threads[producer.thread]!
      thread.connect(producer, to: DataflowActor.Consumer(address: address, input: 0), mailbox: sink.mailbox)
    }
    return sink
  }

  /// Starts the threads. Nothing is added afterwards.
  package func start() {
    let threads = state.withLock { state in
      precondition(!state.isStarted, "ActorRuntime: started twice")
      state.isStarted = true
      return state.order.map { state.threads[$0]! }
    }
    for thread in threads { thread.start() }
  }

  /// Asks every thread to end after the act it is at.
  package func stop() {
    for thread in state.withLock({ Array($0.threads.values) }) { thread.stop() }
  }

  /// Returns whether all threads have ended within the time.
  package func waitUntilEnded(seconds: Double) -> Bool {
    state.withLock { Array($0.threads.values) }.allSatisfy { $0.waitUntilEnded(seconds: seconds) }
  }

  func send(_ message: ActorMessage) { state.withLock { $0.threads[message.destination.thread] }?.mailbox.put(message) }

  private func nextAddress(on queue: Queue) -> ActorAddress {
    state.withLock { state in
      precondition(!state.isStarted, "ActorRuntime: an actor was added to a runtime that has started")
      defer { state.taskCount += 1 }
      return ActorAddress(queue: queue.kind, number: queue.number, task: state.taskCount)
    }
  }

  private func add(on queue: Queue, reading producers: [ActorAddress], registers: Int, body: @escaping Body) -> ActorAddress {
    let address = nextAddress(on: queue)
    state.withLock { state in
      if state.threads[address.thread] == nil {
        state.threads[address.thread] = ActorThread(name: "apus-\(queue.kind)-\(queue.number)")
        state.order.append(address.thread)
      }
      let thread = state.threads[address.thread]!
      thread.add(DataflowActor(address, producers: producers, registers: registers), body)
      for (input, producer) in producers.enumerated() {
        state.threads[producer.thread]!.connect(
          producer, to: DataflowActor.Consumer(address: address, input: input), mailbox: thread.mailbox)
      }
      for producer in Set(producers) { thread.route(producer, to: state.threads[producer.thread]!.mailbox) }
    }
    return address
  }
}

/// Messages on their way to one thread.
final class ActorMailbox: Sendable {
  private let waiting = Mutex<Deque<ActorMessage>>([])
  private let count = DispatchSemaphore(value: 0)

  func put(_ message: ActorMessage) {
    waiting.withLock { $0.append(message) }
    count.signal()
  }

  /// Wakes whoever waits, with nothing.
  func wake() { count.signal() }

  /// The next message, when there is one; `nil` when woken without.
  func take() -> ActorMessage? {
    count.wait()
    return waiting.withLock { $0.popFirst() }
  }
}

/// Pieces for the thread that asks for them. Taking one gives its producer the credit back.
package final class ActorSink: Sendable {
  let mailbox = ActorMailbox()
  private let runtime: ActorRuntime
  private let producer: ActorAddress
  private let hasEnded = Mutex(false)

  init(_ runtime: ActorRuntime, _ producer: ActorAddress) {
    self.runtime = runtime
    self.producer = producer
  }

  /// The next piece, when it is made; `nil` after the last, and when the runtime was stopped meanwhile. One consumer only.
  package func next() -> (any Sendable)? {
    guard !hasEnded.withLock({ $0 }) else { return nil }
    guard let message = mailbox.take(), case .readable(let slot, _, let value) = message.content else {
      hasEnded.withLock { $0 = true }
      return nil
    }
    runtime.send(ActorMessage(destination: producer, input: 0, content: .acknowledged(slot: slot)))
    return value
  }

  /// Ends the wait of `next`.
  package func close() { mailbox.wake() }
}
