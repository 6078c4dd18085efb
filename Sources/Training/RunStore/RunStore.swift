import Foundation
import GRDB
import Tensors

/// What every run was asked for and what it found, in one SQLite file that outlives the output directories.
///
/// The file is open only while something is read or written, so any number of processes share it; a writer waits for the others.
public struct RunStore: Sendable {
  public let url: URL
  /// Seconds to wait for other writers.
  public let patience: TimeInterval

  /// The file that `APUS_STORE` names, or `runs/store.sqlite` below the working directory.
  public static var defaultLocation: URL {
    if let path = ProcessInfo.processInfo.environment["APUS_STORE"], !path.isEmpty { return URL(fileURLWithPath: path) }
    return URL(fileURLWithPath: "runs/store.sqlite")
  }

  /// Opens the store at `url`, begins it where there is none, and brings an older one up to date.
  /// - Throws: `RunStoreError`: the file is damaged, is none of ours, was written by a newer version, is locked, or cannot be written.
  public init(_ url: URL, patience: TimeInterval = 30) throws(RunStoreError) {
    self.init(unopened: url, patience: patience)
    do {
      try FileManager.default.createDirectory(at: self.url.deletingLastPathComponent(), withIntermediateDirectories: true)
    } catch {
      throw RunStoreError(path: url.path, problem: "cannot be made: its folder cannot be written", advice: RunStoreError.elsewhere)
    }
    try access { queue throws in
      let migrator = RunStoreSchema.migrator
      let (isMarked, isNewer, isComplete) = try queue.read { database in
        (
          try mark(of: database) == RunStoreSchema.applicationID, try migrator.hasBeenSuperseded(database),
          try migrator.hasCompletedMigrations(database)
        )
      }
      if isNewer, isMarked {
        throw RunStoreError(
          path: url.path, problem: "was written by a newer version of Apus", advice: "use that version, or \(RunStoreError.elsewhere)")
      }
      // Whoever only reads a store that is up to date waits for no writer.
      if isMarked && isComplete { return }
      try queue.write { database in try refuseForeign(database) }
      try Self.bringUpToDate(queue, by: migrator)
    }
  }

  /// Takes the steps that are missing.
  ///
  /// Another process may do the same at this moment: then a step fails here, whole, because it was taken there since this one looked, and what is
  /// left is tried again. An error without such progress is one of its own.
  private static func bringUpToDate(_ queue: DatabaseQueue, by migrator: DatabaseMigrator) throws {
    var taken = try queue.read { try migrator.appliedIdentifiers($0).count }
    while true {
      do { return try migrator.migrate(queue) } catch {
        let now = try queue.read { try migrator.appliedIdentifiers($0).count }
        guard now > taken else { throw error }
        taken = now
      }
    }
  }

  /// The store at `url`, which has to be there.
  public static func existing(_ url: URL, patience: TimeInterval = 30) throws(RunStoreError) -> RunStore {
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw RunStoreError(path: url.path, problem: "is not there", advice: "a run begins it; or \(RunStoreError.elsewhere)")
    }
    return try RunStore(url, patience: patience)
  }

  private init(unopened url: URL, patience: TimeInterval) {
    self.url = url.standardizedFileURL
    self.patience = patience
  }

  // MARK: Recording

  /// Enters a run that begins. One that was interrupted in the same directory goes on under its number.
  package func begin(_ run: RunDescription, data: String?, directory: URL, resuming: Bool, environment: EnvironmentFacts = .current)
    throws(RunStoreError) -> Int64
  {
    try write { database in
      if resuming {
        let earlier = try Int64.fetchOne(
          database, sql: "SELECT max(id) FROM run WHERE directory = ? AND system = ? AND status IN ('interrupted', 'running')",
          arguments: [directory.standardizedFileURL.path, run.system])
        if let earlier {
          try database.execute(sql: "UPDATE run SET status = 'running', problem = NULL WHERE id = ?", arguments: [earlier])
          return earlier
        }
      }
      try database.execute(
        sql: """
          INSERT INTO run (system, preset, seed, data, status, begun, version, gitCommit, directory) VALUES (?, ?, ?, ?, 'running', ?, ?, ?, ?)
          """,
        arguments: [
          run.system, run.preset, run.seed, data, Date().timeIntervalSince1970, environment.version, environment.commit,
          directory.standardizedFileURL.path,
        ])
      let id = database.lastInsertedRowID
      try insertOptions(of: run, id, database)
      return id
    }
  }

  /// Enters what a run found. `directory` holds its files.
  package func finish(_ id: Int64, _ report: Report, directory: URL) throws(RunStoreError) {
    try write { database in
      try database.execute(
        sql: "UPDATE run SET status = 'finished', seconds = ?, peakBytes = ?, problem = NULL, dataSummary = ? WHERE id = ?",
        arguments: [report.cost.seconds, report.cost.peakBytes, try text(report.findings.data), id])
      try insert(report.document, id, database)
      try insertCurves(of: report.findings, id, database)
      try insertArtefacts(in: directory, id, database)
    }
  }

  /// Enters that a run did not come to its end.
  package func end(_ id: Int64, _ status: RunStatus, problem: String? = nil, seconds: Double) throws(RunStoreError) {
    try write { database in
      try database.execute(
        sql: "UPDATE run SET status = ?, problem = ?, seconds = ? WHERE id = ?", arguments: [status.rawValue, problem, seconds, id])
    }
  }

  /// Enters a finished run from the files in its directory: one of another machine, or of a time without a store. Figures stay in their files.
  /// - Throws: `RunStoreError`, `FileAccessError`, `FileFormatError`
  public func add(_ document: FindingsDocument, data: String?, directory: URL, finished: Date) throws(RunStoreError) -> Int64 {
    try write { database in
      try database.execute(
        sql: """
          INSERT INTO run (system, preset, seed, data, status, begun, seconds, peakBytes, version, directory, dataSummary)
          VALUES (?, ?, ?, ?, 'finished', ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          document.system, document.preset, document.seed, data, finished.timeIntervalSince1970 - document.seconds, document.seconds,
          document.peakBytes, document.version, directory.standardizedFileURL.path, try text(document.data),
        ])
      let id = database.lastInsertedRowID
      if case .object(let options) = document.options {
        for (position, (name, value)) in options.sorted(by: { $0.key < $1.key }).enumerated() {
          try insertOption(name, value.plainText, "", position, id, database)
        }
      }
      try insert(document, id, database)
      try insertArtefacts(in: directory, id, database)
      return id
    }
  }

  // MARK: Reading

  /// The runs that pass `filter`, the newest first.
  public func runs(_ filter: RunFilter = RunFilter()) throws(RunStoreError) -> [StoredRun] {
    var conditions: [String] = []
    var arguments = StatementArguments()
    func require(_ condition: String, _ values: [(any DatabaseValueConvertible)?]) {
      conditions.append(condition)
      arguments += StatementArguments(values)
    }
    if let system = filter.system { require("system = ?", [system]) }
    if let preset = filter.preset { require("preset = ?", [preset]) }
    if let since = filter.since { require("begun >= ?", [since.timeIntervalSince1970]) }
    if let until = filter.until { require("begun < ?", [until.timeIntervalSince1970]) }
    if let data = filter.data { require("(instr(coalesce(data, ''), ?) > 0 OR instr(coalesce(dataSummary, ''), ?) > 0)", [data, data]) }
    let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
    let rows = try read { [arguments] database in
      try Row.fetchAll(database, sql: "\(Self.runColumns) \(condition) ORDER BY begun DESC, id DESC", arguments: arguments).map(storedRun)
    }
    // Whether a run is lost no query can tell, so that filter and the limit come after it.
    let passing = rows.filter { filter.status == nil || $0.status == filter.status }
    return filter.limit.map { Array(passing.prefix($0)) } ?? passing
  }

  /// Everything about the run numbered `id`; `nil` where there is none.
  public func detail(_ id: Int64) throws(RunStoreError) -> StoredRunDetail? {
    try read { database in
      guard let row = try Row.fetchOne(database, sql: "\(Self.runColumns) WHERE id = ?", arguments: [id]) else { return nil }
      func rows(_ sql: String) throws -> [Row] { try Row.fetchAll(database, sql: sql, arguments: [id]) }
      let summary: String? = row["dataSummary"]
      return StoredRunDetail(
        run: storedRun(row), dataSummary: try summary.map { try value(DataSummary.self, $0) },
        options: try rows("SELECT * FROM option WHERE run = ? ORDER BY position").map {
          StoredRunDetail.Option(name: $0["name"], value: $0["value"], meaning: $0["meaning"])
        },
        metrics: Dictionary(
          uniqueKeysWithValues: try rows("SELECT * FROM metric WHERE run = ?").map {
            let number = FindingsDocument.Number(
              value: $0["value"] as Double? ?? .nan, unit: $0["unit"], standardError: $0["standardError"], seeds: $0["seeds"])
            return ($0["name"] as String, number)
          }),
        claims: try rows("SELECT verdict FROM claim WHERE run = ? ORDER BY position").map {
          try value(FindingsDocument.Verdict.self, $0["verdict"])
        },
        curves: try rows("SELECT content FROM curve WHERE run = ? ORDER BY position").map {
          try value(StoredRunDetail.StoredCurve.self, $0["content"])
        },
        artefacts: try rows("SELECT * FROM artefact WHERE run = ? ORDER BY path").map {
          StoredRunDetail.Artefact(path: $0["path"], bytes: $0["bytes"])
        })
    }
  }

  /// The number of the newest run; `nil` in an empty store.
  public func newest() throws(RunStoreError) -> Int64? {
    try read { try Int64.fetchOne($0, sql: "SELECT id FROM run ORDER BY begun DESC, id DESC LIMIT 1") }
  }

  /// Forgets runs; their files stay. Returns how many there were.
  @discardableResult
  public func remove(_ ids: [Int64]) throws(RunStoreError) -> Int {
    try write { database in
      var count = 0
      for id in ids {
        try database.execute(sql: "DELETE FROM run WHERE id = ?", arguments: [id])
        count += database.changesCount
      }
      return count
    }
  }

  // MARK: - Rows

  private static let runColumns = """
    SELECT *, (SELECT count(*) FROM claim WHERE run = id) AS claimCount, (SELECT count(*) FROM claim WHERE run = id AND holds) AS claimsHolding
    FROM run
    """

  private func storedRun(_ row: Row) -> StoredRun {
    var status = RunStatus(rawValue: row["status"]) ?? .lost
    let directory: String = row["directory"]
    if status == .running, !OutputDirectory.isInUse(URL(fileURLWithPath: directory)) { status = .lost }
    return StoredRun(
      id: row["id"], system: row["system"], preset: row["preset"], seed: row["seed"], data: row["data"], status: status,
      begun: Date(timeIntervalSince1970: row["begun"]), seconds: row["seconds"], peakBytes: row["peakBytes"], version: row["version"],
      commit: row["gitCommit"], directory: directory, problem: row["problem"], claimsHolding: row["claimsHolding"],
      claimCount: row["claimCount"])
  }

  private func insertOptions(of run: RunDescription, _ id: Int64, _ database: Database) throws {
    for (position, option) in run.options.enumerated() {
      try insertOption(option.name, option.value, option.meaning, position, id, database)
    }
  }

  private func insertOption(_ name: String, _ value: String, _ meaning: String, _ position: Int, _ id: Int64, _ database: Database) throws {
    try database.execute(
      sql: "INSERT INTO option (run, position, name, value, meaning) VALUES (?, ?, ?, ?, ?)",
      arguments: [id, position, name, value, meaning])
  }

  private func insert(_ document: FindingsDocument, _ id: Int64, _ database: Database) throws {
    for table in ["metric", "claim", "curve", "artefact"] {
      try database.execute(sql: "DELETE FROM \(table) WHERE run = ?", arguments: [id])
    }
    for (name, number) in document.metrics {
      // SQLite has no number for "not a number", and keeps NULL.
      try database.execute(
        sql: "INSERT INTO metric (run, name, value, unit, standardError, seeds) VALUES (?, ?, ?, ?, ?, ?)",
        arguments: [id, name, number.value.isNaN ? nil : number.value, number.unit, number.standardError, number.seeds])
    }
    for (position, claim) in document.claims.enumerated() {
      try database.execute(
        sql: "INSERT INTO claim (run, position, name, holds, verdict) VALUES (?, ?, ?, ?, ?)",
        arguments: [id, position, claim.id, claim.holds, try text(claim)])
    }
  }

  private func insertCurves(of findings: Findings, _ id: Int64, _ database: Database) throws {
    var position = 0
    for figure in findings.figures {
      guard case .lines(let plot) = figure.content else { continue }
      for curve in plot.curves {
        let hasErrors = curve.y.contains { $0.standardError != nil }
        let stored = StoredRunDetail.StoredCurve(
          figure: figure.name, name: curve.name, role: curve.role, xName: plot.x.name, yName: plot.y.name, x: curve.x,
          y: curve.y.map(\.mean), standardError: hasErrors ? curve.y.map { $0.standardError ?? .nan } : nil)
        try database.execute(
          sql: "INSERT INTO curve (run, position, figure, name, content) VALUES (?, ?, ?, ?, ?)",
          arguments: [id, position, figure.name, curve.name, try text(stored)])
        position += 1
      }
    }
  }

  private func insertArtefacts(in directory: URL, _ id: Int64, _ database: Database) throws {
    let root = directory.standardizedFileURL.path + "/"
    let keys: Set<URLResourceKey> = [.isRegularFileKey, .fileSizeKey]
    guard let files = FileManager.default.enumerator(at: directory.standardizedFileURL, includingPropertiesForKeys: Array(keys)) else {
      return
    }
    for case let file as URL in files {
      let facts = try file.resourceValues(forKeys: keys)
      let path = file.standardizedFileURL.path
      guard facts.isRegularFile == true, path.hasPrefix(root), !file.lastPathComponent.hasPrefix(".") else { continue }
      try database.execute(
        sql: "INSERT OR REPLACE INTO artefact (run, path, bytes) VALUES (?, ?, ?)",
        arguments: [id, String(path.dropFirst(root.count)), facts.fileSize ?? 0])
    }
  }

  private func text(_ value: some Encodable) throws -> String {
    String(decoding: try ReportJSON.encode(value, indented: false), as: UTF8.self)
  }
  private func value<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    try ReportJSON.decode(type, from: Data(text.utf8))
  }

  // MARK: - Access

  private func read<Result>(_ body: @escaping (Database) throws -> Result) throws(RunStoreError) -> Result {
    try access { try $0.read(body) }
  }

  private func write<Result>(_ body: @escaping (Database) throws -> Result) throws(RunStoreError) -> Result {
    try access { try $0.write(body) }
  }

  private func access<Result>(_ body: (DatabaseQueue) throws -> Result) throws(RunStoreError) -> Result {
    var configuration = Configuration()
    configuration.busyMode = .timeout(patience)
    configuration.foreignKeysEnabled = true
    do {
      let queue = try DatabaseQueue(path: url.path, configuration: configuration)
      defer { try? queue.close() }
      return try body(queue)
    } catch let error as RunStoreError {
      throw error
    } catch let error as DatabaseError {
      throw RunStoreError(error, path: url.path, patience: patience)
    } catch {
      throw RunStoreError(path: url.path, problem: "holds what this version cannot read: \(error)", advice: RunStoreError.elsewhere)
    }
  }

  private func mark(of database: Database) throws -> Int { try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0 }

  private func refuseForeign(_ database: Database) throws {
    let mark = try mark(of: database)
    if mark == RunStoreSchema.applicationID { return }
    let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
    guard mark == 0, tables == 0 else {
      throw RunStoreError(path: url.path, problem: "is the database of another program", advice: RunStoreError.elsewhere)
    }
    try database.execute(sql: "PRAGMA application_id = \(RunStoreSchema.applicationID)")
  }
}

extension JSONValue {
  /// As `--set` takes it: lists between commas.
  fileprivate var plainText: String {
    switch self {
    case .null: ""
    case .boolean(let value): String(value)
    case .integer(let value): String(value)
    case .number(let value): NumberText.exact(value)
    case .string(let value): value
    case .array(let values): values.map(\.plainText).joined(separator: ",")
    case .object(let fields): fields.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.plainText)" }.joined(separator: ",")
    }
  }
}
