import ArgumentParser
import Foundation
import Training

/// Which store of runs a command means.
struct StoreOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The store of runs: an SQLite file. (default: $APUS_STORE, or runs/store.sqlite)", valueName: "file"))
  var store: String?

  @Flag(help: "Record the run in no store.")
  var noStore = false

  func validate() throws {
    if store != nil && noStore { throw ValidationError("--store and --no-store contradict each other") }
    if let store, store.isEmpty { throw ValidationError("--store is empty: expected a file") }
  }

  var location: URL { store.map { URL(fileURLWithPath: $0) } ?? RunStore.defaultLocation }

  /// `nil` where runs are not to be recorded.
  func storeForWriting() throws -> RunStore? { noStore ? nil : try RunStore(location) }
}
