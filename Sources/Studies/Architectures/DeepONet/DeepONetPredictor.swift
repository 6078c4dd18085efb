import Architectures
import Datasets
import Foundation
import Layers
import Tensors
import Training

/// Keeps the first DeepONet of a run in `model.safetensors`, and applies it to files of functions and places.
struct DeepONetPredictor {
  private struct Description: Codable {
    var variant: DeepONetVariant
    var configuration: DeepONet.Configuration
    var problem: String
    /// The least and greatest coordinate of the places that were trained on, for each axis.
    var lower: [Double]
    var upper: [Double]
  }

  private static let key = "deeponet"

  static func save(
    _ network: DeepONet, variant: DeepONetVariant, settings: DeepONetProblem.Settings, problem: String, training: OperatorTriples,
    to run: StudyRun
  ) throws {
    let configuration = DeepONet.Configuration(
      sensors: settings.sensors, queryDimension: training.queries.shape[1], branchWidths: settings.branch, trunkWidths: settings.trunk,
      form: variant.isStacked ? .stacked : .unstacked, activation: settings.activation, hasBias: network.bias != nil)
    let (lower, upper) = (-(-training.queries).max(axes: [0]), training.queries.max(axes: [0]))
    let description = Description(
      variant: variant, configuration: configuration, problem: problem, lower: lower.array(of: Double.self),
      upper: upper.array(of: Double.self))
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    try network.save(to: run.file("model.safetensors"), metadata: [key: String(decoding: try encoder.encode(description), as: UTF8.self)])
  }

  private let description: Description
  private let network: DeepONet

  /// - Throws: `FileAccessError`, `FileFormatError`, `ModelStateError`.
  init(_ saved: SavedModel<DeepONetOptions>) throws {
    let file = try SafetensorsFile(reading: saved.parameters)
    func refused(_ found: String) -> FileFormatError {
      FileFormatError(path: file.url.path, at: .field("__metadata__.\(Self.key)"), found: found, expected: "what a run saves")
    }
    guard let text = file.metadata[Self.key] else { throw refused("nothing") }
    do { description = try JSONDecoder().decode(Description.self, from: Data(text.utf8)) } catch { throw refused("other values") }
    guard description.lower.count == description.configuration.queryDimension, description.upper.count == description.lower.count else {
      throw refused("ranges of \(description.lower.count) and \(description.upper.count) coordinates")
    }
    var random = RandomStream(seed: 0)
    network = try DeepONet(description.configuration, random: &random)
    try network.load(from: saved.parameters)
  }

  /// G(u)(y) for every row of every file; a place outside of those trained on is marked.
  /// - Throws: `FileAccessError`, `FileFormatError` for a file that cannot be read or does not fit the network.
  func predict(_ inputs: [String]) throws -> [Prediction] {
    try inputs.flatMap { path -> [Prediction] in
      let url = URL(fileURLWithPath: path)
      let (functions, queries) = try OperatorFile.readQueries(url)
      let (m, d) = (description.configuration.sensors, description.configuration.queryDimension)
      guard functions.shape[1] == m else {
        throw FileFormatError(
          path: path, found: "\(DeepONetError.sensorCount(found: functions.shape[1], expected: m))", expected: "\(m) values a function")
      }
      guard queries.shape[1] == d else {
        throw FileFormatError(
          path: path, found: "\(DeepONetError.queryDimension(found: queries.shape[1], expected: d))", expected: "\(d) coordinates a place")
      }
      let values = network(functions, at: queries).array(of: Double.self)
      let places = queries.array(of: Double.self)
      return values.indices.map { row in
        let isOutside = (0..<d).contains { axis in
          let margin = 1e-6 * max(1, abs(description.upper[axis]))
          return places[row * d + axis] < description.lower[axis] - margin || places[row * d + axis] > description.upper[axis] + margin
        }
        return Prediction(
          input: "\(path):\(row + 1)", label: String(format: "%.6g", values[row]) + (isOutside ? " (outside of the places trained on)" : "")
        )
      }
    }
  }
}
