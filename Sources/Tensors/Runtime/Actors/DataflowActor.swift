import DequeModule

/// The state of one actor: it may act when every input holds a piece and one of its own registers is free.
///
/// A free register is a credit: a producer is never further ahead of its slowest consumer than it has registers, and there is no other flow control
/// (OneFlow, arXiv 2110.15032, section 4). The state knows no thread and no clock; whoever owns it delivers messages and runs the acts, so a simulation drives the
/// same code as the threads do.
package struct DataflowActor: Sendable {
  /// A reader of an actor's registers: which actor, and which of its inputs.
  package struct Consumer: Sendable {
    package let address: ActorAddress
    package let input: Int

    package init(address: ActorAddress, input: Int) {
      self.address = address
      self.input = input
    }
  }

  /// One act under way.
  package struct Act: Sendable {
    let slot: Int
    let taken: [(slot: Int, piece: Int)]
    /// What the inputs hold, in their order.
    package let values: [any Sendable]
    /// Counted from 0.
    package let piece: Int
  }

  package let address: ActorAddress
  private let producers: [ActorAddress]
  package private(set) var consumers: [Consumer] = []
  private var readable: [Deque<(slot: Int, piece: Int, value: any Sendable)>]
  private var hasEnded: [Bool]
  private var free: Deque<Int>
  private var readers: [Int]
  private var nextPiece = 0
  private var isActing = false
  private var hasToldEnd = false

  /// - Parameters:
  ///   - producers: one an input; none makes a source, which may act whenever a register is free.
  ///   - registers: how many pieces it may be ahead of its slowest consumer, at least 1.
  package init(_ address: ActorAddress, producers: [ActorAddress], registers: Int) {
    precondition(registers >= 1, "DataflowActor: \(registers) registers, expected at least 1")
    self.address = address
    self.producers = producers
    readable = producers.map { _ in [] }
    hasEnded = producers.map { _ in false }
    free = Deque(0..<registers)
    readers = Array(repeating: 0, count: registers)
  }

  package mutating func connect(_ consumer: Consumer) { consumers.append(consumer) }

  package mutating func receive(_ message: ActorMessage) {
    switch message.content {
    case .readable(let slot, let piece, let value):
      assert(piece == nextPiece + (isActing ? 1 : 0) + readable[message.input].count, "DataflowActor: pieces out of order")
      readable[message.input].append((slot, piece, value))
    case .acknowledged(let slot):
      readers[slot] -= 1
      assert(readers[slot] >= 0, "DataflowActor: a register was acknowledged more often than it was read")
      if readers[slot] == 0 { free.append(slot) }
    case .ended: hasEnded[message.input] = true
    }
  }

  package var isReady: Bool { !isActing && !hasToldEnd && !free.isEmpty && readable.allSatisfy { !$0.isEmpty } }

  /// Takes a piece of every input and a free register. `isReady` has to hold.
  package mutating func begin() -> Act {
    precondition(isReady, "DataflowActor: begun without a piece of every input or without a free register")
    isActing = true
    let taken = readable.indices.map { readable[$0].removeFirst() }
    return Act(slot: free.removeFirst(), taken: taken.map { ($0.slot, $0.piece) }, values: taken.map(\.value), piece: nextPiece)
  }

  /// Ends an act: the output becomes readable, the inputs are given back.
  /// - Parameter value: what the act made; `nil` where there is nothing more to make.
  package mutating func finish(_ act: Act, _ value: (any Sendable)?) -> [ActorMessage] {
    isActing = false
    var messages = zip(producers, act.taken).map { ActorMessage(destination: $0, input: 0, content: .acknowledged(slot: $1.slot)) }
    guard let value else {
      free.append(act.slot)
      return messages + end()
    }
    nextPiece += 1
    if consumers.isEmpty {
      free.append(act.slot)
    } else {
      readers[act.slot] = consumers.count
      messages += consumers.map {
        ActorMessage(destination: $0.address, input: $0.input, content: .readable(slot: act.slot, piece: act.piece, value))
      }
    }
    return messages
  }

  /// Tells the consumers, once, that nothing more comes, where that is so.
  package mutating func endIfStarved() -> [ActorMessage] {
    let isStarved = zip(hasEnded, readable).contains { $0 && $1.isEmpty }
    return isStarved && !isActing ? end() : []
  }

  private mutating func end() -> [ActorMessage] {
    guard !hasToldEnd else { return [] }
    hasToldEnd = true
    return consumers.map { ActorMessage(destination: $0.address, input: $0.input, content: .ended) }
  }

  /// Whether it will never act again and nobody reads its registers any more.
  package var isDone: Bool { hasToldEnd && !isActing && free.count == readers.count }
}
