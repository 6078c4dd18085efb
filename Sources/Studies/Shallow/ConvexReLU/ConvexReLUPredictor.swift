import Datasets
import Foundation
import Layers
import Shallow
import Tensors
import Training

/// Keeps the robust network as ordinary layers in `model.safetensors`, and applies it to pictures or to the rows of tables.
struct ConvexReLUPredictor {
  /// What the weights do not say.
  private struct Description: Codable {
    var classNames: [String]
    var scaler: FeatureScaler
    var isPictures: Bool
    /// Height, width and channels of a picture, reduced; features of a row.
    var shape: [Int]
    var neurons: Int
  }

  private static let key = "description"

  static func save(_ network: ReLUNetworks, data: ConvexReLUData, split: ConvexReLUData.Split, pictureShape: [Int]?, to run: StudyRun)
    throws
  {
    let inputs = split.features.shape[1]
    let description = Description(
      classNames: data.classNames, scaler: split.scaler, isPictures: data.isPictures, shape: pictureShape ?? [inputs],
      neurons: network.neuronCount)
    let text = String(decoding: try JSONEncoder().encode(description), as: UTF8.self)
    try network.layers(hasBias: true).save(to: run.file("model.safetensors"), metadata: [key: text])
  }

  private let description: Description
  private let model: Sequential

  /// - Throws: `FileAccessError`, `FileFormatError`, `ModelStateError`.
  init(_ saved: SavedModel<ConvexReLUOptions>) throws {
    let file = try SafetensorsFile(reading: saved.parameters)
    guard let text = file.metadata[Self.key], let description = try? JSONDecoder().decode(Description.self, from: Data(text.utf8)),
      description.classNames.count == 2, description.neurons >= 1, description.neurons < 1 << 24, !description.shape.isEmpty,
      description.shape.allSatisfy({ (1...1 << 20).contains($0) }),
      description.scaler.offset.count == description.shape.reduce(1, *), description.scaler.scale.count == description.scaler.offset.count
    else {
      throw FileFormatError(
        path: file.url.path, at: .field("__metadata__.\(Self.key)"), found: "no description of the model", expected: "what a run saves")
    }
    self.description = description
    var random = RandomStream(seed: 0)
    model = Sequential(
      Dense(inputs: description.shape.reduce(1, *), outputs: description.neurons, random: &random), Activation(.relu),
      Dense(inputs: description.neurons, outputs: 1, hasBias: false, random: &random))
    try model.load(from: saved.parameters)
  }

  /// The class of each picture, or of each row of each table.
  func predict(_ inputs: [String]) throws -> [Prediction] {
    try inputs.flatMap { input in
      let (names, features) = try description.isPictures ? picture(input) : rows(input)
      let outputs = model(description.scaler(features).cast(to: .float32)).squeezed(1).array(of: Double.self)
      return zip(names, outputs).map { name, output in
        Prediction(input: name, label: description.classNames[output > 0 ? 0 : 1])
      }
    }
  }

  private func picture(_ path: String) throws -> ([String], Tensor) {
    let image = try ImageFiles.read(URL(fileURLWithPath: path)).converted(toChannels: description.shape[2])
    let values = ConvexReLUData.flat(image.tensor.expandingShape(at: 0), isPictures: true, side: description.shape[0])
    return ([path], values)
  }

  private func rows(_ path: String) throws -> ([String], Tensor) {
    let data = try Dataset.open(path, options: OpenOptions(roles: Table.Roles(missing: .dropRows))).training
    let width = data.features.elementCount / max(data.count, 1)
    guard width == description.shape[0] else {
      throw FileFormatError(
        path: path, found: "\(width) features beside the label", expected: "\(description.shape[0]), as in training")
    }
    return ((0..<data.count).map { "\(path):\($0 + 1)" }, ConvexReLUData.flat(data, side: nil))
  }
}
