import GRDB

/// The tables of the run store, as the steps by which they came to be. A released step is never changed: stores of every age take the later ones.
package enum RunStoreSchema {
  /// "Apus" in ASCII: tells a run store from other programs' databases.
  package static let applicationID = 0x4170_7573

  package static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 runs") { database in
      try database.execute(
        sql: """
          CREATE TABLE run (
            id INTEGER PRIMARY KEY AUTOINCREMENT, system TEXT NOT NULL, preset TEXT NOT NULL, seed INTEGER NOT NULL, data TEXT,
            status TEXT NOT NULL, begun DOUBLE NOT NULL, seconds DOUBLE, peakBytes INTEGER, version TEXT NOT NULL, gitCommit TEXT,
            directory TEXT NOT NULL, problem TEXT);
          CREATE INDEX runBySystem ON run (system, begun);
          CREATE TABLE option (
            run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, position INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
            meaning TEXT NOT NULL, PRIMARY KEY (run, name)) WITHOUT ROWID;
          CREATE TABLE metric (
            run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, name TEXT NOT NULL, value DOUBLE, unit TEXT NOT NULL, standardError DOUBLE,
            seeds INTEGER, PRIMARY KEY (run, name)) WITHOUT ROWID;
          CREATE TABLE claim (
            run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, position INTEGER NOT NULL, name TEXT NOT NULL, holds BOOLEAN NOT NULL,
            verdict TEXT NOT NULL, PRIMARY KEY (run, name)) WITHOUT ROWID;
          """)
    }
    migrator.registerMigration("2 data, curves and artefacts") { database in
      try database.execute(
        sql: """
          ALTER TABLE run ADD COLUMN dataSummary TEXT;
          CREATE TABLE curve (
            run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, position INTEGER NOT NULL, figure TEXT NOT NULL, name TEXT NOT NULL,
            content TEXT NOT NULL, PRIMARY KEY (run, position)) WITHOUT ROWID;
          CREATE TABLE artefact (
            run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, path TEXT NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (run, path)
          ) WITHOUT ROWID;
          """)
    }
    return migrator
  }
}
