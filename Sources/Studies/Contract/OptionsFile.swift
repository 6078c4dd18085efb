import Foundation
import Training
import Yams

/// Options in a YAML file (JSON is YAML too): either the options alone, or what a run's `options.json` holds.
///
///     epochs: 10                     preset: reduced
///     variants: [dt, cnn]            data: mnist
///                                    options:
///                                      epochs: 10
public struct OptionsFile: Sendable {
  public let url: URL
  public private(set) var system: String?
  public private(set) var preset: Preset?
  public private(set) var seed: Int?
  public private(set) var data: String?
  private var assignments: [(name: String, value: String, line: Int)] = []

  /// - Throws: ``OptionsFileError``
  public init(_ url: URL) throws(OptionsFileError) {
    self.url = url
    let text: String
    do { text = try String(contentsOf: url, encoding: .utf8) } catch {
      let isMissing = !FileManager.default.fileExists(atPath: url.path)
      throw OptionsFileError(path: url.path, line: nil, problem: isMissing ? "there is no such file" : "cannot be read as text in UTF-8")
    }
    let root: Node?
    do { root = try Yams.compose(yaml: text) } catch let error as YamlError { throw OptionsFileError(error, path: url.path) } catch {
      throw OptionsFileError(path: url.path, line: nil, problem: "\(error)")
    }
    guard let root, root != Node("", Tag(.null)) else { return }
    guard case .mapping(let mapping) = root else {
      throw OptionsFileError(path: url.path, line: root.line, problem: "holds no names with values; expected lines as in epochs: 10")
    }
    if let options = mapping["options"] {
      try readRequest(mapping)
      guard case .mapping(let inner) = options else {
        if options.isNull { return }
        throw OptionsFileError(path: url.path, line: options.line, problem: "options: expected names with values")
      }
      try readAssignments(inner)
    } else {
      try readAssignments(mapping)
    }
  }

  /// Sets what the file sets; what is wrong is told with its line.
  func apply<Options: StudyOptions>(to options: inout Options) throws(OptionsFileError) {
    for (name, value, line) in assignments {
      do { try options.set(name, to: value) } catch { throw OptionsFileError(path: url.path, line: line, problem: "\(error)") }
    }
  }

  private mutating func readRequest(_ mapping: Node.Mapping) throws(OptionsFileError) {
    let names = ["system", "preset", "seed", "data", "options"]
    for (key, value) in mapping {
      let name = key.string ?? ""
      func refuse(_ expected: String) -> OptionsFileError {
        OptionsFileError(path: url.path, line: value.line, problem: "\(name): found \(value.words), expected \(expected)")
      }
      guard names.contains(name) else {
        let advice = suggestion(for: name, among: names).map { "; did you mean \($0)?" } ?? ""
        throw OptionsFileError(
          path: url.path, line: key.line,
          problem: "unknown name \(name): beside options: only system, preset, seed and data may stand\(advice)")
      }
      if name == "options" || value.isNull { continue }
      guard let text = value.scalar?.string else { throw refuse("one value") }
      switch name {
      case "preset":
        guard let known = Preset(rawValue: text) else { throw refuse(choiceText(Preset.allCases.map(\.rawValue))) }
        preset = known
      case "seed":
        guard let number = Int(text), number >= 0 else { throw refuse("a whole number from 0") }
        seed = number
      case "data": data = text
      default: system = text
      }
    }
  }

  private mutating func readAssignments(_ mapping: Node.Mapping) throws(OptionsFileError) {
    var seen: Set<String> = []
    for (key, value) in mapping {
      guard let name = key.scalar?.string else {
        throw OptionsFileError(path: url.path, line: key.line, problem: "a name is expected here")
      }
      guard seen.insert(name).inserted else {
        throw OptionsFileError(path: url.path, line: key.line, problem: "\(name) stands here a second time")
      }
      let text: String
      switch value {
      case .scalar(let scalar): text = value.isNull ? "" : scalar.string
      case .sequence(let sequence):
        let parts = sequence.map { $0.scalar?.string }
        guard !parts.contains(nil) else {
          throw OptionsFileError(path: url.path, line: value.line, problem: "\(name): a list may hold single values only")
        }
        text = parts.map { $0! }.joined(separator: ",")
      default:
        throw OptionsFileError(path: url.path, line: value.line, problem: "\(name): found a group, expected a value or a list of values")
      }
      assignments.append((name, text, key.line ?? 0))
    }
  }
}

/// An options file that cannot be followed, with the line.
public struct OptionsFileError: Error, Sendable, Hashable, LocalizedError, CustomStringConvertible {
  public let path: String
  /// Counted from 1.
  public let line: Int?
  public let problem: String

  public var description: String { "\(path)\(line.map { ":\($0)" } ?? ""): \(problem)" }
  public var errorDescription: String? { description }

  init(path: String, line: Int?, problem: String) {
    self.path = path
    self.line = line
    self.problem = problem
  }

  fileprivate init(_ error: YamlError, path: String) {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
      self.init(path: path, line: mark.line, problem: "is no YAML: \(problem.trimmingCharacters(in: .whitespacesAndNewlines))")
    case .duplicatedKeysInMapping(let names, let context):
      self.init(path: path, line: context.mark.line, problem: "\(names.joined(separator: ", ")) stands there more than once")
    default: self.init(path: path, line: nil, problem: "is no YAML: \(error)")
    }
  }
}

extension Node {
  fileprivate var line: Int? { mark?.line }
  fileprivate var isNull: Bool { scalar.map { $0.style == .plain && ["", "~", "null", "Null", "NULL"].contains($0.string) } ?? false }
  fileprivate var words: String { scalar.map { "\"\($0.string)\"" } ?? "a group" }
}
