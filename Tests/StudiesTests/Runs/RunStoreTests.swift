import Foundation
import GRDB
import Studies
import Testing
import Training

@Suite("The store of runs")
struct RunStoreTests {
  private func withStore(_ body: (RunStore, URL) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      try body(try RunStore(directory.appendingPathComponent("here/store.sqlite"), patience: 0.3), directory)
    }
  }

  private func run(_ name: String, _ assignments: [String] = [], seed: Int = 1, data: String? = nil, in directory: URL, _ store: RunStore)
    throws
    -> CompletedRun
  {
    try SlopeStudy.execute(
      RunRequest(
        seed: seed, data: data, assignments: ["steps=5"] + assignments, output: directory.appendingPathComponent(name), store: store))
  }

  @Test func aRunIsRecordedWithEverything() throws {
    try withStore { store, directory in
      let run = try run("a", seed: 7, data: "lines", in: directory, store)
      let listed = try store.runs()
      #expect(listed.count == 1 && listed[0].id == 1 && listed[0].status == .finished && listed[0].data == "lines")
      #expect(listed[0].claimCount == 2 && listed[0].claimsHolding == run.document.claims.count(where: \.holds))
      let detail = try #require(try store.detail(1))
      #expect(detail.run == listed[0] && detail.metrics == run.document.metrics && detail.claims == run.document.claims)
      #expect(detail.run.seed == 7 && detail.run.directory == run.directory.standardizedFileURL.path)
      #expect(detail.dataSummary == run.document.data)
      #expect(detail.options.map(\.name) == SlopeStudy.Options.fields.map(\.name))
      #expect(detail.options.first { $0.name == "steps" }?.value == "5" && detail.options.first { $0.name == "widths" }?.value == "1,2")
      let curve = try #require(detail.curves.first)
      #expect(detail.curves.count == 1 && curve.figure == "loss" && curve.x == [1, 2, 3, 4, 5] && curve.standardError?.count == 5)
      #expect(curve.y.last == run.document.metrics["line.loss"]?.value)
      #expect(Set(detail.artefacts.map(\.path)).isSuperset(of: ["findings.json", "report.html", "figures/loss.svg", "model.safetensors"]))
      #expect(detail.artefacts.allSatisfy { $0.bytes > 0 })
      #expect(try store.detail(2) == nil)
    }
  }

  @Test func runsThatDoNotEndWellAreTold() throws {
    try withStore { store, directory in
      #expect(throws: Interrupted.self) { try run("a", ["isInterrupted=true"], in: directory, store) }
      #expect(try store.runs()[0].status == .interrupted)
      // Resuming goes on under the same number.
      let resumed = RunRequest(
        assignments: ["steps=5", "isInterrupted=true"], output: directory.appendingPathComponent("a"), leftover: .resume, store: store)
      #expect(throws: Interrupted.self) { try SlopeStudy.execute(resumed) }
      #expect(try store.runs().map(\.id) == [1])

      // One whose directory cannot be taken never began.
      let file = directory.appendingPathComponent("file")
      try Data().write(to: file)
      #expect(throws: OutputDirectoryError.self) { try run("file", in: directory, store) }
      #expect(try store.runs().count == 1)

      // A process that is gone leaves "running" behind, and no lock.
      try DatabaseQueue(path: store.url.path).write { try $0.execute(sql: "UPDATE run SET status = 'running'") }
      #expect(try store.runs()[0].status == .lost)
      #expect(try store.runs(RunFilter(status: .running)).isEmpty)
      #expect(try store.runs(RunFilter(status: .lost)).count == 1)
    }
  }

  @Test func filtersNarrowAndRemovingForgets() throws {
    try withStore { store, directory in
      for (index, data) in ["mnist", "path/to/mnist", "cifar-10"].enumerated() {
        _ = try run("r\(index)", seed: index, data: data, in: directory, store)
      }
      #expect(try store.runs(RunFilter(data: "mnist")).map(\.seed) == [1, 0], "the newest first")
      #expect(try store.runs(RunFilter(data: "line")).count == 3, "by the data's own name")
      #expect(try store.runs(RunFilter(system: "slope", preset: "quick", limit: 2)).map(\.seed) == [2, 1])
      #expect(try store.runs(RunFilter(system: "other")).isEmpty)
      #expect(try store.runs(RunFilter(preset: "paper")).isEmpty)
      let now = Date()
      #expect(try store.runs(RunFilter(since: now.addingTimeInterval(60))).isEmpty)
      #expect(try store.runs(RunFilter(since: now.addingTimeInterval(-3600), until: now.addingTimeInterval(60))).count == 3)
      #expect(try store.newest() == 3)
      #expect(try store.remove([2, 99]) == 1)
      #expect(try store.runs().map(\.id) == [3, 1])
      #expect(try store.detail(2) == nil)
      _ = try run("r3", in: directory, store)
      #expect(try store.newest() == 4, "a number is never given twice")
      let rest = try DatabaseQueue(path: store.url.path).read { try Int.fetchOne($0, sql: "SELECT count(*) FROM metric WHERE run = 2") }
      #expect(rest == 0, "what belonged to it went too")
    }
  }

  @Test func manyWritersLoseNothing() async throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("apus-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    let url = directory.appendingPathComponent("store.sqlite")
    let report = Report(ReportFixture.findings, of: ReportFixture.run, cost: RunCost(seconds: 1, peakBytes: 1))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<8 {
        group.addTask {
          for number in 0..<5 {
            let store = try RunStore(url, patience: 60)
            let output = directory.appendingPathComponent("\(writer)-\(number)")
            let id = try store.begin(report.run, data: "\(writer).\(number)", directory: output, resuming: false)
            try store.finish(id, report, directory: output)
          }
        }
      }
      try await group.waitForAll()
    }
    let runs = try RunStore(url).runs()
    #expect(
      runs.count == 40 && Set(runs.compactMap(\.data)).count == 40 && runs.allSatisfy { $0.status == .finished && $0.claimCount == 1 })
  }

  /// A store is begun by whoever comes first; those who come at the same moment find it begun half way.
  @Test func storesBegunByManyAtOnceAreBegunOnce() async throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("apus-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    for round in 0..<40 {
      let url = directory.appendingPathComponent("store-\(round).sqlite")
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<8 { group.addTask { _ = try RunStore(url) } }
        try await group.waitForAll()
      }
      #expect(try RunStore(url).runs().isEmpty)
    }
  }

  @Test func anOlderStoreIsBroughtUpToDate() throws {
    try withTemporaryDirectory { directory in
      let url = directory.appendingPathComponent("old.sqlite")
      let queue = try DatabaseQueue(path: url.path)
      try RunStoreSchema.migrator.migrate(queue, upTo: "1 runs")
      try queue.write { database in
        try database.execute(sql: "PRAGMA application_id = \(RunStoreSchema.applicationID)")
        try database.execute(
          sql: """
            INSERT INTO run (system, preset, seed, status, begun, version, directory) VALUES ('slope', 'quick', 5, 'finished', 1, '0.0.1', '/old');
            INSERT INTO option (run, position, name, value, meaning) VALUES (1, 0, 'steps', '3', 'steps');
            """)
      }
      try queue.close()
      let store = try RunStore(url)
      let detail = try #require(try store.detail(1))
      #expect(detail.run.seed == 5 && detail.options.map(\.value) == ["3"] && detail.curves.isEmpty && detail.dataSummary == nil)
      _ = try run("new", in: directory, store)
      #expect(try store.runs().count == 2)
    }
  }

  /// Damaged, foreign, newer, locked, and in a place that cannot be written: words, and the file stays as it was.
  @Test func whatIsNoStoreIsRefusedInWords() throws {
    try withTemporaryDirectory { directory in
      func refused(_ name: String, _ words: String, _ make: (URL) throws -> Void) throws {
        let url = directory.appendingPathComponent(name)
        try make(url)
        let before = try? Data(contentsOf: url)
        let error = #expect(throws: RunStoreError.self, "\(name)") { try RunStore(url, patience: 0.2).runs() }
        #expect(
          error?.description.contains(words) == true && error?.description.contains("\n") == false, "\(name): \(error?.description ?? "")")
        #expect((try? Data(contentsOf: url)) == before, "\(name) is left alone")
      }
      try refused("text.sqlite", "is not an SQLite file") { try Data(String(repeating: "no database ", count: 200).utf8).write(to: $0) }
      try refused("foreign.sqlite", "another program") { url in
        try DatabaseQueue(path: url.path).write { try $0.execute(sql: "CREATE TABLE songs (title TEXT)") }
      }
      try refused("newer.sqlite", "newer version") { url in
        _ = try RunStore(url)
        var newer = RunStoreSchema.migrator
        newer.registerMigration("99 of the future") { try $0.execute(sql: "CREATE TABLE future (a)") }
        try newer.migrate(DatabaseQueue(path: url.path))
      }
      try refused("damaged.sqlite", "is damaged") { url in
        _ = try run("r", in: directory, RunStore(url))
        var bytes = try Data(contentsOf: url)
        for index in 4096..<bytes.count { bytes[index] = UInt8(truncatingIfNeeded: index &* 31) }
        try bytes.write(to: url)
      }
      try refused("file/store.sqlite", "folder cannot be written") { url in try Data().write(to: url.deletingLastPathComponent()) }
      let locked = directory.appendingPathComponent("locked.sqlite")
      _ = try RunStore(locked)
      var configuration = Configuration()
      configuration.allowsUnsafeTransactions = true
      let holder = try DatabaseQueue(path: locked.path, configuration: configuration)
      try holder.inDatabase { try $0.execute(sql: "BEGIN EXCLUSIVE") }
      try refused("locked.sqlite", "is locked by another program") { _ in }
      try holder.inDatabase { try $0.execute(sql: "COMMIT") }
      #expect(try RunStore(locked).runs().isEmpty, "and is fine again afterwards")
      #expect(throws: RunStoreError.self) { try RunStore.existing(directory.appendingPathComponent("absent.sqlite")) }
    }
  }

  /// The run is worth more than its record.
  @Test func aStoreThatGoesAwayDoesNotTakeTheRunWithIt() throws {
    try withStore { store, directory in
      _ = try run("a", in: directory, store)
      let holder = try DatabaseQueue(path: store.url.path)
      let output = directory.appendingPathComponent("b")
      // The lock comes between the beginning and the end of the run.
      try holder.inDatabase { try $0.execute(sql: "CREATE TRIGGER broken BEFORE INSERT ON metric BEGIN SELECT RAISE(ABORT, 'no'); END") }
      let error = #expect(throws: UnrecordedRun.self) { try run("b", in: directory, store) }
      #expect(error?.description.contains("apus runs add") == true)
      #expect(try RunFiles.findings(in: output).system == "slope", "whole in its directory")
      try holder.inDatabase { try $0.execute(sql: "DROP TRIGGER broken") }
      let id = try store.add(RunFiles.findings(in: output), data: RunFiles.data(in: output), directory: output, finished: Date())
      #expect(try store.detail(id)?.metrics == RunFiles.findings(in: output).metrics)
    }
  }
}
