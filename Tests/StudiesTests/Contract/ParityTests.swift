import Foundation
import Studies
import Tensors
import Testing

@Suite("Parity")
struct ParityTests {
  private func compare(_ ours: [Double], _ expected: [Double], tolerance: Double = 1e-4) -> ParityTensor {
    ParityTensor("t", ours: Tensor(ours), expected: Tensor(expected), tolerance: tolerance)
  }

  @Test func equalTensorsPass() {
    let result = compare([1, -2, 3], [1, -2, 3])
    #expect(result.pass && result.maxAbs == 0 && result.maxRel == 0)
  }

  @Test func differencesAreMeasuredAgainstTheElementOrTheTensor() {
    // Root mean square of the expected: sqrt(50.005) = 7.071.
    let result = compare([10, 0.101], [10, 0.1])
    #expect(abs(result.maxAbs - 0.001) < 1e-12)
    #expect(abs(result.maxRel - 0.001 / 50.005.squareRoot()) < 1e-9)
    #expect(!result.pass)
    #expect(compare([10, 0.1001], [10, 0.1]).pass)
    #expect(!compare([10.01, 0.1], [10, 0.1]).pass)
  }

  @Test func zerosMayCarryRounding() {
    #expect(compare([5e-8, -5e-8], [0, 0]).pass)
    #expect(!compare([1e-3, 0], [0, 0]).pass)
  }

  @Test func shapesAndNumbersMustAgree() {
    let shapes = ParityTensor("t", ours: Tensor([1.0, 2], shape: [1, 2]), expected: Tensor([1.0, 2]))
    #expect(!shapes.pass && shapes.problem == "shape [1, 2], expected [2]")
    #expect(!compare([.nan, 1], [1, 1]).pass)
    #expect(!compare([1, 1], [.nan, 1]).pass)
    #expect(!compare([.infinity], [1]).pass)
    #expect(compare([.infinity, .nan], [.infinity, .nan]).pass)
  }

  @Test func casesAreReadByName() throws {
    try withTemporaryDirectory { (directory) throws in
      let url = directory.appendingPathComponent("case.safetensors")
      func write(_ metadata: [String: String], _ tensors: [String: Tensor]) throws -> SafetensorsFile {
        try SafetensorsFile.write(tensors, metadata: metadata, to: url)
        return try SafetensorsFile(reading: url)
      }
      let x = Tensor([1.0, 2])
      #expect(try SlopeStudy.verify(write(["count": "2"], ["in.x": x, "out.double": x * 2])).map(\.pass) == [true])
      #expect(try SlopeStudy.verify(write(["count": "2"], ["in.x": x, "out.double": x * 2.01])).map(\.pass) == [false])
      #expect(
        performing: { try SlopeStudy.verify(write([:], ["in.x": x, "out.double": x])) }, throws: { "\($0)".contains("no entry \"count\"") })
      #expect(
        performing: { try SlopeStudy.verify(write(["count": "3"], ["in.x": x, "out.double": x])) },
        throws: { "\($0)".contains("\"in.x\": found shape [2], expected shape [3]") })
      #expect(
        performing: { try SlopeStudy.verify(write(["count": "two"], ["in.x": x, "out.double": x])) },
        throws: { "\($0)".contains("expected a whole number") })
      #expect(throws: FileFormatError.self) { try SlopeStudy.verify(write(["count": "2"], ["in.x": x])) }
    }
  }
}
