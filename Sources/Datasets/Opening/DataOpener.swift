import Foundation
import Tensors

/// Tells what a path holds, and reads it.
struct DataOpener {
  let location: String
  let options: OpenOptions

  func open(_ url: URL) throws -> DataSource {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
      throw FileAccessError(
        path: url.path, action: "open", reason: "there is no such file or folder",
        advice: "give a path, or one of the names \(Handwriting.Characters.allCases.map(\.rawValue).joined(separator: ", ")), "
          + StandardDataset.all.map(\.name).joined(separator: ", "))
    }
    return isFolder.boolValue ? try openFolder(url) : try openFile(url)
  }

  // MARK: - Files

  /// Kinds of single files. The first bytes decide, and the name where they do not.
  enum FileKind {
    case idx, cifar, table, npy, npz, safetensors, text, image
  }

  /// Nil where a file is of no known kind.
  static func kind(of url: URL) throws -> FileKind? {
    let reader = try ByteReader(url)
    let start = try reader.prefix(16)
    let name = plainName(url)
    if NumPy.isRecognised(start) { return .npy }
    if start.starts(with: [0x50, 0x4b, 0x03, 0x04]) || start.starts(with: [0x50, 0x4b, 0x05, 0x06]) {
      return name.hasSuffix(".npz") ? .npz : nil
    }
    if start.starts(with: PNG.signature) || start.starts(with: JPEG.signature) || PortableAnymap.isRecognised(start) { return .image }
    switch name.split(separator: ".").last ?? "" {
    case "npy": return .npy
    case "npz": return .npz
    case "safetensors": return .safetensors
    case "csv", "tsv": return .table
    case "txt", "text": return .text
    case "bin": return .cifar
    case let ending where ImageFiles.extensions.contains(String(ending)): return .image
    case "idx": return .idx
    default:
      if name.hasSuffix("-ubyte") || name.contains("-idx") || name.contains(".idx") { return .idx }
      if start.count >= 4, start[0] == 0, start[1] == 0, [0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e].contains(start[2]), (1...8).contains(start[3])
      {
        return .idx
      }
      return nil
    }
  }

  /// The name without the ending of gzip, in small letters.
  static func plainName(_ url: URL) -> String {
    let name = url.lastPathComponent.lowercased()
    return name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
  }

  private func openFile(_ url: URL) throws -> DataSource {
    switch try Self.kind(of: url) {
    case .idx: try arrays(["features": try IDX.read(url)], kind: .idx, path: url.path)
    case .cifar: try cifar([url], path: url.path)
    case .table: source(.table, try Table(reading: url).dataset(options.roles))
    case .npy: try arrays(["features": try NumPy.read(url)], kind: .npy, path: url.path)
    case .npz: try arrays(try NumPy.readArchive(url), kind: .npz, path: url.path)
    case .safetensors:
      try safetensors(url)
    case .text: source(.text, try text(url))
    case .image:
      throw FileFormatError(
        path: url.path, found: "one image", expected: "a folder with one folder of images a class",
        advice: "give the folder above the classes")
    case nil:
      throw FileFormatError(
        path: url.path, at: .byte(0), found: "a file of no known kind, beginning with \(hexadecimal(try ByteReader(url).prefix(8)))",
        expected: "IDX, CIFAR binary (.bin), .csv, .tsv, .npy, .npz, .safetensors or .txt", advice: "convert the file to one of these")
    }
  }

  private func source(_ kind: DataSource.Kind, _ training: Dataset, _ test: Dataset? = nil) -> DataSource {
    DataSource(kind: kind, location: location, training: training, test: test)
  }

  private func text(_ url: URL) throws -> Dataset {
    let lines = try TextLines.read(url)
    guard !lines.isEmpty else { throw FileFormatError(path: url.path, found: "an empty file", expected: "lines of text") }
    return Dataset(name: url.lastPathComponent, columns: [Dataset.Name.text: .text(lines)])
  }

  private func safetensors(_ url: URL) throws -> DataSource {
    let file = try SafetensorsFile(reading: url)
    let names = file.metadata["classes"].map { $0.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } }
    return try arrays(try file.tensors(), kind: .safetensors, path: url.path, classNames: names)
  }

  private func arrays(
    _ arrays: [String: Tensor], kind: DataSource.Kind, path: String, classNames: [String]? = nil
  ) throws -> DataSource {
    let parts = try NamedArrays(arrays, path: path, classNames: classNames).datasets()
    return source(kind, parts.training, parts.test)
  }

  private func cifar(_ files: [URL], path: String) throws -> DataSource {
    let folder = files[0].deletingLastPathComponent()
    var variant: CIFAR.Variant?
    var parts: [Bool: Dataset] = [:]
    for file in files {
      // Which of the two it is, the first file says; the others must agree.
      let found: CIFAR.Variant
      if let variant { found = variant } else { found = try CIFAR.variant(of: file) }
      let names = try Self.cifarClassNames(folder, variant: found, level: options.cifarLevel)
      let dataset = try CIFAR.read(file, variant: found, level: options.cifarLevel, classNames: names)
      variant = found
      let isTest = Self.plainName(file).contains("test")
      parts[isTest] = parts[isTest].map { $0.appending(dataset) } ?? dataset
    }
    let kind: DataSource.Kind = variant == .cifar100 ? .cifar100 : .cifar10
    if let training = parts[false] { return source(kind, training, parts[true]) }
    return source(kind, parts[true]!)
  }

  private static func cifarClassNames(_ folder: URL, variant: CIFAR.Variant, level: CIFAR.LabelLevel) throws -> [String]? {
    let name = variant == .cifar10 ? "batches.meta.txt" : level == .fine ? "fine_label_names.txt" : "coarse_label_names.txt"
    let count = variant == .cifar10 ? 10 : level == .fine ? 100 : 20
    for file in [name, "classes.txt"].map(folder.appendingPathComponent) where FileManager.default.fileExists(atPath: file.path) {
      let names = try TextLines.read(file).filter { !$0.isEmpty }
      guard names.count == count else {
        throw FileFormatError(path: file.path, found: "\(names.count) names of classes", expected: "\(count)")
      }
      return names
    }
    return nil
  }

  // MARK: - Folders

  private func openFolder(_ url: URL) throws -> DataSource {
    let files = try ImageFolder.visibleFiles(of: url)
    let folders = try ImageFolder.subfolders(of: url)
    let idx = IDXFolder.files(among: files)
    if !idx.isEmpty {
      let parts = try IDXFolder(folder: url, files: idx).datasets()
      return source(.idx, parts.training, parts.test)
    }
    let binaries = files.filter { Self.plainName($0).hasSuffix(".bin") }
    if !binaries.isEmpty { return try cifar(binaries, path: url.path) }
    if try folders.contains(where: { try Self.holdsImages($0) }) { return try images(url, folders) }
    let numpy = files.filter { Self.plainName($0).hasSuffix(".npy") }
    if numpy.count > 1 {
      var named: [String: Tensor] = [:]
      for file in numpy { named[String(Self.plainName(file).dropLast(4))] = try NumPy.read(file) }
      return try arrays(named, kind: .npy, path: url.path)
    }
    if let file = try Self.onlyDataFile(among: files, in: url) { return try openFile(file) }
    throw FileFormatError(
      path: url.path,
      found: files.isEmpty && folders.isEmpty
        ? "an empty folder"
        : "nothing that is known, among \(Self.count(files.count, "file")) and \(Self.count(folders.count, "folder"))"
          + " (\(Self.list(files + folders)))",
      expected: "IDX files, CIFAR .bin files, one folder of images a class, or one file in .csv, .tsv, .npy, .npz, .safetensors or .txt",
      advice: "give the folder or file that holds the data")
  }

  /// The one file of a folder that could be its data; nil where there is none.
  static func onlyDataFile(among files: [URL], in folder: URL) throws -> URL? {
    let data = files.filter { file in
      let name = plainName(file)
      return [".csv", ".tsv", ".npy", ".npz", ".safetensors", ".txt"].contains { name.hasSuffix($0) } && name != "classes.txt"
        && !name.hasPrefix("readme") && !name.hasPrefix("license")
    }
    guard data.count > 1 else { return data.first }
    throw FileFormatError(
      path: folder.path, found: "\(data.count) files that could be the data (\(list(data)))", expected: "one",
      advice: "name the file that is meant")
  }

  private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

  private static func list(_ urls: [URL]) -> String {
    let names = urls.prefix(8).map(\.lastPathComponent)
    return names.joined(separator: ", ") + (urls.count > names.count ? ", ..." : "")
  }

  private static let trainingNames: Set<String> = ["train", "training"]
  private static let testNames: Set<String> = ["test", "testing", "val", "valid", "validation"]

  private static func holdsImages(_ folder: URL) throws -> Bool {
    if try ImageFolder.visibleFiles(of: folder).contains(where: ImageFiles.isNamedAsImage) {
      return true
    }
    guard (trainingNames.union(testNames)).contains(folder.lastPathComponent.lowercased()) else { return false }
    return try ImageFolder.subfolders(of: folder).contains { inner in
      try ImageFolder.visibleFiles(of: inner).contains(where: ImageFiles.isNamedAsImage)
    }
  }

  private func images(_ url: URL, _ folders: [URL]) throws -> DataSource {
    let names = Set(folders.map { $0.lastPathComponent.lowercased() })
    guard let training = folders.first(where: { Self.trainingNames.contains($0.lastPathComponent.lowercased()) }),
      names.isSubset(of: Self.trainingNames.union(Self.testNames))
    else { return source(.imageFolder, try ImageFolder.read(url, options: options.images)) }
    let whole = try ImageFolder.read(training, options: options.images)
    guard let test = folders.first(where: { Self.testNames.contains($0.lastPathComponent.lowercased()) }) else {
      return source(.imageFolder, whole)
    }
    // The test images take the size and the classes of the training images.
    var testOptions = options.images
    testOptions.channels = testOptions.channels ?? whole.featureShape[2]
    let part = try ImageFolder.read(test, options: testOptions, classNames: whole.classNames)
    guard part.featureShape == whole.featureShape else {
      throw FileFormatError(
        path: test.path, found: "images of \(part.featureShape)", expected: "\(whole.featureShape), as in \(training.lastPathComponent)",
        advice: "say to which height and width images are to be resized")
    }
    return source(.imageFolder, whole, part)
  }
}

extension ByteReader {
  /// The first bytes, as many as there are up to `count`. Moves on like any other reading.
  func prefix(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = try bytes.withUnsafeMutableBytes { try readSome(into: $0) }
    return Array(bytes[..<got])
  }
}
