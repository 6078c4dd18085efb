/// Decides where every buffer of a plan lies: in the shared arena, in an output, or in an input that may be overwritten.
///
/// Buffers whose lives do not overlap share arena memory; the arena's size is the exact peak of temporary memory. A result takes over
/// the memory of an operand that dies with it where the kernel allows it, which is how parameters are updated without copies.
struct MemoryPlan {
  enum Place: Equatable {
    /// Byte offset in the arena.
    case arena(Int)
    case output(Int)
    /// The memory of an input of the plan.
    case input(Int)
  }

  /// One step of the schedule, in terms of buffers.
  struct Step {
    var reads: [Int]
    var writes: [Int]
    var inPlace: [(write: Int, read: Int)]
    var scratchBytes: Int
  }

  enum Role: Equatable {
    case temporary
    case output(Int)
    case input(Int, isDonatable: Bool)
  }

  var places: [Place]
  /// Arena offset of each step's scratch memory; -1 where there is none.
  var scratch: [Int]
  var arenaBytes = 0
  /// Outputs that live in the memory of an input: output -> input.
  var donations: [Int: Int] = [:]

  init(steps: [Step], roles: [Role], byteCounts: [Int]) {
    let count = roles.count
    var first = [Int](repeating: Int.max, count: count)
    var last = [Int](repeating: -1, count: count)
    for (time, step) in steps.enumerated() {
      for buffer in step.writes {
        first[buffer] = min(first[buffer], time)
        last[buffer] = max(last[buffer], time)
      }
      for buffer in step.reads { last[buffer] = max(last[buffer], time) }
    }

    // A slot is memory that passes from buffer to buffer: `owner[b]` leads to the buffer whose place decides.
    var owner = Array(0..<count)
    func root(_ buffer: Int) -> Int {
      var buffer = buffer
      while owner[buffer] != buffer { buffer = owner[buffer] }
      return buffer
    }
    // A buffer gives its memory away once, and written by one step only it can take over another's.
    var isGiven = [Bool](repeating: false, count: count)
    var writers = [Int](repeating: 0, count: count)
    for step in steps { for buffer in Set(step.writes) { writers[buffer] += 1 } }
    for (time, step) in steps.enumerated() {
      for (write, read) in step.inPlace {
        let target = step.writes[write]
        let source = step.reads[read]
        guard target != source, owner[target] == target, writers[target] == 1, last[source] == time, !isGiven[source],
          // Read through two views, an element would be overwritten before its second reading.
          byteCounts[target] == byteCounts[source], step.reads.count(where: { $0 == source }) == 1
        else { continue }
        // What somebody holds stays as it is, wherever it lies.
        if case .output = roles[source] { continue }
        let slot = root(source)
        switch (roles[target], roles[slot]) {
        case (.temporary, .temporary), (.temporary, .input(_, isDonatable: true)), (.output, .input(_, isDonatable: true)):
          owner[target] = slot
          isGiven[source] = true
        default: continue
        }
      }
    }

    places = Array(repeating: .arena(0), count: count)
    scratch = Array(repeating: -1, count: steps.count)

    // Inputs that die before an output of their size appears can still hold it.
    var outputOfSlot: [Int: Int] = [:]
    var lastOfSlot = [Int](repeating: -1, count: count)
    for buffer in 0..<count { lastOfSlot[root(buffer)] = max(lastOfSlot[root(buffer)], last[buffer]) }
    for buffer in 0..<count {
      guard case .output(let output) = roles[buffer] else { continue }
      let slot = root(buffer)
      if slot != buffer {
        outputOfSlot[slot] = output
      }
    }
    for buffer in 0..<count {
      guard case .output = roles[buffer], root(buffer) == buffer, writers[buffer] > 0 else { continue }
      for candidate in 0..<count {
        guard case .input(_, isDonatable: true) = roles[candidate], outputOfSlot[candidate] == nil,
          byteCounts[candidate] == byteCounts[buffer], lastOfSlot[candidate] < first[buffer], byteCounts[buffer] >= 4096
        else { continue }
        owner[buffer] = candidate
        if case .output(let output) = roles[buffer] { outputOfSlot[candidate] = output }
        lastOfSlot[candidate] = Int.max
        break
      }
    }

    struct Interval {
      let buffer: Int
      let bytes: Int
      let first: Int
      let last: Int
    }
    var intervals: [Interval] = []
    var firstOfSlot = first
    for buffer in 0..<count { firstOfSlot[root(buffer)] = min(firstOfSlot[root(buffer)], first[buffer]) }
    for buffer in 0..<count {
      let slot = root(buffer)
      switch roles[slot] {
      case .input(let input, _):
        places[buffer] = .input(input)
        if case .output(let output) = roles[buffer] { donations[output] = input }
      case .output(let output): places[buffer] = .output(output)
      case .temporary:
        if slot == buffer, lastOfSlot[slot] >= 0 {
          intervals.append(
            Interval(buffer: buffer, bytes: Self.rounded(byteCounts[buffer]), first: firstOfSlot[slot], last: lastOfSlot[slot]))
        }
      }
    }
    for (time, step) in steps.enumerated() where step.scratchBytes > 0 {
      intervals.append(Interval(buffer: -1 - time, bytes: Self.rounded(step.scratchBytes), first: time, last: time))
    }

    // Largest first, each at the lowest offset that is free during its life.
    intervals.sort { ($0.bytes, $1.first) > ($1.bytes, $0.first) }
    var placed: [(offset: Int, interval: Interval)] = []
    var offsetOf = [Int](repeating: 0, count: count)
    for interval in intervals {
      var offset = 0
      var position = 0
      while position < placed.count {
        let other = placed[position]
        if other.interval.first <= interval.last && interval.first <= other.interval.last {
          if other.offset >= offset + interval.bytes { break }
          offset = max(offset, other.offset + other.interval.bytes)
        }
        position += 1
      }
      var low = 0
      var high = placed.count
      while low < high {
        let middle = (low + high) / 2
        if placed[middle].offset < offset { low = middle + 1 } else { high = middle }
      }
      placed.insert((offset, interval), at: low)
      arenaBytes = max(arenaBytes, offset + interval.bytes)
      if interval.buffer >= 0 { offsetOf[interval.buffer] = offset } else { scratch[-1 - interval.buffer] = offset }
    }
    for buffer in 0..<count where roles[root(buffer)] == .temporary { places[buffer] = .arena(offsetOf[root(buffer)]) }
  }

  private static func rounded(_ bytes: Int) -> Int { (bytes + 63) & ~63 }
}

extension MemoryPlan {
  /// The plan for kernels in the order in which they run.
  init(_ kernels: [Kernel], roles: [Role], _ buffers: [Lowering.BufferState]) {
    func coversBuffer(_ view: View) -> Bool { view.isContiguous && view.type.byteCount == buffers[view.buffer].type.byteCount }
    self.init(
      steps: kernels.map { kernel in
        Step(
          reads: kernel.reads.map(\.buffer), writes: kernel.writes.map(\.buffer),
          inPlace: kernel.inPlace.filter { coversBuffer(kernel.writes[$0.write]) && coversBuffer(kernel.reads[$0.read]) },
          scratchBytes: kernel.scratchBytes)
      }, roles: roles, byteCounts: buffers.map(\.type.byteCount))
  }
}
