import Foundation
import Tensors

/// A file of values that another framework computed (Tests/TensorsTests/Fixtures/README.md): tensors, and cases that say which belong together.
public struct FixtureFile<Description: Decodable & Sendable>: Sendable {
  /// In the order of their names.
  public let cases: [(name: String, description: Description)]
  private let tensors: [String: Tensor]

  /// Reads the file called `name`; one that cannot be read ends the tests.
  public init(_ name: String) {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    do {
      let file = try SafetensorsFile(reading: tests.appending(path: "TensorsTests/Fixtures/\(name).safetensors"))
      tensors = try file.tensors()
      let described = try JSONDecoder().decode([String: Description].self, from: Data(file.metadata["cases"]!.utf8))
      cases = described.map { ($0, $1) }.sorted { $0.name < $1.name }
    } catch {
      fatalError("\(error)")
    }
  }

  public subscript(name: String) -> Tensor {
    guard let tensor = tensors[name] else { fatalError("the fixture has no \(name)") }
    return tensor
  }

  public func optional(_ name: String) -> Tensor? { tensors[name] }
}
