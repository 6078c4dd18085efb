import Datasets
import Foundation
import Layers
import LocalLearning
import Tensors
import Training

/// Keeps the first trained network of a run in `model.safetensors`, and applies it to pictures.
struct NoPropPredictor {
  private enum Key {
    static let variant = "variant"
    static let classes = "classes"
    static let imageShape = "image-shape"
  }

  static func save(_ results: [NoPropResult], options: NoPropOptions, data: LabelledImages, to run: StudyRun) throws {
    guard let result = results.first(where: { $0.variant.role == .method }) ?? results.first else { return }
    try result.classifier.save(
      to: run.file("model.safetensors"),
      metadata: [
        Key.variant: result.variant.rawValue, Key.classes: data.training.classNames.joined(separator: "\n"),
        Key.imageShape: data.imageShape.map(String.init).joined(separator: ","),
      ])
  }

  private let options: NoPropOptions
  private let classNames: [String]
  /// Height, width and channels after pooling.
  private let imageShape: [Int]
  private let classifier: any Classifier

  /// - Throws: `FileAccessError`, `FileFormatError`, `ModelStateError`.
  init(_ saved: SavedModel<NoPropOptions>) throws {
    options = saved.options
    let file = try SafetensorsFile(reading: saved.parameters)
    func field(_ key: String) throws -> String {
      guard let text = file.metadata[key] else {
        throw FileFormatError(path: file.url.path, at: .field("__metadata__"), found: "no entry \"\(key)\"", expected: "what a run saves")
      }
      return text
    }
    let shape = try field(Key.imageShape).split(separator: ",").compactMap { Int($0) }
    guard let variant = NoPropVariant(rawValue: try field(Key.variant)), shape.count == 3, shape.allSatisfy({ (1...4096).contains($0) })
    else {
      throw FileFormatError(path: file.url.path, at: .field("__metadata__"), found: "other values", expected: "what a run saves")
    }
    classNames = try field(Key.classes).components(separatedBy: "\n")
    imageShape = shape
    let models = NoPropModels(options: options, imageShape: shape, classCount: classNames.count)
    // Initial values do not matter: all are read from the file. A learned W is as wide there as it was trained.
    var random = RandomStream(seed: 0)
    let weight = file["embedding.weight"] == nil ? nil : try file.tensor(named: "embedding.weight")
    let embedding: LabelEmbedding
    if let weight {
      embedding = try LabelEmbedding(weight, classCount: classNames.count, isTrainable: false)
    } else {
      embedding = .oneHot(classCount: classNames.count)
    }
    classifier = try models.classifier(variant, embedding, random: &random)
    try classifier.load(from: saved.parameters)
  }

  /// The class of each picture, with the mean probability over several inferences. Pictures are made as large as those of the training.
  /// - Throws: `FileAccessError`, `FileFormatError` for a picture that cannot be read.
  func predict(_ inputs: [String]) throws -> [Prediction] {
    let pictures = try inputs.map { path in
      try ImageFiles.read(URL(fileURLWithPath: path)).converted(toChannels: imageShape[2])
        .resized(height: imageShape[0] * options.pooling, width: imageShape[1] * options.pooling).tensor
    }
    guard !pictures.isEmpty else { return [] }
    let images = LabelledImages.pooled(Tensor.stack(pictures), options.pooling)
    var random = RandomStream(seed: 0)
    let inferences = withContext(.inference) { classifier.repeatedInference(of: images, runs: options.inferenceRuns, random: &random) }
    let probabilities = inferences.probabilities.array(of: Float.self)
    return zip(inputs, probabilities.chunks(of: classNames.count)).map { input, row in
      let best = row.indices.max { row[$0] < row[$1] }!
      return Prediction(input: input, label: classNames[best - row.startIndex], confidence: Double(row[best]))
    }
  }
}

extension Array {
  fileprivate func chunks(of size: Int) -> [ArraySlice<Element>] { stride(from: 0, to: count, by: size).map { self[$0..<$0 + size] } }
}
