import Foundation
import Tensors
import Testing
import Training

@Suite struct CheckpointTests {
  private struct State: Codable, Equatable {
    var position = 3
    var average = 0.1
    var note = "a \"b\" / c"
  }

  private struct Options: Codable {
    var batchSize = 64
    var learningRate = 0.1
    var layers = [1, 2]
  }

  private func checkpoint(_ step: Int) -> Checkpoint<State> {
    Checkpoint(
      step: step,
      tensors: [
        "model.weight": Tensor((0..<600).map { Float($0) * Float(step) }, shape: [20, 30]), "optimizer.counts": Tensor([Int64(step), -1]),
        "mask": Tensor([true, false, true]), "empty": Tensor.zeros([0, 3]), "scalar": Tensor(Double(step), dtype: .float64),
      ], state: State(position: step))
  }

  private func files(_ directory: URL) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }

  @Test func whatWasSavedIsRestored() throws {
    try withTemporaryDirectory { directory in
      let store = try CheckpointStore(directory: directory, options: Options())
      #expect(try store.newest(State.self) == nil)
      try store.save(checkpoint(7))
      let restored = try #require(try store.newest(State.self))
      #expect(restored.skipped.isEmpty)
      #expect(restored.checkpoint.step == 7)
      #expect(restored.checkpoint.state == State(position: 7))
      let expected = checkpoint(7).tensors
      #expect(Set(restored.checkpoint.tensors.keys) == Set(expected.keys))
      for (name, tensor) in restored.checkpoint.tensors {
        #expect(tensor.dtype == expected[name]!.dtype && tensor.shape == expected[name]!.shape)
        #expect(tensor.withBytes { Array($0) } == expected[name]!.withBytes { Array($0) })
      }
    }
  }

  @Test func theLatestFewAndTheBestStay() throws {
    try withTemporaryDirectory { directory in
      let store = try CheckpointStore(directory: directory, options: Options(), keptCount: 2)
      for step in 1...5 { try store.save(checkpoint(step), isBest: step == 2) }
      #expect(try files(directory) == ["best.safetensors", "step-000000004.safetensors", "step-000000005.safetensors"])
      #expect(try store.best(State.self)?.checkpoint.step == 2)
      #expect(try store.newest(State.self)?.checkpoint.step == 5)
      // A run that begins anew in the same place is newer, though its steps are fewer.
      try store.save(checkpoint(1))
      #expect(try store.newest(State.self)?.checkpoint.step == 1)
      try store.removeAll()
      #expect(try files(directory).isEmpty)
    }
  }

  @Test func equalStatesGiveEqualBytes() throws {
    try withTemporaryDirectory { directory in
      let store = try CheckpointStore(directory: directory, options: Options())
      let path = try store.save(checkpoint(3))
      let first = try Data(contentsOf: URL(fileURLWithPath: path))
      try store.save(checkpoint(3))
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
    }
  }

  /// Cuts the newest file at every length and flips a bit in every byte (a sample of both): the one before is found, and the loss is told.
  @Test func damageIsNoticedAndTheOneBeforeIsUsed() throws {
    try withTemporaryDirectory { directory in
      let store = try CheckpointStore(directory: directory, options: Options(), keptCount: 2)
      try store.save(checkpoint(1))
      let path = try store.save(checkpoint(2))
      let url = URL(fileURLWithPath: path)
      let whole = [UInt8](try Data(contentsOf: url))
      func check(_ bytes: [UInt8], _ what: String) throws {
        try Data(bytes).write(to: url)
        let restored = try #require(try store.newest(State.self))
        #expect(restored.checkpoint.step == 1, "\(what)")
        #expect(restored.skipped.count == 1 && restored.skipped[0].contains("step-000000002"), "\(what)")
      }
      for length in stride(from: 0, to: whole.count, by: 101) { try check(Array(whole[..<length]), "cut to \(length)") }
      let headerEnd = 8 + whole[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
      for position in stride(from: 0, to: whole.count, by: 37) where position < headerEnd - 8 || position >= headerEnd {
        var damaged = whole
        damaged[position] ^= 1 << UInt8(position % 8)
        // A Boolean stays true when another bit of it turns up.
        guard position != whole.count - 3 && position != whole.count - 1 || position % 8 == 0 else { continue }
        try check(damaged, "bit \(position % 8) of byte \(position)")
      }
    }
  }

  @Test func wholeDamageIsNotTakenForAFreshStart() throws {
    try withTemporaryDirectory { directory in
      let store = try CheckpointStore(directory: directory, options: Options())
      let path = try store.save(checkpoint(1))
      try Data("rubbish".utf8).write(to: URL(fileURLWithPath: path))
      #expect(throws: NoValidCheckpoint.self) { try store.newest(State.self) }
    }
  }

  @Test func aCheckpointOfOtherOptionsIsRefusedWithWords() throws {
    try withTemporaryDirectory { directory in
      try CheckpointStore(directory: directory, options: Options()).save(checkpoint(1))
      let other = try CheckpointStore(directory: directory, options: Options(batchSize: 128, layers: [1, 3]))
      do {
        _ = try other.newest(State.self)
        Issue.record("not refused")
      } catch let error as CheckpointMismatch {
        #expect(error.differences == ["batchSize is 64 there and 128 here", "layers is [1,2] there and [1,3] here"])
        #expect("\(error)".contains("step-000000001.safetensors"))
      }
    }
  }

  @Test func aStateOfAnotherKindIsRefused() throws {
    struct Other: Codable { var unknown: String }
    try withTemporaryDirectory { directory in
      let store = try CheckpointStore(directory: directory, options: Options())
      try store.save(checkpoint(1))
      #expect(throws: NoValidCheckpoint.self) { try store.newest(Other.self) }
    }
  }

  @Test func aFullPlaceLeavesTheOldOnes() throws {
    try withTemporaryDirectory { directory in
      let store = try CheckpointStore(directory: directory.appendingPathComponent("c"), options: Options())
      try store.save(checkpoint(1))
      try FileManager.default.removeItem(at: store.directory)
      try Data().write(to: store.directory)
      #expect(throws: FileAccessError.self) { try store.save(checkpoint(2)) }
    }
  }

  /// A process that writes one checkpoint after the other is killed fifty times. Each time the newest is whole and no older than the one before.
  @Test(.timeLimit(.minutes(10))) func killingTheProcessLosesNothing() throws {
    try withTemporaryDirectory { directory in
      let store = try CheckpointStore(directory: directory, options: ["probe": 1])
      var random = RandomStream(seed: 11)
      let pauses = Tensor.uniform([50], key: random.next(), to: 25_000).array(of: Float.self)
      var last = 0
      for pause in pauses {
        let probe = try Probe("save", directory)
        #expect(probe.line() == "ready")
        usleep(UInt32(pause))
        probe.send(SIGKILL)
        probe.process.waitUntilExit()
        #expect(probe.process.terminationReason == .uncaughtSignal && probe.process.terminationStatus == SIGKILL)
        if let restored = try store.newest([Int].self) {
          let checkpoint = restored.checkpoint
          #expect(restored.skipped.isEmpty)
          #expect(checkpoint.step >= last)
          #expect(checkpoint.state == [checkpoint.step, checkpoint.step])
          #expect(checkpoint.tensors["weights"]?.array(of: Float.self) == [Float](repeating: Float(checkpoint.step), count: 20_000))
          last = checkpoint.step
        }
        if let best = try store.best([Int].self) { #expect(best.checkpoint.step % 3 == 0) }
      }
      #expect(last > 50)
      // What the killed processes left is swept away by the next one that saves.
      try store.save(Checkpoint(step: last + 1, tensors: [:], state: [0]))
      #expect(try files(directory).allSatisfy { !$0.hasSuffix(".partial") })
    }
  }
}

@Suite struct InterruptionTests {
  @Test func theFirstSignalAsksAndTheSecondEnds() throws {
    for signal in [SIGINT, SIGTERM] {
      let probe = try Probe("signal", FileManager.default.temporaryDirectory)
      #expect(probe.line() == "ready")
      probe.send(signal)
      #expect(probe.line() == "signal \(signal)")
      #expect(probe.process.isRunning)
      probe.send(SIGINT)
      probe.process.waitUntilExit()
      #expect(probe.process.terminationReason == .uncaughtSignal && probe.process.terminationStatus == SIGINT)
    }
  }

  /// A training that is stopped by Ctrl-C saves, ends with 4, and continues to the weights of one that was left alone.
  @Test func aTrainingIsStoppedAndContinues() throws {
    try withTemporaryDirectory { directory in
      func lines(stoppingAt step: Int?, _ directory: URL) throws -> (lines: [String], status: Int32) {
        let probe = try Probe("train", directory)
        var lines: [String] = []
        while true {
          let line = probe.line()
          if line.isEmpty { break }
          lines.append(line)
          if let step, line == "step \(step)" { probe.send(SIGINT) }
        }
        probe.process.waitUntilExit()
        #expect(probe.process.terminationReason == .exit)
        return (lines, probe.process.terminationStatus)
      }
      let straight = try lines(stoppingAt: nil, directory.appendingPathComponent("straight"))
      #expect(straight.status == 0 && straight.lines.count == 61)
      let stopped = directory.appendingPathComponent("stopped")
      let first = try lines(stoppingAt: 27, stopped)
      #expect(first.status == 4)
      #expect(first.lines.last!.hasPrefix("interrupted after step ") && first.lines.last!.contains("the state is saved in"))
      let done = first.lines.count - 1
      #expect(done < 60)
      let second = try lines(stoppingAt: nil, stopped)
      #expect(second.status == 0)
      #expect(second.lines.first == "step \(done)")
      #expect(second.lines.last == straight.lines.last)
    }
  }

  @Test func theErrorSaysWhereTheStateIs() {
    #expect("\(Interrupted(signal: SIGINT, checkpoint: "out/step-1", step: 12))" == "interrupted after step 12: the state is saved in out/step-1; resume continues from there")
    #expect("\(Interrupted(signal: SIGINT, checkpoint: nil, step: 12))".contains("nothing is saved"))
  }
}
