import Foundation
import Synchronization
import Tensors
import Testing
import Training

@Suite struct RecorderTests {
  private func text(_ url: URL) throws -> String { try String(contentsOf: url, encoding: .utf8) }

  private func recordSomething(_ recorder: Recorder) {
    for step in 1...3 { recorder.record("loss", 1 / Double(step), unit: "nats", step: step, epoch: 0) }
    recorder.scoped("baseline").record("loss", .infinity, step: 3)
    recorder.record("weights", histogramOf: Tensor([Float(0), 1, 2, 3, .nan]), intervalCount: 3, step: 3)
    recorder.record("note", text: "a, \"b\"\nc", step: 3)
  }

  @Test func linesOfJSONSayWhatWasRecorded() throws {
    try withTemporaryDirectory { directory in
      let recorder = try Recorder(directory: directory)
      recordSomething(recorder)
      try recorder.close()
      let expected = """
        {"epoch":0,"name":"loss","step":1,"unit":"nats","value":1}
        {"epoch":0,"name":"loss","step":2,"unit":"nats","value":0.5}
        {"epoch":0,"name":"loss","step":3,"unit":"nats","value":0.3333333333333333}
        {"name":"baseline/loss","step":3,"value":"Infinity"}
        {"histogram":{"count":4,"counts":[1,1,2],"limits":[1,2,3],"maximum":3,"minimum":0,"nonFiniteCount":1,"sum":6,"sumOfSquares":14},"name":"weights","step":3}
        {"name":"note","step":3,"text":"a, \\"b\\"\\nc"}

        """
      #expect(try text(directory.appendingPathComponent("metrics.jsonl")) == expected)
      #expect(
        try text(directory.appendingPathComponent("metrics.csv"))
          == "step,epoch,name,unit,value\r\n1,0,loss,nats,1.0\r\n2,0,loss,nats,0.5\r\n3,0,loss,nats,0.3333333333333333\r\n3,,baseline/loss,,inf\r\n")
      let read = try JSONLinesSink.records(in: directory.appendingPathComponent("metrics.jsonl"))
      #expect(read.count == 6)
      #expect(read[3].scalar == .infinity)
      #expect(read[5].value == .text("a, \"b\"\nc"))
    }
  }

  @Test func equalRunsWriteEqualFiles() throws {
    try withTemporaryDirectory { directory in
      var contents: Set<Data> = []
      for run in 0..<2 {
        let output = directory.appendingPathComponent("\(run)")
        let recorder = try Recorder(directory: output)
        recordSomething(recorder)
        try recorder.flush()
        try recorder.close()
        contents.insert(try Data(contentsOf: output.appendingPathComponent("metrics.jsonl")))
      }
      #expect(contents.count == 1)
    }
  }

  @Test func historyIsThereAtOnce() {
    let recorder = Recorder()
    recordSomething(recorder)
    #expect(recorder.history.names == ["loss", "baseline/loss"])
    #expect(recorder.history["loss"]?.values == [1, 0.5, 1.0 / 3])
    #expect(recorder.history["loss"]?.steps == [1, 2, 3])
    #expect(recorder.history["loss"]?.unit == "nats")
    #expect(recorder.history.latest("baseline/loss") == .infinity)
  }

  /// A run that was killed left half a line; it continues from step 2 and records step 3 again.
  @Test func aRunThatContinuesRecordsNothingTwice() throws {
    try withTemporaryDirectory { directory in
      let straight = directory.appendingPathComponent("straight")
      let first = try Recorder(directory: straight)
      recordSomething(first)
      try first.close()

      let broken = directory.appendingPathComponent("broken")
      let second = try Recorder(directory: broken)
      recordSomething(second)
      try second.close()
      for name in ["metrics.jsonl", "metrics.csv"] {
        let handle = try FileHandle(forWritingTo: broken.appendingPathComponent(name))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"na".utf8))
        try handle.close()
      }
      let third = try Recorder(directory: broken, resuming: true)
      #expect(third.history["loss"]?.steps == [1, 2, 3])
      try third.rewind(toStep: 2)
      #expect(third.history["loss"]?.steps == [1, 2])
      #expect(third.history["baseline/loss"] == nil)
      third.record("loss", 1.0 / 3, unit: "nats", step: 3, epoch: 0)
      third.scoped("baseline").record("loss", .infinity, step: 3)
      third.record("weights", histogramOf: Tensor([Float(0), 1, 2, 3, .nan]), intervalCount: 3, step: 3)
      third.record("note", text: "a, \"b\"\nc", step: 3)
      try third.close()
      for name in ["metrics.jsonl", "metrics.csv"] {
        #expect(try text(straight.appendingPathComponent(name)) == text(broken.appendingPathComponent(name)))
      }
      #expect(try events(straight).map(\.step) == events(broken).map(\.step))
      #expect(try events(straight).map(\.name) == events(broken).map(\.name))
    }
  }

  @Test func rewindingAScopeLeavesOthersAlone() throws {
    let recorder = Recorder()
    for step in 1...4 {
      recorder.record("loss", 0, step: step)
      recorder.scoped("a").record("loss", 0, step: step)
    }
    try recorder.scoped("a").rewind(toStep: 1)
    #expect(recorder.history["loss"]?.steps == [1, 2, 3, 4])
    #expect(recorder.history["a/loss"]?.steps == [1])
  }

  private func events(_ directory: URL) throws -> [(step: Int, name: String)] {
    let folder = directory.appendingPathComponent("tensorboard")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names.count == 1)
    let bytes = [UInt8](try Data(contentsOf: folder.appendingPathComponent(names[0])))
    return EventFile.payloads(of: bytes).compactMap { EventMessage.stepAndName(of: $0) }
  }

  @Test func checksOfEventFilesAreCastagnolis() {
    // RFC 3720, B.4.
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
    #expect(CRC32C.checksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
    #expect(CRC32C.checksum(0..<32) == 0x46dd_794e)
  }

  @Test func eventFilesHoldEveryRecord() throws {
    try withTemporaryDirectory { directory in
      let recorder = try Recorder(directory: directory)
      recordSomething(recorder)
      try recorder.close()
      let found = try events(directory)
      #expect(found.map(\.name) == ["loss", "loss", "loss", "baseline/loss", "weights", "note"])
      #expect(found.map(\.step) == [1, 2, 3, 3, 3, 3])
    }
  }

  /// The bytes of one scalar's event, by hand from the format's description.
  @Test func aScalarsEventIsEncodedAsTheFormatSays() throws {
    try withTemporaryDirectory { directory in
      let sink = try TensorBoardSink(directory: directory)
      try sink.write([MetricRecord(name: "x", step: 300, value: .scalar(0.5))])
      try sink.close()
      let payloads = EventFile.payloads(of: [UInt8](try Data(contentsOf: sink.url)))
      #expect(payloads.count == 2)
      // After the nine bytes of the time: field 2 = 300; field 5 { field 1 { field 1 "x", field 2 0.5 } }.
      #expect(Array(payloads[1].dropFirst(9)) == [0x10, 0xac, 0x02, 0x2a, 0x0a, 0x0a, 0x08, 0x0a, 1, 0x78, 0x15, 0, 0, 0, 0x3f])
      #expect(payloads[0].contains(Array("brain.Event:2".utf8)))
    }
  }

  private final class FailingSink: MetricSink {
    struct Full: Error {}
    func write(_ records: [MetricRecord]) throws { throw Full() }
    func flush() throws {}
    func removeRecords(unless isKept: (String, Int) -> Bool) throws {}
    func close() throws {}
  }

  @Test func aSinkThatFailsIsHeardOf() throws {
    let recorder = Recorder(sinks: [FailingSink()])
    recorder.record("loss", 1, step: 1)
    #expect(throws: FailingSink.Full.self) { try recorder.synchronize() }
    #expect(throws: FailingSink.Full.self) { try recorder.flush() }
  }

  /// Waits until it is let go on.
  private final class SlowSink: MetricSink {
    let gate = DispatchSemaphore(value: 0)
    let count = Mutex(0)
    func write(_ records: [MetricRecord]) throws {
      gate.wait()
      count.withLock { $0 += records.count }
    }
    func flush() throws {}
    func removeRecords(unless isKept: (String, Int) -> Bool) throws {}
    func close() throws {}
  }

  @Test func recordingDoesNotWaitForASink() throws {
    let sink = SlowSink()
    let recorder = Recorder(sinks: [sink])
    // Were recording to wait, this would never end: the gate opens only afterwards.
    for step in 1...1000 { recorder.record("loss", 1, step: step) }
    try recorder.flush()
    #expect(recorder.history["loss"]?.points.count == 1000)
    for _ in 0..<100 { sink.gate.signal() }
    try recorder.close()
    #expect(sink.count.withLock { $0 } == 1000)
  }

  @Test func releasingARecorderWritesEverything() throws {
    try withTemporaryDirectory { directory in
      do {
        let recorder = try Recorder(directory: directory)
        recorder.record("loss", 1, step: 1)
      }
      #expect(try JSONLinesSink.records(in: directory.appendingPathComponent("metrics.jsonl")).count == 1)
    }
  }

  @Test func damagedLinesAreRefusedWithTheirNumber() throws {
    try withTemporaryDirectory { directory in
      let url = directory.appendingPathComponent("metrics.jsonl")
      try Data("{\"name\":\"a\",\"step\":1,\"value\":1}\nnonsense\n".utf8).write(to: url)
      #expect(throws: FileFormatError.self) { try JSONLinesSink.records(in: url) }
      do { _ = try JSONLinesSink.records(in: url) } catch let error as FileFormatError {
        #expect(error.location == .line(2))
        #expect(error.found == "nonsense")
      }
    }
  }

  @Test func histogramsCountEveryFiniteValueOnce() {
    let same = RecordedHistogram(of: [2.0, 2, 2])
    #expect(same.counts == [3])
    #expect(same.limits == [2])
    #expect(RecordedHistogram(of: [Double]()).count == 0)
    let uneven = RecordedHistogram(of: (0..<1000).map { Double($0) * 0.37 - 5 }, intervalCount: 7)
    #expect(uneven.counts.reduce(0, +) == 1000)
    #expect(uneven.counts.max()! - uneven.counts.min()! <= 1)
    #expect(uneven.limits.last == uneven.maximum)
  }
}
