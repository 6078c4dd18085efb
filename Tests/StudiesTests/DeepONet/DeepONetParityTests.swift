import Foundation
import Studies
import Tensors
import Testing

@Suite struct DeepONetParityTests {
  @Test func `the library agrees with independent implementations`() throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../../shared/parity/deeponet-a.safetensors").standardizedFileURL
    guard FileManager.default.fileExists(atPath: url.path) else {
      print("the parity case \(url.lastPathComponent) is absent; nothing was compared")
      return
    }
    let file = try SafetensorsFile(reading: url)
    let tensors = try DeepONetParity.tensors(of: file)
    let expected = Set(file.names.filter { $0.hasPrefix("out.") || $0.hasPrefix("grad.") })
    #expect(Set(tensors.map(\.name)) == expected)
    for tensor in tensors { #expect(tensor.pass, "\(tensor.name): \(tensor.maxAbs), \(tensor.maxRel) \(tensor.problem ?? "")") }
  }
}
