import Foundation

/// A study that cannot do what was asked of it with what it was given.
public struct StudyError: Error, Sendable, Hashable, LocalizedError, CustomStringConvertible {
  public enum Cause: Sendable {
    /// What was asked for.
    case request
    /// The data that it was given.
    case data
  }

  public let cause: Cause
  public let what: String
  public let advice: String

  public init(_ what: String, because cause: Cause = .request, advice: String = "") {
    self.cause = cause
    self.what = what
    self.advice = advice
  }

  public var description: String { what + (advice.isEmpty ? "" : "; \(advice)") }
  public var errorDescription: String? { description }
}
