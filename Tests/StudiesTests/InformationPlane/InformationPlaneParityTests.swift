import Foundation
import Studies
import Tensors
import Testing

@Suite struct InformationPlaneParityTests {
  @Test func `the library agrees with the authors' estimator and the independent bottleneck`() throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "../../../../shared/parity/information-plane-a.safetensors"
    )
    .standardizedFileURL
    guard FileManager.default.fileExists(atPath: url.path) else {
      print("the parity case \(url.lastPathComponent) is absent beside the repository; nothing was compared")
      return
    }
    let file = try SafetensorsFile(reading: url)
    let tensors = try InformationPlaneParity.tensors(of: file)
    for tensor in tensors where ProcessInfo.processInfo.environment["APUS_VERBOSE"] != nil {
      print(tensor.name, tensor.maxAbs, tensor.maxRel, tensor.pass)
    }
    #expect(Set(tensors.map(\.name)).isSuperset(of: file.names.filter { $0.hasPrefix("out.") }))
    for tensor in tensors { #expect(tensor.pass, "\(tensor)") }
  }
}
