import Foundation

/// A slug that no system has.
public struct UnknownSystem: Error, Sendable, Hashable, LocalizedError, CustomStringConvertible {
  public let slug: String
  public let suggestion: String?

  public var description: String {
    "unknown system \"\(slug)\": " + (suggestion.map { "did you mean \($0)?" } ?? "apus systems lists those there are")
  }
  public var errorDescription: String? { description }
}
