import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsTests {
  private func withDirectory(_ body: (URL) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("safetensors-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try body(directory)
  }

  private func file(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> ($0 * 8)) } + Array(header.utf8) + data
  }

  @Test func whatIsWrittenIsRead() throws {
    try withDirectory { directory in
      let url = directory.appendingPathComponent("all.safetensors")
      let tensors: [String: Tensor] = [
        "f32": Tensor([1.5, -2, .infinity] as [Float], shape: [3, 1]), "f64": Tensor([0.1, 1e300]), "i32": Tensor([Int32.min, 7]),
        "i64": Tensor([Int64.max, -1]), "u8": Tensor([0, 255, 3] as [UInt8]), "bool": Tensor([true, false, true]),
        "bf16": Tensor([1, -0.5] as [Float]).cast(to: .bfloat16), "scalar": Tensor(4.0), "empty": Tensor.zeros([0, 3]),
        "computed \"\u{e9}\n": Tensor([1, 2] as [Float]) * 2,
      ]
      try SafetensorsFile.write(tensors, metadata: ["epoch": "3", "note": "a:b \"c\" {d}"], to: url)
      let file = try SafetensorsFile(reading: url)
      #expect(file.metadata == ["epoch": "3", "note": "a:b \"c\" {d}"])
      #expect(Set(file.names) == Set(tensors.keys))
      for (name, tensor) in tensors {
        let read = try file.tensor(named: name)
        #expect(read.shape == tensor.shape && read.dtype == tensor.dtype, "\(name)")
        #expect(read.withBytes { Array($0) } == tensor.withBytes { Array($0) }, "\(name)")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["all.safetensors"])
      // The elements are aligned, and equal content gives equal bytes.
      let first = try Data(contentsOf: url)
      try SafetensorsFile.write(tensors, metadata: ["note": "a:b \"c\" {d}", "epoch": "3"], to: url)
      #expect(try Data(contentsOf: url) == first)
      #expect(Int(first[0]) % 8 == 0)
    }
  }

  @Test func foreignTypesAreConverted() throws {
    try withDirectory { directory in
      let url = directory.appendingPathComponent("foreign.safetensors")
      let header = """
        {"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},"s":{"dtype":"I16","shape":[2],"data_offsets":[8,12]},\
        "c":{"dtype":"I8","shape":[2],"data_offsets":[12,14]},"w":{"dtype":"U16","shape":[1],"data_offsets":[14,16]},\
        "d":{"dtype":"U32","shape":[1],"data_offsets":[16,20]},"q":{"dtype":"U64","shape":[1],"data_offsets":[20,28]},\
        "b":{"dtype":"BOOL","shape":[2],"data_offsets":[28,30]},"e":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[30,31]},\
        "z":{"dtype":"U64","shape":[1],"data_offsets":[31,39]}}
        """
      let data: [UInt8] =
        [0x00, 0x3c, 0x00, 0xc0, 0x00, 0x7c, 0x01, 0x00] + [0xff, 0xff, 0x00, 0x80] + [0x80, 0x7f] + [0xff, 0xff]
        + [0xff, 0xff, 0xff, 0xff] + [1, 0, 0, 0, 0, 0, 0, 0] + [0, 2] + [0] + [UInt8](repeating: 255, count: 8)
      try Data(self.file(header, data)).write(to: url)
      let file = try SafetensorsFile(reading: url)
      #expect(try file.tensor(named: "h").array(of: Float.self) == [1, -2, .infinity, 0x1p-24])
      #expect(try file.tensor(named: "s").array(of: Int32.self) == [-1, -32768])
      #expect(try file.tensor(named: "c").array(of: Int32.self) == [-128, 127])
      #expect(try file.tensor(named: "w").array(of: Int32.self) == [65535])
      #expect(try file.tensor(named: "d").array(of: Int64.self) == [4_294_967_295])
      #expect(try file.tensor(named: "q").array(of: Int64.self) == [1])
      #expect(try file.tensor(named: "b").array(of: Bool.self) == [false, true])
      #expect(throws: FileFormatError.self) { try file.tensor(named: "e") }
      #expect(throws: FileFormatError.self) { try file.tensor(named: "z") }
      #expect(throws: FileFormatError.self) { try file.tensor(named: "missing") }
    }
  }

  private static let entry = #""a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#

  /// A header, the bytes after it, and a word of the message.
  static let damaged: [(header: String, dataCount: Int, word: String)] = [
    ("", 0, "JSON"), ("[]", 0, "JSON"), ("{\(entry)", 8, "JSON"), ("{\(entry)}", 7, "range"), ("{\(entry)}", 9, "belong to no tensor"),
    ("{\(entry),\(entry)}", 8, "twice"), (#"{"a":{"dtype":"F32","dtype":"I32","shape":[2],"data_offsets":[0,8]}}"#, 8, "twice"),
    (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "12 for F32"),
    (#"{"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}}"#, 8, "F33"),
    (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "extents"),
    (#"{"a":{"dtype":"F32","shape":[9223372036854775807,9],"data_offsets":[0,8]}}"#, 8, "extents"),
    (#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#, 8, "extents"),
    (#"{"a":{"dtype":"F32","shape":[1e30],"data_offsets":[0,8]}}"#, 8, "found"),
    (#"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}"#, 8, "found"),
    (#"{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}}"#, 8, "9 axes"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,9]}}"#, 8, "offsets"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "range"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, 8, "range"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}"#, 8, "range"),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#, 12, "range"),
    (#"{"a":{"shape":[2],"data_offsets":[0,8]}}"#, 8, "dtype"), (#"{"a":7}"#, 8, "found"),
    (#"{"__metadata__":{"a":1},\#(entry)}"#, 8, "found"),
    (#"{"__metadata__":{"a":"1","a":"2"},\#(entry)}"#, 8, "twice"), ("{\u{0}}", 0, "JSON"),
    (String(repeating: "{\"a\":", count: 100_000), 0, "JSON"),
  ]

  @Test(arguments: damaged.indices) func damagedFilesAreRefused(_ index: Int) throws {
    let (header, dataCount, word) = Self.damaged[index]
    try withDirectory { directory in
      let url = directory.appendingPathComponent("damaged.safetensors")
      try Data(file(header, [UInt8](repeating: 0, count: dataCount))).write(to: url)
      let error = try #require(throws: FileFormatError.self) { try SafetensorsFile(reading: url) }
      #expect(error.description.contains(word), "\(error)")
      #expect(error.description.hasPrefix(url.path) && !error.description.contains("\n"))
    }
  }

  @Test func truncatedAndForeignFilesAreRefused() throws {
    try withDirectory { directory in
      let url = directory.appendingPathComponent("cut.safetensors")
      let whole = directory.appendingPathComponent("whole.safetensors")
      try SafetensorsFile.write(["a": Tensor([1, 2, 3] as [Float]), "b": Tensor([1, 2] as [Int64])], metadata: ["k": "v"], to: whole)
      let bytes = try Array(Data(contentsOf: whole))
      for count in bytes.indices {
        try Data(bytes[..<count]).write(to: url)
        #expect(throws: FileFormatError.self, "cut at \(count)") { try SafetensorsFile(reading: url) }
      }
      try Data([255, 255, 255, 255, 255, 255, 255, 127] + bytes.dropFirst(8)).write(to: url)
      #expect(throws: FileFormatError.self) { try SafetensorsFile(reading: url) }
      try Data([255, 255, 255, 255, 255, 255, 255, 255] + bytes.dropFirst(8)).write(to: url)
      #expect(throws: FileFormatError.self) { try SafetensorsFile(reading: url) }
      #expect(throws: FileAccessError.self) { try SafetensorsFile(reading: directory) }
      #expect(throws: FileAccessError.self) { try SafetensorsFile(reading: directory.appendingPathComponent("nothing")) }
    }
  }

  @Test func randomDamageNeverCrashes() throws {
    try withDirectory { directory in
      let url = directory.appendingPathComponent("mutated.safetensors")
      try SafetensorsFile.write(["a": Tensor([1, 2, 3] as [Float]), "b": Tensor([1, 2] as [Int64])], metadata: ["k": "v"], to: url)
      let bytes = try Array(Data(contentsOf: url))
      var random = TestRandom(seed: 4)
      for _ in 0..<300 {
        var mutated = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          mutated[Int.random(in: 0..<mutated.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        try Data(mutated).write(to: url)
        // Damage to elements cannot be known; everything else must be refused with a typed error.
        do {
          _ = try SafetensorsFile(reading: url).tensors()
        } catch {
          #expect(error is FileFormatError, "\(error)")
        }
      }
    }
  }

  @Test func failedWritesLeaveTheOldFile() throws {
    try withDirectory { directory in
      let url = directory.appendingPathComponent("kept.safetensors")
      try SafetensorsFile.write(["a": Tensor([1] as [Float])], to: url)
      let before = try Data(contentsOf: url)
      #expect(throws: CancellationError.self) {
        try AtomicFile.write(to: url) { writer in
          try writer.write([1, 2, 3])
          throw CancellationError()
        }
      }
      #expect(try Data(contentsOf: url) == before)
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["kept.safetensors"])
      #expect(throws: FileAccessError.self) {
        try SafetensorsFile.write(["a": Tensor([1] as [Float])], to: directory.appendingPathComponent("missing/kept.safetensors"))
      }
    }
  }
}
