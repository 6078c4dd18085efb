import Foundation
import Studies
import Tensors
import Testing

@Suite struct VanillaNetParityTests {
  static let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../../../shared/parity/vanillanet-a.safetensors").standardizedFileURL

  @Test func `the library agrees with the published model`() throws {
    guard FileManager.default.fileExists(atPath: Self.url.path) else {
      print("the parity case \(Self.url.lastPathComponent) is absent; nothing was compared")
      return
    }
    let file = try SafetensorsFile(reading: Self.url)
    let tensors = try VanillaNetParity.tensors(of: file)
    #expect(tensors.count == file.names.count { $0.hasPrefix("out.") || $0.hasPrefix("grad.") })
    for tensor in tensors { #expect(tensor.pass, "\(tensor.name): \(tensor.maxAbs), \(tensor.maxRel) \(tensor.problem ?? "")") }
  }
}
