import Foundation
import Tensors
import Training

/// Reads what a run has written.
public enum RunFiles {
  /// The findings of the run in `directory`.
  /// - Throws: `FileAccessError`, `FileFormatError`
  public static func findings(in directory: URL) throws -> FindingsDocument {
    try decode(FindingsDocument.self, from: directory.appendingPathComponent("findings.json"))
  }

  /// The slug of the system that wrote the run in `directory`.
  public static func system(in directory: URL) throws -> String {
    let file = directory.appendingPathComponent("options.json")
    guard case .string(let system)? = try decode(JSONValue.self, from: file)["system"] else {
      throw FileFormatError(path: file.path, at: .field("system"), found: "no text", expected: "the name of a system")
    }
    return system
  }

  /// What `--data` said when the run in `directory` was begun.
  public static func data(in directory: URL) throws -> String? {
    guard case .string(let data)? = try decode(JSONValue.self, from: directory.appendingPathComponent("options.json"))["data"] else {
      return nil
    }
    return data
  }

  static func decode<Value: Decodable>(_: Value.Type, from file: URL) throws -> Value {
    let data: Data
    do {
      data = try Data(contentsOf: file)
    } catch {
      let isMissing = !FileManager.default.fileExists(atPath: file.path)
      throw FileAccessError(
        path: file.path, action: "read", reason: isMissing ? "there is no such file" : error.localizedDescription,
        advice: isMissing ? "give the directory of a finished run" : "")
    }
    do {
      return try ReportJSON.decode(Value.self, from: data)
    } catch let error as DecodingError {
      let (field, problem) = error.place
      throw FileFormatError(
        path: file.path, at: field.isEmpty ? nil : .field(field), found: problem, expected: "what a run of this version writes",
        advice: "run the study again")
    }
  }
}

extension DecodingError {
  /// The path of the field that failed, and why.
  fileprivate var place: (field: String, problem: String) {
    func path(_ context: Context, _ last: (any CodingKey)? = nil) -> String {
      (context.codingPath + (last.map { [$0] } ?? [])).map(\.stringValue).joined(separator: ".")
    }
    return switch self {
    case .keyNotFound(let key, let context): (path(context, key), "nothing")
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      (path(context), context.debugDescription)
    @unknown default: ("", "\(self)")
    }
  }
}
