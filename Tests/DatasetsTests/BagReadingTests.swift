import Datasets
import Foundation
import Tensors
import Testing

@Suite struct BagReadingTests {
  private func file(_ text: String, _ name: String = "bags.csv", in folder: URL? = nil) throws -> URL {
    let folder = folder ?? FileManager.default.temporaryDirectory.appendingPathComponent("apus-bags-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let url = folder.appendingPathComponent(name)
    try Data(text.utf8).write(to: url)
    return url
  }

  @Test func `bags are gathered whatever the order of their rows`() throws {
    let url = try file("bag_id,bag_label,f0,f1\n7,0,1,2\n9,1,3,4\n7,0,5,6\n")
    defer { try? FileManager.default.removeItem(at: url.deletingLastPathComponent()) }
    #expect(try InstanceBags.isRecognised(url))
    let bags = try InstanceBags(reading: url)
    #expect(bags.name == "bags" && bags.identifiers == ["7", "9"] && bags.labels == [false, true] && bags.offsets == [0, 2, 3])
    #expect(bags.features.array(of: Float.self) == [1, 2, 5, 6, 3, 4] && bags.rows(ofBag: 1) == 2..<3)
  }

  @Test(arguments: [
    ("bag_id,bag_label,f0\n1,0,1\n1,1,2\n", "0, as the bag has on line 2"), ("bag_id,bag_label,f0\n1,0,1\n2,0,2\n", "two: negative"),
    ("bag_id,bag_label,f0\n1,0,1\n2,1,\n", "a number"), ("bag_id,f0\n1,0\n2,1\n", "no column \"bag_label\""),
    ("bag_id,bag_label\n1,0\n2,1\n", "columns of numbers"), ("bag_id,bag_label,f0\n1,0,a\n2,1,b\n", "numbers"),
    ("bag_id,bag_label,f0\n,0,1\n2,1,1\n", "a value in every row"),
  ])
  func `damaged bags are refused`(text: String, words: String) throws {
    let url = try file(text)
    defer { try? FileManager.default.removeItem(at: url.deletingLastPathComponent()) }
    do {
      _ = try InstanceBags(reading: url)
      Issue.record("it was read")
    } catch let error as FileFormatError { #expect("\(error)".contains(words), "\(error)") }
  }

  @Test func `repertoires are read one by one`() throws {
    let meta = try file("ID\tcmv\na\t+\nb\t-\n", "metadata.tsv")
    let folder = meta.deletingLastPathComponent()
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(throws: FileAccessError.self) { try RepertoireFolder(folder) }
    _ = try file("amino_acid\ttemplates\nACD\t3\nYW\t1\n", "a.tsv", in: folder)
    _ = try file("amino_acid\nGG\n", "b.tsv", in: folder)
    #expect(RepertoireFolder.isRecognised(folder))
    let set = try RepertoireFolder(folder)
    #expect(set.labels == [true, false] && set.labelName == "cmv")
    let first = try set.repertoire(0)
    #expect(
      first.sequenceCount == 2 && Array(first.sequence(0)) == [0, 1, 2] && Array(first.sequence(1)) == [19, 18] && first.counts == [3, 1])
    #expect(try set.repertoire(1).counts == [1])
    for (text, words) in [
      ("amino_acid\nAXB\n", "letters of"), ("amino_acid\ttemplates\nAC\t0\n", "a whole number of at least 1"),
      ("seq\nAC\n", "amino_acid"),
    ] {
      _ = try file(text, "b.tsv", in: folder)
      do {
        _ = try set.repertoire(1)
        Issue.record("it was read")
      } catch let error as FileFormatError { #expect("\(error)".contains(words), "\(error)") }
    }
    _ = try file("ID\tcmv\na\t+\nb\t+\n", "metadata.tsv", in: folder)
    #expect(throws: FileFormatError.self) { try RepertoireFolder(folder) }
  }
}
