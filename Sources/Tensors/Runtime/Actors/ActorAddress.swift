/// Where an actor lives. From an address alone everybody knows its process and its thread, so messages find their way without a directory.
package struct ActorAddress: Sendable, Hashable, Comparable {
  /// What executes, one after the other, in the order in which it is issued. Each queue of a device has a thread of its own.
  package enum QueueKind: UInt64, Sendable, CaseIterable {
    case compute, input, communication
  }

  /// rank (16 bits), kind of device (5), device (7), queue (15), task (21); the most significant first.
  package let bits: UInt64

  /// - Parameters:
  ///   - rank: the process, below 65,536.
  ///   - number: of several queues of a kind, below 4,096.
  ///   - task: below 2,097,152.
  package init(rank: Int = 0, device: Int = 0, queue: QueueKind, number: Int = 0, task: Int) {
    precondition(
      (0..<1 << 16).contains(rank) && (0..<1 << 7).contains(device) && (0..<1 << 12).contains(number) && (0..<1 << 21).contains(task),
      "ActorAddress: rank \(rank), device \(device), queue \(number), task \(task) do not fit 16, 7, 12 and 21 bits")
    bits = UInt64(rank) << 48 | UInt64(device) << 36 | queue.rawValue << 33 | UInt64(number) << 21 | UInt64(task)
  }

  package var rank: Int { Int(bits >> 48) }
  package var task: Int { Int(bits & (1 << 21 - 1)) }
  /// Equal for the actors that share a thread.
  package var thread: UInt64 { bits >> 21 }

  package static func < (a: ActorAddress, b: ActorAddress) -> Bool { a.bits < b.bits }
}
