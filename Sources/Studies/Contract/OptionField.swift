/// One declared field of a study's options: its name, its meaning, and what it may be.
public struct OptionField<Root: Sendable>: Sendable {
  /// As on the command line and in `options.json`.
  public let name: String
  /// A few words, with the unit.
  public let meaning: String
  /// What is allowed, in words that follow "expected".
  public let allowed: String
  package let text: @Sendable (Root) -> String
  package let assign: @Sendable (inout Root, String) -> Bool
  package let isValid: @Sendable (Root) -> Bool

  /// A field of any type that texts can be read as. Enumerations of strings take the names of their cases.
  public init<Value: OptionValue>(
    _ name: String, _ path: WritableKeyPath<Root, Value> & Sendable, _ meaning: String, allowed: String? = nil,
    where isAllowed: @escaping @Sendable (Value) -> Bool = { _ in true }
  ) {
    self.name = name
    self.meaning = meaning
    self.allowed = allowed ?? Value.optionMeaning
    text = { $0[keyPath: path].optionText }
    assign = { root, text in
      guard let value = Value(optionText: text), isAllowed(value) else { return false }
      root[keyPath: path] = value
      return true
    }
    isValid = { isAllowed($0[keyPath: path]) }
  }

  /// A number within a range.
  public init<Value: OptionValue & Comparable>(
    _ name: String, _ path: WritableKeyPath<Root, Value> & Sendable, _ meaning: String, in range: ClosedRange<Value>
  ) {
    self.init(
      name, path, meaning, allowed: "\(Value.optionMeaning) from \(range.lowerBound.optionText) to \(range.upperBound.optionText)",
      where: range.contains)
  }

  /// Several numbers, at least one, each within a range.
  public init<Value: OptionValue & Comparable>(
    _ name: String, _ path: WritableKeyPath<Root, [Value]> & Sendable, _ meaning: String, eachIn range: ClosedRange<Value>
  ) {
    let each = "\(Value.optionMeaning) from \(range.lowerBound.optionText) to \(range.upperBound.optionText)"
    self.init(name, path, meaning, allowed: "\(each), or several between commas") { !$0.isEmpty && $0.allSatisfy(range.contains) }
  }

  /// One of a few values.
  public init<Value: OptionValue>(
    _ name: String, _ path: WritableKeyPath<Root, Value> & Sendable, _ meaning: String, oneOf choices: [Value]
  ) {
    self.init(name, path, meaning, allowed: choiceText(choices.map(\.optionText)), where: choices.contains)
  }
}
