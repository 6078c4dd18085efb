import Foundation
import GRDB

/// A run store that cannot be used, and what to do about it.
public struct RunStoreError: Error, Sendable, Hashable, LocalizedError, CustomStringConvertible {
  public let path: String
  public let problem: String
  public let advice: String

  init(path: String, problem: String, advice: String) {
    self.path = path
    self.problem = problem
    self.advice = advice
  }

  public var description: String { "the run store \(path.asOneLine) \(problem.asOneLine); \(advice)" }
  public var errorDescription: String? { description }
}

extension RunStoreError {
  static let elsewhere = "give --store another file, or set APUS_STORE"

  /// What SQLite said, in words.
  init(_ error: DatabaseError, path: String, patience: TimeInterval) {
    switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self.init(
        path: path, problem: "is locked by another program, for more than \(Int(patience)) seconds",
        advice: "end what holds it, or \(Self.elsewhere)")
    case .SQLITE_NOTADB:
      self.init(
        path: path, problem: "is no run store: it is not an SQLite file",
        advice: "move it away, and a new one is begun; or \(Self.elsewhere)")
    case .SQLITE_CORRUPT:
      self.init(
        path: path, problem: "is damaged",
        advice: "rescue what is left with: sqlite3 FILE .recover; or move it away, and a new one is begun")
    case .SQLITE_FULL:
      self.init(path: path, problem: "cannot grow: the disk is full", advice: "free some space")
    case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
      self.init(path: path, problem: "cannot be written", advice: "make its folder writable, or \(Self.elsewhere)")
    default:
      self.init(path: path, problem: "cannot be used: \(error.message ?? "\(error.resultCode)")", advice: Self.elsewhere)
    }
  }
}
