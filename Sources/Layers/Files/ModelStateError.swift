import Tensors

/// Why tensors do not fit a model: all misfits at once.
public struct ModelStateError: Error, Equatable, CustomStringConvertible {
  public struct Mismatch: Sendable, Equatable {
    public let name: String
    public let found: String
    public let expected: String
  }

  /// The file the tensors came from, if they came from one.
  public let path: String?
  /// Names of the model that are not there.
  public let missing: [String]
  /// Names that the model does not have.
  public let unexpected: [String]
  public let mismatched: [Mismatch]
  /// For a missing name, an unexpected one that looks like it.
  public let suggestions: [String: String]

  init(path: String?, report: LoadReport) {
    self.path = path
    missing = report.missing
    unexpected = report.unexpected
    mismatched = report.mismatched
    var suggestions: [String: String] = [:]
    for name in missing { suggestions[name] = nearest(to: name, among: unexpected) }
    self.suggestions = suggestions
  }

  public var description: String {
    var parts: [String] = []
    if !missing.isEmpty {
      let names = missing.map { name in suggestions[name].map { "\(name) (did you mean \($0)?)" } ?? name }
      parts.append("missing: \(Self.shortened(names))")
    }
    if !unexpected.isEmpty { parts.append("unexpected: \(Self.shortened(unexpected))") }
    if !mismatched.isEmpty {
      parts.append("mismatched: \(Self.shortened(mismatched.map { "\($0.name) is \($0.found), expected \($0.expected)" }))")
    }
    return "\(path ?? "state"): tensors do not fit the model; " + parts.joined(separator: "; ")
      + ". Check that the model is built with the options the file was saved with, or load without strictness."
  }

  private static func shortened(_ names: [String]) -> String {
    let limit = 12
    return names.prefix(limit).joined(separator: ", ") + (names.count > limit ? ", and \(names.count - limit) more" : "")
  }
}

/// What loading did.
public struct LoadReport: Sendable, Equatable {
  /// Names that were given values.
  public var loaded: [String] = []
  /// Names of the model that had no tensor.
  public var missing: [String] = []
  /// Tensors that the model has no place for.
  public var unexpected: [String] = []
  /// Tensors of another shape or kind than the parameter.
  public var mismatched: [ModelStateError.Mismatch] = []

  var isComplete: Bool { missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty }
}

/// The candidate with the smallest edit distance, if it shares most of the name.
func nearest(to name: String, among candidates: [String]) -> String? {
  let scored = candidates.map { (distance: editDistance(Array(name.utf8), Array($0.utf8)), candidate: $0) }
  guard let best = scored.min(by: { $0.distance < $1.distance }), best.distance * 2 <= name.utf8.count else { return nil }
  return best.candidate
}

/// Insertions, deletions and replacements from one text to another (Levenshtein, 1966).
func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var row = Array(0...b.count)
  for (i, left) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, right) in b.enumerated() {
      let replaced = diagonal + (left == right ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
