import Architectures
import Datasets
import Foundation
import Layers
import Tensors
import Training

/// Keeps the trained network of a run in `model.safetensors`, with lambda, and merged in `deployed.safetensors`; applies it to pictures.
struct VanillaNetPredictor {
  private struct Description: Codable {
    var variant: VanillaNetVariant
    var configuration: VanillaNetConfiguration
    var classNames: [String]
    /// Height, width, channels.
    var imageShape: [Int]
    var normalization: Normalization
  }

  private static let key = "vanillanet"

  static func save(_ results: [VanillaNetResult], data: VanillaNetData, to run: StudyRun) throws {
    let preferred: [VanillaNetVariant] = [.vanillanet, .series]
    let networks = results.filter { $0.variant.residualScale == nil }
    guard let result = networks.first(where: { preferred.contains($0.variant) }) ?? networks.first,
      case .vanilla(let network, let deployed) = result.network
    else { return }
    let description = Description(
      variant: result.variant, configuration: network.configuration, classNames: data.training.classNames, imageShape: data.imageShape,
      normalization: data.normalization)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let metadata = [key: String(decoding: try encoder.encode(description), as: UTF8.self)]
    try network.save(to: run.file("model.safetensors"), metadata: metadata)
    // A plain file for other programs, in the names and layouts of the published code, with the report of the check.
    try deployed.save(
      to: run.file("deployed.safetensors"), layout: .pyTorch(renaming: DeployedVanillaNet.officialName),
      metadata: metadata.merging([
        "verification":
          "largest difference \(result.largestDifference) at logits up to \(result.largestLogit); \(result.changedPredictions) of \(data.test.count) predictions differ"
      ]) { $1 })
  }

  private let description: Description
  private let network: DeployedVanillaNet

  /// - Throws: `FileAccessError`, `FileFormatError`, `ModelStateError`.
  init(_ saved: SavedModel<VanillaNetOptions>) throws {
    let file = try SafetensorsFile(reading: saved.parameters)
    func refused(_ found: String) -> FileFormatError {
      FileFormatError(path: file.url.path, at: .field("__metadata__.\(Self.key)"), found: found, expected: "what a run saves")
    }
    guard let text = file.metadata[Self.key] else { throw refused("nothing") }
    do { description = try JSONDecoder().decode(Description.self, from: Data(text.utf8)) } catch { throw refused("other values") }
    let shape = description.imageShape
    guard shape.count == 3, shape.allSatisfy({ (1...4096).contains($0) }), description.classNames.count == description.configuration.classes
    else { throw refused("an image shape of \(shape) and \(description.classNames.count) classes") }
    // Initial values do not matter: all are read from the file.
    var random = RandomStream(seed: 0)
    let training = try VanillaNet(description.configuration, random: &random)
    try description.configuration.checkFits(height: shape[0], width: shape[1], channels: shape[2])
    try training.load(from: saved.parameters)
    network = try training.deployed()
  }

  /// The class of each picture with its probability. Pictures are made as large as those of the training.
  /// - Throws: `FileAccessError`, `FileFormatError` for a picture that cannot be read.
  func predict(_ inputs: [String]) throws -> [Prediction] {
    let shape = description.imageShape
    let pictures = try inputs.map { path in
      try ImageFiles.read(URL(fileURLWithPath: path)).converted(toChannels: shape[2]).resized(height: shape[0], width: shape[1]).tensor
    }
    guard !pictures.isEmpty else { return [] }
    let images = description.normalization(Tensor.stack(pictures).cast(to: .float32) / 255)
    let probabilities = withContext(.inference) { network(images) }.softmax()
    let best = probabilities.argMax().array(of: Int.self)
    let confidence = probabilities.max(axes: [1]).array(of: Double.self)
    return inputs.indices.map {
      Prediction(input: inputs[$0], label: description.classNames[best[$0]], confidence: confidence[$0])
    }
  }
}
