import Datasets
import Foundation
import Layers
import Search
import Tensors

/// A network cut out of a supernet, folded and saved with everything that is needed to use it on pictures.
struct SpecializedNetworkFile {
  private enum Key {
    static let configuration = "supernet"
    static let architecture = "architecture"
    static let classes = "classes"
    static let normalization = "normalization"
    static let size = "image-size"
  }

  let network: MaterializedNetwork
  let classNames: [String]
  let normalization: Normalization
  let size: (height: Int, width: Int)
  let channels: Int

  static func save(
    _ architecture: Architecture, of supernet: Supernet, evaluator: SubnetEvaluator, data: SupernetData, to url: URL
  ) throws {
    let table = supernet.calibration(architecture, batches: evaluator.calibrationBatches)
    let network = supernet.materialized(architecture, table).folded()
    // In a fixed order: equal networks are equal files.
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    func text(_ value: some Encodable) throws -> String { String(decoding: try encoder.encode(value), as: UTF8.self) }
    try network.save(
      to: url,
      metadata: [
        Key.configuration: try text(supernet.design.configuration),
        Key.architecture: String(decoding: try supernet.space.encoded(architecture), as: UTF8.self),
        Key.classes: data.training.classNames.joined(separator: "\n"), Key.normalization: try text(data.normalization),
        Key.size: "\(data.training.featureShape[0]),\(data.training.featureShape[1])",
      ])
  }

  /// - Throws: `FileAccessError`, `FileFormatError`, `ModelStateError`, `SearchSpaceError`.
  init(reading url: URL) throws {
    let file = try SafetensorsFile(reading: url)
    func refused(_ key: String, _ found: String) -> FileFormatError {
      FileFormatError(path: url.path, at: .field("__metadata__.\(key)"), found: found, expected: "what a run saves")
    }
    func field(_ key: String) throws -> String {
      guard let text = file.metadata[key] else { throw refused(key, "nothing") }
      return text
    }
    func decoded<Value: Decodable>(_ key: String, as: Value.Type) throws -> Value {
      guard let value = try? JSONDecoder().decode(Value.self, from: Data(try field(key).utf8)) else { throw refused(key, "other contents") }
      return value
    }
    let design = try SupernetDesign(decoded(Key.configuration, as: SupernetConfiguration.self))
    let architecture: Architecture
    do { architecture = try design.space.architecture(from: Data(field(Key.architecture).utf8)) } catch is DecodingError {
      throw refused(Key.architecture, "other contents")
    }
    let sides = try field(Key.size).split(separator: ",").compactMap { Int($0) }
    guard sides.count == 2, sides.allSatisfy({ (1...4096).contains($0) }) else { throw refused(Key.size, "other contents") }
    classNames = try field(Key.classes).components(separatedBy: "\n")
    guard classNames.count == design.configuration.classCount else { throw refused(Key.classes, "\(classNames.count) names") }
    normalization = try decoded(Key.normalization, as: Normalization.self)
    size = (sides[0], sides[1])
    channels = design.configuration.inputChannels
    guard normalization.mean.count == channels else { throw refused(Key.normalization, "\(normalization.mean.count) channels") }
    // Initial values do not matter: all are read from the file.
    var random = RandomStream(seed: 0)
    network = Supernet(design, random: &random).materialized(architecture).folded()
    try network.load(from: url)
  }

  /// The class of each picture, with its probability. Pictures are made as large as those of the training.
  /// - Throws: `FileAccessError`, `FileFormatError` for a picture that cannot be read.
  func predict(_ inputs: [String]) throws -> [Prediction] {
    let pictures = try inputs.map { path in
      try ImageFiles.read(URL(fileURLWithPath: path)).converted(toChannels: channels).resized(height: size.height, width: size.width).tensor
    }
    guard !pictures.isEmpty else { return [] }
    let images = normalization(Tensor.stack(pictures).cast(to: .float32) / 255)
    let probabilities = network(images).softmax().array(of: Float.self)
    return inputs.enumerated().map { index, input in
      let row = probabilities[index * classNames.count..<(index + 1) * classNames.count]
      let best = row.indices.max { row[$0] < row[$1] }!
      return Prediction(input: input, label: classNames[best - row.startIndex], confidence: Double(row[best]))
    }
  }
}
