import Datasets
import Foundation
import Layers
import Tensors
import Training

/// Keeps the pooling network over bags of digits in `model.safetensors`, and applies it to folders of pictures: each folder is a bag.
struct DigitBagPredictor {
  static func save(_ network: some SetNetwork, to run: StudyRun) throws { try network.save(to: run.file("model.safetensors")) }

  private let network: any SetNetwork

  /// - Throws: `FileAccessError`, `FileFormatError`, `ModelStateError`; `StudyError` where the run had no bags of digits.
  init(_ saved: SavedModel<HopfieldOptions>) throws {
    guard saved.options.experiments.contains(.bags) else {
      throw StudyError("this run trained no network on bags of digits", advice: "run with --set experiments=bags")
    }
    var random = RandomStream(seed: 0)
    network = try DigitBagExperiment.network(.hopfield, saved.options, random: &random)
    try network.load(from: saved.parameters)
  }

  /// - Parameter inputs: folders of pictures, or single pictures; light strokes on a dark ground, as MNIST has them.
  func predict(_ inputs: [String]) throws -> [Prediction] {
    try inputs.map { input in
      let url = URL(fileURLWithPath: input)
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
      let files = exists && isFolder.boolValue ? try ImageFiles.pictures(in: url) : [url]
      guard !files.isEmpty else {
        throw FileFormatError(path: url.path, found: "no pictures", expected: "a picture of a digit, or a folder of such")
      }
      let pictures = try files.map { try ImageFiles.read($0).converted(toChannels: 1).resized(height: 28, width: 28).tensor }
      let bag = DigitBagExperiment.normalized(Tensor.stack(pictures).cast(to: .float32) / 255)
      let logit = withContext(.inference) { network.scores(bag.expandingShape(at: 0), padding: nil).logits }
      let probability = Double(logit.sigmoid().scalar())
      let isPositive = probability >= 0.5
      return Prediction(
        input: input, label: isPositive ? "holds a \(DigitBagExperiment.target)" : "holds no \(DigitBagExperiment.target)",
        confidence: isPositive ? probability : 1 - probability)
    }
  }
}
