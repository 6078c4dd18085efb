import Datasets
import Foundation
import Tensors
import Training

/// What `--data` names, told by its contents: pictures of digits, bags of instances, tables, or repertoires - or a folder that holds several of these in
/// folders called `mnist`, `mil`, `uci-classification` and `repertoires`. What is not given is generated.
struct HopfieldData {
  struct Images {
    /// float32 (samples, 28, 28, 1) in [0, 1].
    let images: Tensor
    let labels: [Int]
  }

  struct Digits {
    let training: Images
    let test: Images
  }

  private let seed: Int
  private var imageLocation: String?
  private(set) var bags: [InstanceBags] = []
  private(set) var tables: [Dataset] = []
  private(set) var repertoires: RepertoireFolder?
  private var names: [String] = []

  private static let parts = ["mnist", "mil", "uci-classification", "repertoires"]

  /// - Throws: `FileAccessError`, `FileFormatError`.
  init(_ nameOrPath: String?, _ options: HopfieldOptions, seed: Int) throws {
    self.seed = seed
    guard let nameOrPath else { return }
    let url = URL(fileURLWithPath: nameOrPath)
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
    let folders = Self.parts.map(url.appendingPathComponent).filter { FileManager.default.fileExists(atPath: $0.path) }
    if exists, isFolder.boolValue, !folders.isEmpty {
      for folder in folders { try read(folder, location: folder.path, options) }
    } else if exists {
      try read(url, location: nameOrPath, options)
    } else {
      imageLocation = nameOrPath
      names.append(nameOrPath)
      _ = try digits()
    }
  }

  private mutating func read(_ url: URL, location: String, _ options: HopfieldOptions) throws {
    names.append(url.lastPathComponent)
    if RepertoireFolder.isRecognised(url) {
      repertoires = try RepertoireFolder(url)
      return
    }
    let files = try TableFiles.list(url)
    guard !files.isEmpty else {
      imageLocation = location
      _ = try digits()
      return
    }
    for file in files {
      if try InstanceBags.isRecognised(file) {
        bags.append(try InstanceBags(reading: file))
      } else {
        let name = String(file.lastPathComponent.prefix { $0 != "." })
        // A file that was named itself is meant.
        guard files.count == 1 || options.tables == ["all"] || options.tables.contains(name) else { continue }
        let table = try Table(reading: file)
        guard table.rowCount <= options.tableRows else { continue }
        let set = try table.dataset(Table.Roles(task: .classification, missing: .impute))
        guard set.classCount >= 2, set["features"] != nil else { continue }
        tables.append(set)
      }
    }
    guard !bags.isEmpty || !tables.isEmpty else {
      throw StudyError(
        "\(location) holds none of the tables \(options.tables.joined(separator: ", ")) with classes and at most \(options.tableRows) rows",
        because: .data,
        advice: "give bags of instances (columns bag_id, bag_label) or small tables, or change --set tables= or tableRows=")
    }
  }

  var summary: DataSummary {
    DataSummary(names.isEmpty ? "generated memories, bags and sequences" : names.joined(separator: ", "), isGenerated: names.isEmpty)
  }

  /// Numbered digits of 28 x 28 pixels, drawn where no pictures are given.
  /// - Throws: `StudyError` for pictures that are not of ten classes.
  func digits() throws -> Digits {
    let location = imageLocation ?? Handwriting.Characters.digits.rawValue
    let source = try Dataset.open(location, options: OpenOptions(generatedTraining: 4000, generatedTest: 2000, seed: seed))
    guard source.training.hasImages, source.training.classCount == 10 else {
      throw StudyError(
        "\(location) holds no pictures of ten classes", because: .data, advice: "give digits such as MNIST, with the class 9 as target")
    }
    let parts = source.splits(testFraction: 0.2, seed: seed)
    func images(_ set: Dataset) throws -> Images {
      let features = set.features
      guard Array(features.shape.dropFirst()) == [28, 28, 1] else {
        throw StudyError(
          "\(location) has images of \(features.shape.dropFirst())", because: .data, advice: "give grey images of 28 x 28 pixels")
      }
      let scaled = features.cast(to: .float32) / 255
      evaluate(scaled)
      return Images(images: scaled, labels: set.labels!.array(of: Int32.self).map(Int.init))
    }
    return Digits(training: try images(parts.training), test: try images(parts.test))
  }

  /// What the digits are, for captions.
  var digitsName: String { imageLocation.map { URL(fileURLWithPath: $0).lastPathComponent } ?? "drawn digits" }

  /// Bags of instances; where none are given, bags in which an unusual instance makes the difference.
  func instanceBags() -> [InstanceBags] { bags.isEmpty ? [Self.generatedBags(seed: seed)] : bags }

  static func generatedBags(seed: Int, count: Int = 120, features: Int = 20) -> InstanceBags {
    var random = SplitMix64(seed: seed, 11)
    var values: [Float] = []
    var offsets = [0]
    for bag in 0..<count {
      let size = 4 + random.integer(below: 6)
      let key = random.integer(below: size)
      for instance in 0..<size {
        // The unusual instance lies off in three features at once; others do so in one at a time.
        let isKey = bag % 2 == 0 && instance == key
        let lone = random.integer(below: 3)
        for feature in 0..<features {
          let isOff = feature < 3 && (isKey || feature == lone)
          values.append(random.normal(isOff ? 2.5 : 0, 1))
        }
      }
      offsets.append(offsets.last! + size)
    }
    return InstanceBags(
      name: "generated", features: Tensor(values, shape: [offsets.last!, features]), offsets: offsets,
      labels: (0..<count).map { $0 % 2 == 0 })
  }

  /// Small tables; where none are given, three clouds of points that no line parts.
  func smallTables() -> [Dataset] {
    guard tables.isEmpty else { return tables }
    var random = SplitMix64(seed: seed, 12)
    var (values, labels): ([Float], [Int32]) = ([], [])
    for row in 0..<180 {
      let label = row % 3
      let angle = Float(label) * 2 * .pi / 3 + (random.bernoulli(0.5) ? .pi : 0)
      values += [2 * cos(angle) + random.normal(0, 0.5), 2 * sin(angle) + random.normal(0, 0.5), random.normal(), random.normal()]
      labels.append(Int32(label))
    }
    return [
      Dataset(name: "generated", features: Tensor(values, shape: [180, 4]), labels: Tensor(labels), classNames: ["a", "b", "c"])
    ]
  }
}

/// Files of tables.
enum TableFiles {
  private static let endings = [".csv", ".csv.gz", ".tsv", ".tsv.gz"]

  /// The tables of a folder but for an `index.csv`, or the file itself if it is one.
  static func list(_ url: URL) throws -> [URL] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else { return [] }
    let files: [URL]
    if isFolder.boolValue {
      do {
        files = try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil, options: .skipsHiddenFiles)
      } catch {
        throw FileAccessError(path: url.path, action: "list", reason: error.localizedDescription)
      }
    } else {
      files = [url]
    }
    return files.filter { file in
      let name = file.lastPathComponent.lowercased()
      return endings.contains(where: name.hasSuffix) && name != "index.csv"
    }.sorted { $0.lastPathComponent < $1.lastPathComponent }
  }
}
