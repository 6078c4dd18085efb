import Foundation

/// A type that an option can have: read from the text after `--set name=`, and written back as such text.
public protocol OptionValue: Sendable, Equatable {
  init?(optionText: String)
  var optionText: String { get }
  /// What is allowed when nothing narrows it, as in "a whole number".
  static var optionMeaning: String { get }
}

extension Int: OptionValue {
  public init?(optionText: String) { self.init(optionText) }
  public var optionText: String { String(self) }
  public static var optionMeaning: String { "a whole number" }
}

extension Double: OptionValue {
  public init?(optionText: String) {
    guard let value = Double(optionText), value.isFinite else { return nil }
    self = value
  }
  public var optionText: String { self == rounded() && abs(self) < 1e15 ? String(Int(self)) : String(self) }
  public static var optionMeaning: String { "a number" }
}

extension Bool: OptionValue {
  public init?(optionText: String) {
    switch optionText.lowercased() {
    case "true", "yes", "on", "1": self = true
    case "false", "no", "off", "0": self = false
    default: return nil
    }
  }
  public var optionText: String { self ? "true" : "false" }
  public static var optionMeaning: String { "true or false" }
}

extension String: OptionValue {
  public init?(optionText: String) { self = optionText }
  public var optionText: String { self }
  public static var optionMeaning: String { "a text" }
}

extension OptionValue where Self: RawRepresentable & CaseIterable, RawValue == String {
  public init?(optionText: String) { self.init(rawValue: optionText) }
  public var optionText: String { rawValue }
  public static var optionMeaning: String { choiceText(allCases.map(\.rawValue)) }
}

extension Array: OptionValue where Element: OptionValue {
  /// Elements between commas.
  public init?(optionText: String) {
    let parts = optionText.split(separator: ",", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
    let elements = parts.compactMap { Element(optionText: $0) }
    guard elements.count == parts.count else { return nil }
    self = elements
  }
  public var optionText: String { map(\.optionText).joined(separator: ",") }
  public static var optionMeaning: String { "\(Element.optionMeaning), or several between commas" }
}

/// "a, b or c".
func choiceText(_ choices: [String]) -> String {
  choices.count < 2 ? choices.joined() : choices.dropLast().joined(separator: ", ") + " or " + choices.last!
}
