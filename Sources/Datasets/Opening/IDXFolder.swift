import Foundation
import Tensors

/// A folder of IDX files named as those of MNIST and EMNIST: [set-][train-|test-|t10k-]ROLE-idxN-ubyte[.gz].
///
/// The roles "images" and "labels" become features and labels, "writers" groups; any other becomes a column of its name. Class names come from
/// `classes.txt` or EMNIST's `SET-mapping.txt`; without them they are the numbers.
struct IDXFolder {
  struct File {
    let url: URL
    /// What stands before the part's name: "emnist-letters"; empty as a rule.
    let set: String
    let isTest: Bool
    let role: String
  }

  let folder: URL
  let files: [File]

  static func files(among urls: [URL]) -> [File] {
    urls.compactMap { url in
      // MNIST is found with a dot before "idx" as well.
      guard let match = DataOpener.plainName(url).wholeMatch(of: /(.*?)([a-z]+)[-.]idx[0-9]+-ubyte/) else { return nil }
      var words = match.1.split(separator: "-").map(String.init)
      var isTest = false
      if let last = words.last, ["train", "t10k", "test"].contains(last) {
        isTest = last != "train"
        words.removeLast()
      }
      return File(url: url, set: words.joined(separator: "-"), isTest: isTest, role: String(match.2))
    }
  }

  func datasets() throws -> (training: Dataset, test: Dataset?) {
    let sets = Set(files.map(\.set)).sorted()
    guard sets.count == 1 else {
      throw FileFormatError(
        path: folder.path, found: "several sets: \(sets.joined(separator: ", "))", expected: "the IDX files of one",
        advice: "put the files of each set into a folder of its own")
    }
    var names = try classNames(set: sets[0])
    let parts = try [false, true].map { isTest in
      try part(files.filter { $0.isTest == isTest }, isTest: isTest, classes: names)
    }
    let largest = parts.compactMap { $0?.labels?.array(of: Int.self).max() }.max()
    if names == nil, let largest { names = (nil, (0...largest).map(String.init)) }
    let datasets = parts.map { part -> Dataset? in
      var part = part
      if part?.labels != nil { part?.classNames = names?.names ?? [] }
      return part
    }
    if let training = datasets[0] { return (training, datasets[1]) }
    return (datasets[1]!, nil)
  }

  private typealias ClassNames = (numbers: [Int: Int32]?, names: [String])

  /// The names of the classes, and which number in the files stands for each, where they do not count from 0.
  private func classNames(set: String) throws -> ClassNames? {
    let list = folder.appendingPathComponent("classes.txt")
    if FileManager.default.fileExists(atPath: list.path) {
      let names = try TextLines.read(list)
      guard !names.isEmpty, !names.contains("") else {
        throw FileFormatError(path: list.path, found: "an empty line or file", expected: "one name of a class a line")
      }
      return (nil, names)
    }
    let mapping = folder.appendingPathComponent("\(set)-mapping.txt")
    guard !set.isEmpty, FileManager.default.fileExists(atPath: mapping.path) else { return nil }
    var numbers: [Int: Int32] = [:]
    var names: [String] = []
    for (index, line) in try TextLines.read(mapping).enumerated() {
      let words = line.split(separator: " ").map { Int($0) }
      guard words.count >= 2, let number = words[0], let code = words[1], let scalar = UInt8(exactly: code), scalar < 0x80,
        numbers[number] == nil
      else {
        throw FileFormatError(
          path: mapping.path, at: .line(index + 1), found: "\"\(line)\"",
          expected: "a label that occurs once and the ASCII codes of its characters")
      }
      numbers[number] = Int32(names.count)
      names.append(String(UnicodeScalar(scalar)))
    }
    return (numbers, names)
  }

  private func part(_ files: [File], isTest: Bool, classes: ClassNames?) throws -> Dataset? {
    guard let images = files.first(where: { $0.role == "images" }) else {
      if let stranger = files.first {
        throw FileFormatError(path: stranger.url.path, found: "\(stranger.role) without images", expected: "a file of images beside it")
      }
      return nil
    }
    var columns: [(name: String, column: Dataset.Column)] = []
    var count = 0
    for file in [images] + files.filter({ $0.role != "images" }) {
      var tensor = try IDX.read(file.url)
      if columns.isEmpty { count = tensor.shape[0] }
      guard tensor.shape[0] == count else {
        throw FileFormatError(
          path: file.url.path, at: .byte(4), found: "\(tensor.shape[0]) \(file.role)",
          expected: "\(count), as in \(images.url.lastPathComponent)",
          advice: "the files do not belong together; copy or download them again")
      }
      guard count > 0 else { throw FileFormatError(path: file.url.path, at: .byte(4), found: "no \(file.role)", expected: "at least one") }
      guard !columns.contains(where: { $0.name == Self.column(of: file.role) }) else {
        throw FileFormatError(
          path: file.url.path, found: "a second file of \(file.role)", expected: "one, packed or not", advice: "remove one of them")
      }
      switch file.role {
      case "labels":
        tensor = try labels(tensor, of: file, classes: classes)
      case "writers": tensor = tensor.cast(to: .int32)
      default:
        // EMNIST stores its images with rows and columns exchanged.
        if tensor.rank == 3, file.set.hasPrefix("emnist") { tensor = tensor.transposed(permutation: [0, 2, 1]) }
        tensor = tensor.withChannels
      }
      columns.append((Self.column(of: file.role), .tensor(tensor)))
    }
    return Dataset(name: "\(folder.lastPathComponent) \(isTest ? "test" : "training")", columns: columns, classNames: [], featureNames: [])
  }

  private static func column(of role: String) -> String {
    switch role {
    case "images": Dataset.Name.features
    case "labels": Dataset.Name.labels
    case "writers": Dataset.Name.groups
    default: role
    }
  }

  private func labels(_ tensor: Tensor, of file: File, classes: ClassNames?) throws -> Tensor {
    guard tensor.rank == 1, !tensor.dtype.isFloatingPoint else {
      throw FileFormatError(
        path: file.url.path, at: .byte(2), found: "labels of \(tensor.dtype)\(tensor.shape)", expected: "one whole number a sample")
    }
    let values = tensor.array(of: Int.self)
    let limit = classes?.names.count ?? Dataset.maximumClassCount
    let mapped = try values.enumerated().map { index, value -> Int32 in
      if let number = classes?.numbers?[value] { return number }
      guard classes?.numbers == nil, value >= 0, value < limit else {
        throw FileFormatError(
          path: file.url.path, at: .byte(8 + index), found: "the label \(value)",
          expected: classes == nil ? "a label in 0 ..< \(limit)" : "one of the \(limit) classes that are named beside it")
      }
      return Int32(value)
    }
    return Tensor(mapped)
  }
}
