import Foundation
import Studies
import Tensors
import Testing

@Suite struct ConvexReLUParityTests {
  @Test func `the library agrees with the conic solver and the independent iterates`() throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "../../../../shared/parity/convex-relu-a.safetensors"
    )
    .standardizedFileURL
    guard FileManager.default.fileExists(atPath: url.path) else {
      print("the parity case \(url.lastPathComponent) is absent beside the repository; nothing was compared")
      return
    }
    let file = try SafetensorsFile(reading: url)
    let tensors = try ConvexReLUParity.tensors(of: file)
    for tensor in tensors where ProcessInfo.processInfo.environment["APUS_VERBOSE"] != nil {
      print(tensor.name, tensor.maxAbs, tensor.maxRel, tensor.pass)
    }
    for tensor in tensors { #expect(tensor.pass, "\(tensor)") }
  }
}
