import Foundation

/// What can be set about a study. A plain Codable structure that declares its fields:
///
///     struct Options: StudyOptions {
///       var epochs = 5
///       var embedding = Embedding.oneHot
///       static let fields = [
///         Field("epochs", \.epochs, "passes over the training set", in: 1...1000),
///         Field("embedding", \.embedding, "how a label becomes a vector"),
///       ]
///     }
///
/// The defaults are those of the preset; `apus run SLUG --options` lists all.
public protocol StudyOptions: Codable, Sendable, Equatable {
  typealias Field = OptionField<Self>

  /// Every field, in the order in which help shows them.
  static var fields: [Field] { get }

  /// Checks what no field can say alone, and throws an ``OptionError``. The fields themselves are in their ranges here.
  func validate() throws(OptionError)
}

extension StudyOptions {
  public func validate() throws(OptionError) {}

  /// Sets the field called `name` from text.
  public mutating func set(_ name: String, to text: String) throws(OptionError) {
    guard let field = Self.fields.first(where: { $0.name == name }) else {
      let names = Self.fields.map(\.name)
      if let near = suggestion(for: name, among: names) {
        throw OptionError(field: name, value: nil, expected: choiceText(names), advice: "did you mean \(near)?")
      }
      throw OptionError(field: name, value: nil, expected: names.isEmpty ? "none: this system has no options" : choiceText(names))
    }
    guard field.assign(&self, text) else { throw OptionError(field: name, value: text, expected: field.allowed) }
  }

  /// Applies texts of the form "name=value", the later over the earlier.
  public mutating func apply(_ assignments: [String]) throws(OptionError) {
    for assignment in assignments {
      guard let equals = assignment.firstIndex(of: "="), equals != assignment.startIndex else {
        throw OptionError(field: "--set", value: assignment, expected: "name=value, as in \(Self.fields.first?.name ?? "name")=...")
      }
      let name = assignment[..<equals].trimmingCharacters(in: .whitespaces)
      try set(name, to: assignment[assignment.index(after: equals)...].trimmingCharacters(in: .whitespaces))
    }
  }

  /// Refuses values outside their ranges, wherever they came from.
  public func check() throws(OptionError) {
    for field in Self.fields where !field.isValid(self) {
      throw OptionError(field: field.name, value: field.text(self), expected: field.allowed)
    }
    try validate()
  }
}
