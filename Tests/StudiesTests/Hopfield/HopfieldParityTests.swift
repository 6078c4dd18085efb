import Foundation
import Studies
import Tensors
import Testing

@Suite struct HopfieldParityTests {
  @Test func `the library agrees with the independent implementation`() throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../../shared/parity/hopfield-a.safetensors").standardizedFileURL
    guard FileManager.default.fileExists(atPath: url.path) else {
      print("the parity case \(url.path) is absent; nothing was compared")
      return
    }
    let file = try SafetensorsFile(reading: url)
    let tensors = try HopfieldParity.tensors(of: file)
    #expect(Set(tensors.map(\.name)) == Set(file.names.filter { $0.contains(".out.") || $0.contains(".grad.") }))
    for tensor in tensors { #expect(tensor.pass, "\(tensor)") }
  }
}
