import Dispatch
import Foundation
import Synchronization

/// A queue's thread: takes a message, delivers it, and lets its actors act as long as one can, the first issued first.
///
/// The actors are touched by nobody else once it runs, so they need no lock.
final class ActorThread: Sendable {
  let mailbox = ActorMailbox()
  private let name: String
  private let isStopped = Atomic<Bool>(false)
  private let ended = DispatchSemaphore(value: 0)
  // Written before the thread starts, and by the thread afterwards.
  nonisolated(unsafe) private var actors: [(actor: DataflowActor, body: ActorRuntime.Body)] = []
  nonisolated(unsafe) private var positions: [ActorAddress: Int] = [:]
  nonisolated(unsafe) private var routes: [ActorAddress: ActorMailbox] = [:]
  nonisolated(unsafe) private var isStarted = false

  init(name: String) { self.name = name }

  func add(_ actor: DataflowActor, _ body: @escaping ActorRuntime.Body) {
    positions[actor.address] = actors.count
    actors.append((actor, body))
  }

  func connect(_ producer: ActorAddress, to consumer: DataflowActor.Consumer, mailbox: ActorMailbox) {
    actors[positions[producer]!].actor.connect(consumer)
    route(consumer.address, to: mailbox)
  }

  func route(_ address: ActorAddress, to mailbox: ActorMailbox) { routes[address] = mailbox }

  func start() {
    isStarted = true
    let thread = Thread { [self] in
      work()
      ended.signal()
    }
    thread.name = name
    thread.start()
  }

  func stop() {
    isStopped.store(true, ordering: .releasing)
    mailbox.wake()
  }

  func waitUntilEnded(seconds: Double) -> Bool {
    guard isStarted else { return true }
    guard ended.wait(timeout: .now() + seconds) == .success else { return false }
    ended.signal()
    return true
  }

  private func work() {
    act()
    while !actors.allSatisfy(\.actor.isDone), !isStopped.load(ordering: .acquiring) {
      if let message = mailbox.take() { deliver(message) }
      act()
    }
  }

  private func act() {
    while !isStopped.load(ordering: .acquiring), let position = actors.firstIndex(where: \.actor.isReady) {
      let act = actors[position].actor.begin()
      let value = actors[position].body(act)
      for message in actors[position].actor.finish(act, value) { send(message) }
      for message in actors[position].actor.endIfStarved() { send(message) }
    }
  }

  /// A message to an actor of this thread arrives at once.
  private func send(_ message: ActorMessage) {
    if positions[message.destination] != nil { deliver(message) } else { routes[message.destination]?.put(message) }
  }

  private func deliver(_ message: ActorMessage) {
    guard let position = positions[message.destination] else { return }
    actors[position].actor.receive(message)
    for message in actors[position].actor.endIfStarved() { send(message) }
  }
}
