import Foundation
import Studies
import Tensors
import Testing

@Suite("Every system and its parity case")
struct ParityCaseTests {
  /// The values and gradients that a case expects; those of parts carry the part's name before.
  private static func isExpected(_ name: String) -> Bool {
    guard !name.hasPrefix("in."), !name.contains("param.") else { return false }
    return ["out.", "grad."].contains { name.hasPrefix($0) || name.contains("." + $0) }
  }

  @Test(arguments: Studies.all.map { $0.card.slug })
  func `the library agrees with the independent implementation`(slug: String) throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../../shared/parity/\(slug)-a.safetensors").standardizedFileURL
    guard FileManager.default.fileExists(atPath: url.path) else {
      print("the parity case \(url.lastPathComponent) is absent beside the repository; nothing was compared")
      return
    }
    let file = try SafetensorsFile(reading: url)
    let tensors = try Studies.study(slug).verify(file)
    for tensor in tensors { #expect(tensor.pass, "\(tensor)") }
    // Nothing is left out. A list of numbers may be compared one by one, each under a name of its own.
    for expected in file.names.filter(Self.isExpected) {
      #expect(tensors.contains { $0.name == expected || $0.name.hasPrefix(expected + ".") }, "\(expected)")
    }
    // And nothing is compared that the case does not hold.
    for tensor in tensors {
      #expect(file.names.contains { tensor.name == $0 || tensor.name.hasPrefix($0 + ".") }, "\(tensor.name)")
    }
  }
}
