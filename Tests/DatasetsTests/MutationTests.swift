import Datasets
import Foundation
import Tensors
import Testing

/// Sound files of every format, and damaged ones made of them.
struct MutatedFiles {
  struct Case {
    let name: String
    let fileName: String
    let bytes: [UInt8]
    let read: (URL) throws -> Void
  }

  static func seeds() throws -> [Case] {
    var random = SplitMix64(seed: 77)
    let folder = try TemporaryFolder()
    func noise(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) } }
    func written(_ name: String, _ write: (URL) throws -> Void) throws -> [UInt8] {
      let url = folder.url.appendingPathComponent(name)
      try write(url)
      return Array(try Data(contentsOf: url))
    }
    let images = Tensor(bytes: noise(12 * 9 * 7), shape: [12, 9, 7], dtype: .uint8)
    let floats = Tensor((0..<60).map { Float($0) / 7 }, shape: [12, 5])
    let labels = Tensor((0..<12).map { Int32($0 % 3) })
    let picture = RasterImage(height: 18, width: 14, channels: 3, pixels: noise(18 * 14 * 3))
    let grey = RasterImage(height: 18, width: 14, channels: 1, pixels: noise(18 * 14))
    let cifar = numberedImages(count: 3, height: 32, width: 32, channels: 3, classes: 10)
    let csv =
      "a,b,\"c d\",class\n" + (0..<20).map { "\($0),\(Double($0) / 3),\"x, \"\"\($0 % 4)\"\"\",\($0 % 2 == 0 ? "yes" : "no")\n" }.joined()
    let idx: (URL) throws -> Void = { _ = try IDX.read($0) }
    let image: (URL) throws -> Void = { _ = try ImageFiles.read($0) }
    let opened: (URL) throws -> Void = { _ = try Dataset.open($0.path) }
    return [
      Case(name: "IDX", fileName: "a-idx3-ubyte", bytes: try written("a.idx") { try IDX.write(images, to: $0) }, read: idx),
      Case(name: "IDX gzip", fileName: "a-idx3-ubyte.gz", bytes: try written("a.idx.gz") { try IDX.write(images, to: $0) }, read: idx),
      Case(name: "IDX float", fileName: "f.idx", bytes: try written("f.idx") { try IDX.write(floats, to: $0) }, read: opened),
      Case(name: "PNG", fileName: "a.png", bytes: PNG.encode(picture), read: image),
      Case(name: "JPEG", fileName: "a.jpg", bytes: JPEG.encode(picture), read: image),
      Case(name: "PGM", fileName: "a.pgm", bytes: PortableAnymap.encode(grey), read: image),
      Case(name: "PGM text", fileName: "t.pgm", bytes: Array("P2 4 3 9\n1 2 3 4 5 6 7 8 9 0 1 2\n".utf8), read: image),
      Case(
        name: "NPY", fileName: "a.npy", bytes: try written("a.npy") { try NumPy.write(floats, to: $0) }, read: { _ = try NumPy.read($0) }),
      Case(
        name: "NPZ", fileName: "a.npz",
        bytes: try written("a.npz") { try NumPy.writeArchive(["features": floats, "labels": labels], to: $0) },
        read: opened),
      Case(
        name: "NPZ stored", fileName: "s.npz",
        bytes: try written("s.npz") { try NumPy.writeArchive(["features": floats, "labels": labels], compressed: false, to: $0) },
        read: opened),
      Case(
        name: "safetensors", fileName: "a.safetensors",
        bytes: try written("a.safetensors") { try SafetensorsFile.write(["features": floats, "labels": labels], to: $0) }, read: opened),
      Case(name: "CSV", fileName: "a.csv", bytes: Array(csv.utf8), read: opened),
      Case(name: "CSV gzip", fileName: "a.csv.gz", bytes: Gzip.compressed(Array(csv.utf8)), read: opened),
      Case(
        name: "CIFAR", fileName: "a.bin", bytes: try written("a.bin") { try CIFAR.write(cifar, to: $0) },
        read: { _ = try CIFAR.read($0, variant: .cifar10) }),
    ]
  }

  /// Damage of many kinds, the same every time.
  static func mutations(of bytes: [UInt8]) -> [(name: String, bytes: [UInt8])] {
    var random = SplitMix64(seed: 99, bytes.count)
    var result: [(name: String, bytes: [UInt8])] = [
      ("empty", []), ("doubled", bytes + bytes), ("a byte more", bytes + [0x41]), ("zeros behind", bytes + [0, 0, 0, 0]),
    ]
    for length in [1, 3, 7, 9, 15, 40, bytes.count / 3, bytes.count / 2, bytes.count - 9, bytes.count - 1]
    where length > 0 && length < bytes.count {
      result.append(("cut to \(length)", Array(bytes.prefix(length))))
    }
    func changed(_ name: String, _ change: (inout [UInt8]) -> Void) {
      var copy = bytes
      change(&copy)
      result.append((name, copy))
    }
    changed("wrong magic") { $0[0] ^= 0xff }
    changed("other magic") { $0.replaceSubrange(0..<min(4, $0.count), with: Array("OOPS".utf8)) }
    // Sizes stand near the beginning: the largest there are.
    for start in stride(from: 2, to: min(bytes.count - 8, 34), by: 4) {
      changed("gigantic at \(start)") { $0.replaceSubrange(start..<start + 4, with: [0x7f, 0xff, 0xff, 0xff]) }
      changed("all ones at \(start)") { $0.replaceSubrange(start..<start + 8, with: Array(repeating: 0xff, count: 8)) }
    }
    for _ in 0..<12 {
      let place = random.integer(below: bytes.count)
      let bit = random.integer(below: 8)
      changed("bit \(bit) of byte \(place)") { $0[place] ^= 1 << bit }
    }
    for _ in 0..<6 {
      let places = (0..<8).map { _ in random.integer(below: bytes.count) }
      changed("bytes \(places)") { copy in for place in places { copy[place] = UInt8(truncatingIfNeeded: random.next()) } }
    }
    let middle = bytes.count / 2
    changed("a hole") { $0.removeSubrange(middle..<min(middle + 5, $0.count)) }
    changed("an insertion") { $0.insert(contentsOf: [1, 2, 3], at: middle) }
    // Digits of textual headers.
    if let digit = bytes.firstIndex(where: { (0x31...0x39).contains($0) }) {
      changed("a number of many digits") { $0.insert(contentsOf: Array(repeating: 0x39, count: 24), at: digit) }
      changed("a number above memory") { $0.insert(contentsOf: Array(repeating: 0x39, count: 9), at: digit) }
      changed("a negative number") { $0.insert(0x2d, at: digit) }
    }
    return result
  }
}

@Suite("Damaged files")
struct MutationTests {
  @Test func damagedFilesAreReadOrRefusedInOneLine() throws {
    let folder = try TemporaryFolder()
    var (total, refused) = (0, 0)
    for seed in try MutatedFiles.seeds() {
      let sound = try folder.file(seed.fileName, seed.bytes)
      try seed.read(sound)
      let before = peakBytes()
      for mutation in MutatedFiles.mutations(of: seed.bytes) {
        let url = try folder.file(seed.fileName, mutation.bytes)
        total += 1
        do {
          try seed.read(url)
        } catch let error as FileFormatError {
          refused += 1
          let line = "\(error)"
          #expect(
            !line.contains(where: \.isNewline) && line.hasPrefix(url.path) && line.contains(": found ") && line.contains(", expected "),
            "\(line)")
          #expect(!error.found.isEmpty && !error.expected.isEmpty && line.count < 1500, "\(line)")
        } catch {
          Issue.record("\(seed.name), \(mutation.name): \(error)")
        }
        #expect(!isCut(mutation.name, seed.name) || (try? seed.read(url)) == nil, "\(seed.name), \(mutation.name) was read")
      }
      // Other tests run beside this one; a header that is believed would ask for gigabytes.
      #expect(peakBytes() - before < 1 << 30, "\(seed.name)")
    }
    #expect(total >= 400 && refused > total / 2, "\(total) files, \(refused) refused")
    print("\(total) damaged files: \(refused) refused, \(total - refused) read")
  }

  /// Whether a file of binary content lost its end, which no reader may overlook. Text that is cut may still be text, a JPEG ends in a marker,
  /// and CIFAR's records are whole files.
  private func isCut(_ mutation: String, _ seed: String) -> Bool {
    guard mutation.hasPrefix("cut to") || mutation == "empty" else { return false }
    return !["CSV", "JPEG", "PGM text"].contains(seed) && !(seed == "CIFAR" && mutation == "cut to 3073")
  }

  private func peakBytes() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss << 10
  }

  @Test func giganticHeadersAskForNoMemory() throws {
    let folder = try TemporaryFolder()
    let gigantic: [(String, [UInt8], (URL) throws -> Void)] = [
      ("a-idx3-ubyte", [0, 0, 8, 3] + Array(repeating: 0x7f, count: 12), { _ = try IDX.read($0) }),
      ("a-idx3-ubyte.gz", Gzip.compressed([0, 0, 8, 3, 0, 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff, 0, 0, 0, 1]), { _ = try IDX.read($0) }),
      ("a.pgm", Array("P5 1000000 1000000 255\n".utf8), { _ = try ImageFiles.read($0) }),
      (
        "a.npy",
        [0x93] + Array("NUMPY".utf8) + [1, 0, 0x40, 0]
          + Array("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999,)}".utf8).prefix(64), { _ = try NumPy.read($0) }
      ),
      ("a.safetensors", Array(repeating: 0xff, count: 7) + [0x7f] + Array("{}".utf8), { _ = try SafetensorsFile(reading: $0).tensors() }),
    ]
    for (name, bytes, read) in gigantic {
      let url = try folder.file(name, bytes)
      #expect(throws: FileFormatError.self, "\(name)") { try read(url) }
    }
  }
}
