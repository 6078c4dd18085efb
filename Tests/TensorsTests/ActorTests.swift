import Foundation
import Synchronization
import Tensors
import Testing

@Suite("Actors, registers and credits")
struct ActorTests {
  /// Runs a chain of actors by a clock of our own: an act takes as long as its actor says, messages arrive at once.
  private struct Simulation {
    private(set) var actors: [DataflowActor]
    private let durations: [Int]
    private let pieces: Int
    private var running: [(end: Int, position: Int, act: DataflowActor.Act)] = []
    private var made = 0
    private(set) var time = 0
    /// How far the first actor was ahead of the last at most.
    private(set) var largestLead = 0
    private var finished: [Int]

    init(registers: [Int], durations: [Int], pieces: Int) {
      self.durations = durations
      self.pieces = pieces
      finished = durations.map { _ in 0 }
      let addresses = registers.indices.map { ActorAddress(queue: .compute, task: $0) }
      actors = registers.enumerated().map { DataflowActor(addresses[$0], producers: $0 == 0 ? [] : [addresses[$0 - 1]], registers: $1) }
      for position in actors.indices.dropLast() { actors[position].connect(.init(address: addresses[position + 1], input: 0)) }
    }

    /// The time at which the last actor has finished the last piece; `nil` where nothing can go on before.
    mutating func run() -> Int? {
      start()
      while finished[finished.count - 1] < pieces {
        guard let next = running.map(\.end).min() else { return nil }
        time = next
        let ending = running.filter { $0.end == next }
        running.removeAll { $0.end == next }
        for (_, position, act) in ending {
          finished[position] += 1
          for message in actors[position].finish(act, position) { actors[message.destination.task].receive(message) }
        }
        start()
        largestLead = max(largestLead, finished[0] - finished[finished.count - 1])
      }
      return time
    }

    private mutating func start() {
      for position in actors.indices where actors[position].isReady && (position > 0 || made < pieces) {
        if position == 0 { made += 1 }
        running.append((time + durations[position], position, actors[position].begin()))
      }
    }
  }

  /// Three in a row: with one register each every stage waits for its reader, with two they overlap (specification of OneFlow, acceptance 5).
  @Test(arguments: [1, 2, 5, 40]) func pipeliningFollowsFromRegisters(pieces: Int) {
    var single = Simulation(registers: [1, 1, 1], durations: [1, 1, 1], pieces: pieces)
    #expect(single.run() == 2 * pieces + 1)
    var double = Simulation(registers: [2, 2, 2], durations: [1, 1, 1], pieces: pieces)
    #expect(double.run() == pieces + 2)
  }

  @Test func aSlowConsumerHoldsItsProducerBack() {
    for registers in 1...4 {
      var simulation = Simulation(registers: [registers, 1], durations: [1, 100], pieces: 30)
      // With one register the producer waits until its piece is read; with more it has the next one ready.
      #expect(simulation.run() == (registers == 1 ? 30 * 101 : 30 * 100 + 1))
      #expect(simulation.largestLead == registers, "never further ahead than it has registers")
    }
  }

  @Test func addressesHoldTheirParts() {
    let address = ActorAddress(rank: 65_535, device: 127, queue: .communication, number: 4_095, task: 2_097_151)
    #expect(address.rank == 65_535 && address.task == 2_097_151)
    #expect(ActorAddress(queue: .input, number: 1, task: 5).thread == ActorAddress(queue: .input, number: 1, task: 9).thread)
    let others = [
      ActorAddress(rank: 1, queue: .input, task: 5), ActorAddress(device: 1, queue: .input, task: 5),
      ActorAddress(queue: .compute, task: 5),
      ActorAddress(queue: .input, number: 1, task: 5), ActorAddress(queue: .input, task: 5),
    ]
    #expect(Set(others.map(\.thread)).count == others.count)
  }

  @Test func piecesFlowInOrderThroughThreads() {
    let runtime = ActorRuntime()
    let numbers = runtime.source(on: .init(.input), registers: 2) { $0 < 500 ? $0 : nil }
    let squares = runtime.actor(on: .init(.compute), reading: [numbers], registers: 2) { ($0[0] as! Int) * ($0[0] as! Int) }
    // On the thread of the squares, and reading both: the number comes from another thread, the square from its own.
    let sums = runtime.actor(on: .init(.compute), reading: [numbers, squares], registers: 1) { ($0[0] as! Int) + ($0[1] as! Int) }
    let sink = runtime.sink(reading: sums)
    runtime.start()
    for number in 0..<500 { #expect(sink.next() as? Int == number + number * number) }
    #expect(sink.next() == nil && sink.next() == nil)
    #expect(runtime.waitUntilEnded(seconds: 10))
  }

  @Test func backPressureIsExactOnThreads() {
    let made = Mutex(0)
    let runtime = ActorRuntime()
    let source = runtime.source(on: .init(.input), registers: 3) { piece in
      made.withLock { $0 += 1 }
      return piece
    }
    let sink = runtime.sink(reading: source)
    runtime.start()
    for taken in 0..<20 {
      // The producer comes to rest exactly three ahead.
      for _ in 0..<5000 where made.withLock({ $0 }) < taken + 3 { Thread.sleep(forTimeInterval: 0.001) }
      #expect(made.withLock { $0 } == taken + 3)
      #expect(sink.next() as? Int == taken)
    }
    runtime.stop()
    #expect(runtime.waitUntilEnded(seconds: 10), "a source without end ends when it is stopped")
  }

  @Test func anEndPassesThroughEveryActor() {
    let runtime = ActorRuntime()
    let short = runtime.source(on: .init(.input), registers: 1) { $0 < 3 ? $0 : nil }
    let long = runtime.source(on: .init(.input, 1), registers: 1) { $0 < 100 ? $0 : nil }
    let pairs = runtime.actor(on: .init(.compute), reading: [short, long], registers: 2) { ($0[0] as! Int) * 1000 + ($0[1] as! Int) }
    let sink = runtime.sink(reading: pairs)
    runtime.start()
    var values: [Int] = []
    while let value = sink.next() { values.append(value as! Int) }
    #expect(values == [0, 1001, 2002])
    runtime.stop()
    #expect(runtime.waitUntilEnded(seconds: 10))
  }
}
