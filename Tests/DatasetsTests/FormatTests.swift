import Datasets
import Foundation
import Tensors
import Testing

@Suite("File formats")
struct FormatTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func url(_ name: String) -> URL { folder.url.appendingPathComponent(name) }

  private func failure(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "nothing failed"
    } catch {
      #expect(error is FileFormatError || error is FileAccessError)
      return "\(error)"
    }
  }

  // MARK: - Arrays

  @Test(arguments: ["a.idx", "a.idx.gz"]) func idxRoundTrips(name: String) throws {
    let tensors: [Tensor] = [
      Tensor(bytes: (0..<24).map { UInt8($0 * 10) }, shape: [2, 3, 4], dtype: .uint8), Tensor([Int32(-5), 7, .max, .min]),
      Tensor([Float(1.5), -0.25, .infinity]), Tensor([1e300, -2.5], shape: [2, 1]),
    ]
    for tensor in tensors {
      try IDX.write(tensor, to: url(name))
      let read = try IDX.read(url(name))
      #expect(read.shape == tensor.shape && read.dtype == tensor.dtype)
      #expect(read.array(of: Double.self) == tensor.array(of: Double.self))
    }
    // int8 and int16 are widened.
    #expect(try IDX.read(folder.file("b", [0, 0, 9, 1, 0, 0, 0, 2, 0xff, 0x7f])).array(of: Int32.self) == [-1, 127])
    #expect(try IDX.read(folder.file("c", [0, 0, 11, 1, 0, 0, 0, 1, 0xff, 0xfe])).array(of: Int32.self) == [-2])
  }

  @Test func numpyRoundTrips() throws {
    let tensors: [String: Tensor] = [
      "f4": Tensor([Float(1), 2, 3, 4, 5, 6], shape: [2, 3]), "f8": Tensor([1.5, -2]), "i4": Tensor([Int32(-1), 2]),
      "i8": Tensor([Int64(1) << 40]),
      "u1": Tensor(bytes: [1, 2, 255], shape: [3], dtype: .uint8), "b1": Tensor(bytes: [1, 0], shape: [2], dtype: .bool),
      "scalar": Tensor([Float(3)], shape: []), "empty": Tensor([Float](), shape: [0, 4]),
    ]
    for (name, tensor) in tensors {
      try NumPy.write(tensor, to: url("\(name).npy"))
      let read = try NumPy.read(url("\(name).npy"))
      #expect(
        read.shape == tensor.shape && read.dtype == tensor.dtype && read.array(of: Double.self) == tensor.array(of: Double.self), "\(name)")
    }
    for compressed in [false, true] {
      try NumPy.writeArchive(tensors, compressed: compressed, to: url("all.npz"))
      let read = try NumPy.readArchive(url("all.npz"))
      #expect(Set(read.keys) == Set(tensors.keys))
      for (name, tensor) in tensors { #expect(read[name]!.array(of: Double.self) == tensor.array(of: Double.self)) }
    }
  }

  @Test func numpyReadsWhatNumpyWrites() throws {
    func npy(_ header: String, _ data: [UInt8], version: UInt8 = 1) -> [UInt8] {
      let length = header.utf8.count
      let count: [UInt8] = version == 1 ? [UInt8(length & 255), UInt8(length >> 8)] : [UInt8(length & 255), UInt8(length >> 8), 0, 0]
      return [0x93] + Array("NUMPY".utf8) + [version, 0] + count + Array(header.utf8) + data
    }
    let big = try folder.file("big.npy", npy("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }\n", [0xff, 0xfe, 1, 0]))
    #expect(try NumPy.read(big).array(of: Int32.self) == [-2, 256])
    let half = try folder.file(
      "half.npy", npy("{'descr': '<f2', 'fortran_order': False, 'shape': (2,), }\n", [0, 0x3c, 0, 0xc0], version: 2))
    #expect(try NumPy.read(half).array(of: Float.self) == [1, -2])
    let fortran = try folder.file("f.npy", npy("{\"descr\": '|u1', 'fortran_order': True, 'shape': (2, 3)}", [1, 4, 2, 5, 3, 6]))
    #expect(try NumPy.read(fortran).array(of: UInt8.self) == [1, 2, 3, 4, 5, 6])
    let objects = try folder.file("o.npy", npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", [0]))
    #expect(failure { _ = try NumPy.read(objects) }.contains("the element type '|O'"))
    let records = try folder.file("r.npy", npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", [0]))
    #expect(failure { _ = try NumPy.read(records) }.contains("arrays of records and objects are not read"))
  }

  // MARK: - Images

  private func pattern(_ count: Int, seed: Int = 4) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  @Test func pngRoundTripsAllChannels() throws {
    for channels in 1...4 {
      let image = RasterImage(height: 7, width: 5, channels: channels, pixels: pattern(35 * channels))
      #expect(try PNG.decode(PNG.encode(image), path: "a") == image)
    }
    let single = RasterImage(height: 1, width: 1, channels: 1, pixels: [9])
    #expect(try PNG.decode(PNG.encode(single), path: "a") == single)
  }

  @Test func pngReadsEveryDepthAndPalette() throws {
    // Each row begins with a byte of its own.
    let cases: [(depth: Int, bytes: [UInt8], expected: [UInt8])] = [
      (1, [0b1010_0000, 0b0100_0000], [255, 0, 255, 0, 255, 0]),
      (2, [0b1101_0000, 0b0010_1100], [255, 85, 0, 0, 170, 255]),
      (4, [0xf0, 0x50, 0x0f, 0xa0], [255, 0, 85, 0, 255, 170]),
      (16, [0xff, 0xff, 0, 0, 0x80, 0x80, 0, 0, 0x40, 0x40, 0xff, 0xff], [255, 0, 128, 0, 64, 255]),
    ]
    for (depth, bytes, expected) in cases {
      for isInterlaced in [false, true] {
        let png = PNG.encode(width: 3, height: 2, bitDepth: depth, colorType: 0, isInterlaced: isInterlaced, rows: bytes)
        let image = try PNG.decode(png, path: "a")
        #expect(image.channels == 1 && image.pixels == expected, "\(depth)")
      }
    }
    let palette = PNG.encode(
      width: 2, height: 1, bitDepth: 8, colorType: 3, rows: [1, 0], palette: [1, 2, 3, 4, 5, 6], transparency: [128])
    let image = try PNG.decode(palette, path: "a")
    #expect(image.channels == 4 && image.pixels == [4, 5, 6, 255, 1, 2, 3, 128])
  }

  @Test func jpegIsNearTheOriginal() throws {
    var pixels: [UInt8] = []
    for place in 0..<24 * 32 * 3 { pixels.append(UInt8(100 + place / 96 + place % 3 * 20)) }
    let smooth = RasterImage(height: 24, width: 32, channels: 3, pixels: pixels)
    let read = try JPEG.decode(JPEG.encode(smooth, quality: 95), path: "a")
    #expect(read.height == 24 && read.width == 32 && read.channels == 3)
    #expect(zip(read.pixels, smooth.pixels).allSatisfy { abs(Int($0) - Int($1)) <= 6 })
    let grey = RasterImage(height: 9, width: 9, channels: 1, pixels: Array(repeating: 77, count: 81))
    #expect(try JPEG.decode(JPEG.encode(grey), path: "a").pixels.allSatisfy { abs(Int($0) - 77) <= 1 })
  }

  @Test func anymapTextIsAnymapBinary() throws {
    let image = RasterImage(height: 2, width: 3, channels: 1, pixels: [0, 1, 2, 250, 251, 255])
    #expect(try PortableAnymap.decode(PortableAnymap.encode(image), path: "a") == image)
    let text = "P2 # grey\n3 # width\n2\n255\n0 1 2\n250 251 255\n"
    #expect(try PortableAnymap.decode(Array(text.utf8), path: "a") == image)
    let wide = Array("P5 2 1 65535\n".utf8) + [0xff, 0xff, 0x80, 0x80]
    #expect(try PortableAnymap.decode(wide, path: "a").pixels == [255, 128])
    let color = RasterImage(height: 1, width: 2, channels: 3, pixels: [1, 2, 3, 4, 5, 6])
    #expect(try PortableAnymap.decode(PortableAnymap.encode(color), path: "a") == color)
    #expect(try PortableAnymap.decode(Array("P3 2 1 255 1 2 3 4 5 6".utf8), path: "a") == color)
  }

  @Test func imagesAreConvertedAndResized() {
    let color = RasterImage(height: 1, width: 2, channels: 4, pixels: [255, 0, 0, 255, 0, 0, 0, 0])
    #expect(color.converted(toChannels: 1).pixels == [76, 255])
    #expect(color.converted(toChannels: 3).pixels == [255, 0, 0, 255, 255, 255])
    let image = RasterImage(height: 2, width: 4, channels: 1, pixels: [0, 100, 200, 40, 20, 80, 0, 160])
    #expect(image.resized(height: 1, width: 2).pixels == [50, 100])
    #expect(image.resized(height: 2, width: 4) == image)
    let flat = RasterImage(height: 3, width: 3, channels: 1, pixels: Array(repeating: 9, count: 9))
    #expect(flat.resized(height: 7, width: 5).pixels.allSatisfy { $0 == 9 })
  }

  @Test func damagedImagesAreTold() throws {
    let png = PNG.encode(RasterImage(height: 16, width: 16, channels: 1, pixels: pattern(256)))
    var crc = png
    crc[29] ^= 1
    for (bytes, words) in [(crc, "CRC"), (Array(png.prefix(60)), "the file ends early"), (Array(png.prefix(8)), "the file ends early")] {
      let file = try folder.file("a.png", bytes)
      let line = failure { _ = try ImageFiles.read(file) }
      #expect(line.contains(words) && line.contains("a.png, byte "), "\(line)")
    }
    var empty = png
    // A width of zero, with a checksum that fits.
    empty.replaceSubrange(16..<20, with: [0, 0, 0, 0])
    let file = try folder.file("zero.png", empty)
    #expect(failure { _ = try ImageFiles.read(file) }.contains("zero.png"))
    let text = try folder.file("b.png", "no image")
    #expect(failure { _ = try ImageFiles.read(text) }.contains("found the bytes 6e 6f 20"))
  }

  // MARK: - Tables

  private func table(_ text: String, _ options: Table.Options = .init()) throws -> Table {
    try Table(parsing: Array(text.utf8), path: "t.csv", options: options)
  }

  @Test func tablesFollowRFC4180() throws {
    let read = try table(
      "\u{feff}name,\"a, b\",c\r\n\"line\nend\",1,\"say \"\"no\"\"\"\r\nx,-2.5e1,\r\n", .init(kinds: ["name": .text, "c": .text]))
    #expect(read.columnNames == ["name", "a, b", "c"] && read.rowCount == 2)
    guard case .text(let names)? = read["name"], case .numbers(let numbers)? = read["a, b"], case .text(let c)? = read["c"] else {
      Issue.record("kinds of columns")
      return
    }
    #expect(names == ["line\nend", "x"] && numbers == [1, -25] && c == ["say \"no\"", nil])
  }

  @Test func headersAndDelimitersAreTold() throws {
    #expect(try table("1,2\n3,4\n").columnNames == ["column 1", "column 2"])
    #expect(try table("a,b\n3,4\n").columnNames == ["a", "b"])
    let tabs = try Table(parsing: Array("a\tb\n1,5\t2\n".utf8), path: "t.tsv", options: .init(kinds: ["a": .text]))
    #expect(tabs.columnNames == ["a", "b"])
    #expect(try table("x;y\n1;2\n", .init(delimiter: ";")).columnNames == ["x", "y"])
  }

  @Test func badTablesAreTold() {
    for (text, words) in [
      ("a,b\n1,2\n3\n", "line 3: found 1 fields, expected 2, as on line 1"), ("a,b\n\"1,2\n", "line 2: found a quote that is not closed"),
      ("a,b\n\"1\"x,2\n", "found text after a closing quote"), ("a,a\n1,2\n", "the column name \"a\" twice"),
      ("a,b\n", "found a header without rows"),
      ("", "found no rows"), ("a\n" + (1...20).map { "\($0)\n" }.joined() + "oops\n", "line 22, column a: found \"oops\""),
    ] {
      let line = failure { _ = try table(text) }
      #expect(line.contains(words), "\(line)")
    }
    #expect(failure { _ = try Table(parsing: [0x61, 0x2c, 0xff, 0x0a], path: "t.csv") }.contains("found the byte ff at 2"))
  }

  @Test func rolesMakeADataSet() throws {
    let text = "id|cat,x,kind,group,y\nn1,1,red,7,0.5\nn2,2,blue,7,1.5\nn3,?,red,9,2.5\n"
    let read = try table(text, .init(kinds: ["kind": .categories]))
    #expect(failure { _ = try read.dataset(.init(groups: "group", excluded: ["id"])) }.contains("line 4, column x: found a missing value"))
    let imputed = try read.dataset(.init(groups: "group", excluded: ["id"], missing: .impute))
    #expect(imputed.featureNames == ["x", "kind=blue", "kind=red"])
    #expect(imputed.features.array(of: Float.self) == [1, 0, 1, 2, 1, 0, 1.5, 0, 1])
    #expect(imputed.labels?.array(of: Float.self) == [0.5, 1.5, 2.5] && imputed.groups?.array(of: Int.self) == [0, 0, 1])
    #expect(try read.dataset(.init(excluded: ["id", "group"], missing: .dropRows)).count == 2)
    let classes = try read.dataset(.init(label: "kind", excluded: ["id"], missing: .impute))
    #expect(classes.classNames == ["blue", "red"] && classes.classLabels == [1, 0, 1])
    #expect(failure { _ = try read.dataset(.init(label: "absent")) }.contains("no column \"absent\""))
  }

  @Test func identifiersDoNotFillTheMemory() throws {
    let text = "id|cat,y\n" + (0..<40_000).map { "name \($0),1\n" }.joined()
    let read = try table(text)
    #expect(failure { _ = try read.dataset() }.contains("\"id\": found 40000 categories"))
  }

  @Test func gzipOfSeveralMembersIsOneFile() throws {
    let file = try folder.file("t.txt.gz", Gzip.compressed(Array("one\n".utf8)) + Gzip.compressed(Array("two\n".utf8)) + [0, 0, 0])
    #expect(try TextLines.read(file) == ["one", "two"])
  }

  @Test func checksumsAreThePublishedOnes() throws {
    let file = try folder.file("abc", "abc")
    #expect(try Checksum.sha256(of: file) == .sha256("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
    #expect(try Checksum.md5("").computed(of: file) == .md5("900150983cd24fb0d6963f7d28e17f72"))
    let ofFile = try Checksum.sha256(of: file)
    #expect(Checksum.sha256(of: Array("abc".utf8)) == ofFile)
  }

  // MARK: - Generated characters

  @Test func generatedCharactersAreFixedByTheSeed() {
    for characters in Handwriting.Characters.allCases {
      let hand = Handwriting(characters, size: 20, writers: 6)
      let classes = characters.classNames.count
      let data = hand.dataset(count: classes * 6, seed: 5)
      #expect(data.features.array(of: UInt8.self) == hand.dataset(count: classes * 6, seed: 5).features.array(of: UInt8.self))
      #expect(data.features.array(of: UInt8.self) != hand.dataset(count: classes * 6, seed: 6).features.array(of: UInt8.self))
      #expect(data.classHistogram == Array(repeating: 6, count: classes))
      let ink = data.features.array(of: UInt8.self).reduce(0.0) { $0 + Double($1) } / Double(data.count * 400) / 255
      #expect(ink > 0.02 && ink < 0.25, "\(characters) \(ink)")
    }
  }
}
