import Foundation

/// A study that cannot do what was asked of it with what it was given.
public struct StudyError: Error, Sendable, Hashable, LocalizedError, CustomStringConvertible {
  public let what: String
  public let advice: String

  public init(_ what: String, advice: String = "") {
    self.what = what
    self.advice = advice
  }

  public var description: String { what + (advice.isEmpty ? "" : "; \(advice)") }
  public var errorDescription: String? { description }
}
