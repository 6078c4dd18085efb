import Foundation
import Tensors

/// The binary format of CIFAR-10 and CIFAR-100: records without a header, each one or two label bytes and a 32 x 32 image as three planes.
/// Gzip is unpacked on the way.
public enum CIFAR {
  public enum Variant: String, Sendable, CaseIterable, Codable {
    /// One label byte, 0 ... 9.
    case cifar10 = "CIFAR-10"
    /// A coarse label byte, 0 ... 19, and a fine one, 0 ... 99.
    case cifar100 = "CIFAR-100"

    var labelBytes: Int { self == .cifar10 ? 1 : 2 }
    var recordBytes: Int { labelBytes + 3 * CIFAR.planeBytes }
    public var classCount: Int { self == .cifar10 ? 10 : 100 }
  }

  /// Which labels of CIFAR-100 become "labels". The others stand in the column "fine labels" or "coarse labels".
  public enum LabelLevel: String, Sendable, Codable, CaseIterable { case fine, coarse }

  public static let classNames10 = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
  static let side = 32
  static let planeBytes = side * side

  /// Reads one file.
  ///
  /// - Parameters:
  ///   - variant: nil tells it by the size of the file and its label bytes.
  ///   - classNames: names of the labels chosen by `level`; nil takes CIFAR-10's, or numbers.
  /// - Returns: features uint8 (count, 32, 32, 3), labels int32.
  /// - Throws: `FileFormatError`, `FileAccessError`.
  public static func read(
    _ url: URL, variant: Variant? = nil, level: LabelLevel = .fine, classNames: [String]? = nil
  ) throws -> Dataset {
    let reader = try ByteReader(url)
    let bytes = try reader.rest()
    let variant = try variant ?? recognise(bytes, path: url.path)
    let record = variant.recordBytes
    guard !bytes.isEmpty, bytes.count % record == 0 else {
      throw FileFormatError(
        path: url.path, at: .byte(bytes.count / record * record), found: "\(bytes.count) bytes",
        expected: "a positive multiple of \(record), the size of a \(variant.rawValue) record",
        advice: "the file is cut short; copy or download it again")
    }
    let count = bytes.count / record
    var labels = [[Int32]](repeating: [], count: variant.labelBytes)
    let limits = variant == .cifar10 ? [10] : [20, 100]
    for index in 0..<count {
      for (place, limit) in limits.enumerated() {
        let label = bytes[index * record + place]
        guard label < limit else {
          throw FileFormatError(
            path: url.path, at: .byte(index * record + place), found: "the label \(label)", expected: "a label in 0 ..< \(limit)",
            advice: "the file is damaged or no \(variant.rawValue) file")
        }
        labels[place].append(Int32(label))
      }
    }
    let features = Tensor(shape: [count, side, side, 3], dtype: .uint8) { target in
      for index in 0..<count {
        let source = index * record + variant.labelBytes
        for channel in 0..<3 {
          for pixel in 0..<planeBytes {
            target[(index * planeBytes + pixel) * 3 + channel] = bytes[source + channel * planeBytes + pixel]
          }
        }
      }
    }
    let isCoarse = variant == .cifar100 && level == .coarse
    let names = classNames ?? (variant == .cifar10 ? classNames10 : (0..<(isCoarse ? 20 : 100)).map(String.init))
    var dataset = Dataset(
      name: url.lastPathComponent, features: features, labels: Tensor(isCoarse ? labels[0] : labels[labels.count - 1]), classNames: names)
    if variant == .cifar100 {
      dataset.set(.tensor(Tensor(isCoarse ? labels[1] : labels[0])), named: isCoarse ? "fine labels" : "coarse labels")
    }
    return dataset
  }

  /// Writes features uint8 (count, 32, 32, 3) with class labels; packs when the path ends in ".gz". CIFAR-100 needs the other labels too.
  /// - Throws: `FileAccessError`.
  public static func write(_ dataset: Dataset, variant: Variant = .cifar10, to url: URL) throws {
    precondition(
      dataset.featureShape == [side, side, 3] && dataset.features.dtype == .uint8,
      "CIFAR.write: features must be uint8 (samples, 32, 32, 3), found \(dataset.features.dtype)\(dataset.features.shape)")
    let pixels = dataset.features.array(of: UInt8.self)
    let fine = (dataset.tensor(named: "fine labels") ?? dataset.labels!).array(of: Int.self)
    let coarse = (dataset.tensor(named: "coarse labels") ?? dataset.labels!).array(of: Int.self)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(dataset.count * variant.recordBytes)
    for index in 0..<dataset.count {
      if variant == .cifar100 { bytes.append(UInt8(coarse[index])) }
      bytes.append(UInt8(fine[index]))
      for channel in 0..<3 {
        for pixel in 0..<planeBytes { bytes.append(pixels[(index * planeBytes + pixel) * 3 + channel]) }
      }
    }
    try AtomicFile.write(url.pathExtension == "gz" ? Gzip.compressed(bytes) : bytes, to: url)
  }

  /// Which of the two a file is.
  static func variant(of url: URL) throws -> Variant { try recognise(try ByteReader(url).rest(), path: url.path) }

  /// Tells the variant: the size must be a multiple of the record, and the label bytes in range.
  private static func recognise(_ bytes: [UInt8], path: String) throws -> Variant {
    for variant in Variant.allCases where !bytes.isEmpty && bytes.count % variant.recordBytes == 0 {
      let fits = stride(from: 0, to: bytes.count, by: variant.recordBytes).allSatisfy { start in
        variant == .cifar10 ? bytes[start] < 10 : bytes[start] < 20 && bytes[start + 1] < 100
      }
      if fits { return variant }
    }
    throw FileFormatError(
      path: path, found: "\(bytes.count) bytes that are no whole records with labels in range",
      expected: "CIFAR-10 records of \(Variant.cifar10.recordBytes) bytes or CIFAR-100 records of \(Variant.cifar100.recordBytes)",
      advice: "the file is damaged or no CIFAR binary file")
  }
}
