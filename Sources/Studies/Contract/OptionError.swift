import Foundation

/// An option that is not there, or a value that it does not take.
public struct OptionError: Error, Sendable, Hashable {
  public let field: String
  /// The value as it was given; `nil` where the field itself is the mistake.
  public let value: String?
  /// What is allowed, in words that follow "expected".
  public let expected: String
  public let advice: String

  public init(field: String, value: String?, expected: String, advice: String = "") {
    self.field = field
    self.value = value
    self.expected = expected
    self.advice = advice
  }
}

extension OptionError: LocalizedError, CustomStringConvertible {
  public var description: String {
    let what = value.map { "option \(field) = \($0)" } ?? "unknown option \"\(field)\""
    return "\(what): expected \(expected)" + (advice.isEmpty ? "" : "; \(advice)")
  }

  public var errorDescription: String? { description }
}
