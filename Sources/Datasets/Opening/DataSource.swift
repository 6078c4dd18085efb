import Foundation
import Tensors

/// A data set as it was found: by the name of a generator, by the name of a standard set that was fetched, or as files of any known kind.
///
///     let source = try Dataset.open("digits")
///     let source = try Dataset.open("../shared/data/mnist")
///     let (training, test) = source.splits(testFraction: 0.2, seed: 1)
public struct DataSource: Sendable {
  public enum Kind: String, Codable, Sendable, CaseIterable {
    case generated = "generated characters"
    case idx = "IDX"
    case cifar10 = "CIFAR-10 binary"
    case cifar100 = "CIFAR-100 binary"
    case imageFolder = "image folders"
    case table
    case npy = "NPY"
    case npz = "NPZ"
    case safetensors
    case text = "text lines"
  }

  public let kind: Kind
  /// The name or path that was asked for.
  public let location: String
  /// All samples, where the source is not divided.
  public let training: Dataset
  /// The samples that the source sets apart for testing; nil where it sets none apart.
  public let test: Dataset?

  /// The parts of the source, or parts of the given share where it is not divided: by group where there are groups, stratified where there are
  /// classes.
  public func splits(testFraction: Double, seed: Int) -> (training: Dataset, test: Dataset) {
    precondition(testFraction > 0 && testFraction < 1, "DataSource.splits: the fraction \(testFraction) must be between 0 and 1")
    if let test { return (training, test) }
    let rule: SplitRule = training.groups != nil ? .group : training.classCount > 0 ? .stratified : .random
    let parts = training.split(fractions: [1 - testFraction, testFraction], seed: seed, by: rule)
    return (parts[0], parts[1])
  }
}

/// What the files leave open.
public struct OpenOptions: Codable, Hashable, Sendable {
  /// The size of images in folders.
  public var images: ImageFolder.Options
  /// The columns of a table.
  public var roles: Table.Roles
  /// Which labels of CIFAR-100 are the classes.
  public var cifarLevel: CIFAR.LabelLevel
  /// Samples of a generated set, and its seed.
  public var generatedTraining: Int
  public var generatedTest: Int
  public var seed: Int

  public init(
    images: ImageFolder.Options = .init(), roles: Table.Roles = .init(), cifarLevel: CIFAR.LabelLevel = .fine,
    generatedTraining: Int = 10_000,
    generatedTest: Int = 2_000, seed: Int = 1
  ) {
    precondition(generatedTraining >= 1 && generatedTest >= 1, "OpenOptions: a generated set needs samples")
    self.images = images
    self.roles = roles
    self.cifarLevel = cifarLevel
    self.generatedTraining = generatedTraining
    self.generatedTest = generatedTest
    self.seed = seed
  }
}

extension Dataset {
  /// Opens what a name or a path means.
  ///
  /// - `digits`, `letters`, `capitals`, `small-letters`, `letters52`, `alphanumeric`: drawn by `Handwriting`, no file needed;
  /// - the name of a standard set (`StandardDataset.all`) that was fetched;
  /// - a folder of IDX files (as MNIST; EMNIST's images are turned upright), of CIFAR binary files, of one folder of images a class (with
  ///   folders `train` and `test` above them, or without), or of NPY arrays;
  /// - a file: IDX, CIFAR binary, CSV or TSV, NPY, NPZ, safetensors, or text (.txt). All but the archives may be packed with gzip;
  /// - a folder with just one such file.
  ///
  /// Arrays are told by their names: features (or x, images, data, inputs) and labels (or y, label, targets, target), with train or test before
  /// or behind where the file is divided.
  ///
  /// - Throws: `FileFormatError`, which says what was found where nothing was recognised; `FileAccessError`.
  public static func open(_ nameOrPath: String, options: OpenOptions = OpenOptions()) throws -> DataSource {
    if let characters = Handwriting.Characters(rawValue: nameOrPath) {
      let parts = Handwriting(characters).splits(training: options.generatedTraining, test: options.generatedTest, seed: options.seed)
      return DataSource(kind: .generated, location: nameOrPath, training: parts.training, test: parts.test)
    }
    if let standard = StandardDataset.named(nameOrPath) {
      let folder = DataDirectory.standard.appendingPathComponent(standard.name)
      if standard.isPresent(in: folder) { return try DataOpener(location: nameOrPath, options: options).open(folder) }
      guard FileManager.default.fileExists(atPath: nameOrPath) else {
        throw FileAccessError(
          path: nameOrPath, action: "open", reason: "this standard set is not in \(DataDirectory.standard.path)",
          advice: "fetch it with: apus data fetch \(standard.name)")
      }
    }
    return try DataOpener(location: nameOrPath, options: options).open(URL(fileURLWithPath: nameOrPath))
  }
}

/// Where standard sets are kept.
public enum DataDirectory {
  /// The folder named by APUS_DATA, or `apus/data` in the user's folder for caches.
  public static var standard: URL {
    let environment = ProcessInfo.processInfo.environment
    if let path = environment["APUS_DATA"], !path.isEmpty { return URL(fileURLWithPath: path) }
    let caches: URL
    if let path = environment["XDG_CACHE_HOME"], path.hasPrefix("/") {
      caches = URL(fileURLWithPath: path)
    } else {
      caches = FileManager.default.homeDirectoryForCurrentUser.appendingPathComponent(".cache")
    }
    return caches.appendingPathComponent("apus/data")
  }
}
