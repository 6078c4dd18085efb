import Foundation

/// A file that is not what it should be: where it fails, what stands there, what was expected, and what to do about it.
///
/// One type serves every format. Its description is one line of plain words.
public struct FileFormatError: Error, Sendable, Equatable {
  /// The place within the file.
  public enum Location: Sendable, Equatable {
    /// A byte, counted from 0.
    case byte(Int)
    /// A line, counted from 1, and a column of a table where one is meant.
    case line(Int, column: String? = nil)
    /// A named part: an entry of an archive, a key of a header.
    case field(String)
  }

  public let path: String
  public let location: Location?
  /// What stands there.
  public let found: String
  /// What should stand there.
  public let expected: String
  /// What the user can do; empty where nothing better than replacing the file can be said.
  public let advice: String

  public init(path: String, at location: Location? = nil, found: String, expected: String, advice: String = "") {
    self.path = path
    self.location = location
    self.found = found
    self.expected = expected
    self.advice = advice
  }
}

extension FileFormatError: LocalizedError, CustomStringConvertible {
  public var description: String {
    let place =
      switch location {
      case nil: ""
      case .byte(let offset): ", byte \(offset)"
      case .line(let line, nil): ", line \(line)"
      case .line(let line, let column?): ", line \(line), column \(column.asOneLine)"
      case .field(let name): ", \"\(name.asOneLine)\""
      }
    return "\(path.asOneLine)\(place): found \(found.asOneLine), expected \(expected.asOneLine)"
      + (advice.isEmpty ? "" : "; \(advice.asOneLine)")
  }

  public var errorDescription: String? { description }
}

/// A file that could not be opened, read or written.
public struct FileAccessError: Error, Sendable, Equatable {
  public let path: String
  /// What was tried: "open", "read", "write".
  public let action: String
  /// Why the system refused.
  public let reason: String
  public let advice: String

  public init(path: String, action: String, reason: String, advice: String = "") {
    self.path = path
    self.action = action
    self.reason = reason
    self.advice = advice
  }
}

extension FileAccessError: LocalizedError, CustomStringConvertible {
  public var description: String {
    "\(path.asOneLine): cannot \(action): \(reason.asOneLine)" + (advice.isEmpty ? "" : "; \(advice.asOneLine)")
  }

  public var errorDescription: String? { description }
}

extension String {
  /// The text with control characters escaped and the middle of what is overlong left out, for a message of one line.
  package var asOneLine: String {
    var line = ""
    for scalar in unicodeScalars {
      if scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}" {
        line += scalar.escaped(asASCII: true)
      } else {
        line.unicodeScalars.append(scalar)
      }
    }
    return line.count <= 400 ? line : "\(line.prefix(200))...\(line.suffix(100))"
  }
}
