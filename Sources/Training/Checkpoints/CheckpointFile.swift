import Datasets
import Foundation
import Tensors

/// One checkpoint in one safetensors file, whose metadata says what it is and carries a checksum over all of it.
enum CheckpointFile {
  /// The version of the layout of the metadata.
  static let formatVersion = "1"

  enum Key {
    static let format = "apus.checkpoint"
    static let version = "apus.version"
    static let step = "step"
    static let state = "state"
    static let options = "options"
    static let checksum = "sha256"
  }

  static func write<State>(_ checkpoint: Checkpoint<State>, options: String, to url: URL) throws {
    evaluate(Array(checkpoint.tensors.values))
    var metadata = [
      Key.format: formatVersion, Key.version: Apus.version, Key.step: String(checkpoint.step), Key.options: options,
      Key.state: try CanonicalJSON.text(of: checkpoint.state),
    ]
    metadata[Key.checksum] = checksum(of: checkpoint.tensors, metadata: metadata)
    try SafetensorsFile.write(checkpoint.tensors, metadata: metadata, to: url)
  }

  /// Reads a file and holds its content against its checksum.
  /// - Returns: the checkpoint, and the options of the run that wrote it.
  /// - Throws: `FileAccessError`; `FileFormatError` for a file that is truncated, damaged, or no checkpoint with such a state.
  static func read<State>(_: State.Type, from url: URL) throws -> (checkpoint: Checkpoint<State>, options: String) {
    let file = try SafetensorsFile(reading: url)
    func failure(_ field: String, _ found: String, _ expected: String, _ advice: String = "") -> FileFormatError {
      FileFormatError(path: url.path, at: .field(field), found: found, expected: expected, advice: advice)
    }
    func text(_ key: String) throws -> String {
      guard let text = file.metadata[key] else { throw failure(key, "nothing", "a text in the header's metadata", "the file is no checkpoint") }
      return text
    }
    let format = try text(Key.format)
    guard format == formatVersion else {
      throw failure(Key.format, "version \(format)", "version \(formatVersion)", "use the version of Apus that wrote it: \(try text(Key.version))")
    }
    let tensors = try file.tensors()
    let expected = try text(Key.checksum)
    let found = checksum(of: tensors, metadata: file.metadata.filter { $0.key != Key.checksum })
    guard found == expected else { throw failure(Key.checksum, found, expected, "the file is damaged") }
    guard let step = Int(try text(Key.step)) else { throw failure(Key.step, try text(Key.step), "a number") }
    let stateText = try text(Key.state)
    guard let state = try? CanonicalJSON.value(State.self, from: stateText) else {
      throw failure(Key.state, stateText, "the state of \(State.self)", "it was written by another kind of run")
    }
    return (Checkpoint(step: step, tensors: tensors, state: state), try text(Key.options))
  }

  /// SHA-256 over names, types, shapes and bytes of the tensors, and over the metadata.
  private static func checksum(of tensors: [String: Tensor], metadata: [String: String]) -> String {
    Digest.sha256 { feed in
      /// With the length first, so that no two sequences of texts look alike.
      func take(_ text: String) {
        withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { feed($0) }
        var text = text
        text.withUTF8 { feed(UnsafeRawBufferPointer($0)) }
      }
      for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
        take(key)
        take(value)
      }
      for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
        take(name)
        take("\(tensor.dtype)\(tensor.shape)")
        tensor.withBytes { feed($0) }
      }
    }
  }
}
