import Datasets
import Foundation
import Tensors
import Training

/// Labelled images as the blocks see them: float32 in [0, 1], pooled.
struct NoPropData {
  let name: String
  let isGenerated: Bool
  let training: Dataset
  let test: Dataset

  /// Opens what `--data` names, takes as many examples as the options say, and pools.
  /// - Throws: `FileAccessError`, `FileFormatError`; `StudyError` for data that are no labelled images.
  init(_ nameOrPath: String?, _ options: NoPropOptions, seed: Int) throws {
    let location = nameOrPath ?? Handwriting.Characters.digits.rawValue
    let source = try Dataset.open(
      location,
      options: OpenOptions(generatedTraining: options.trainingExamples, generatedTest: options.testExamples, seed: seed))
    guard source.training.hasImages, source.training.classCount >= 2 else {
      throw StudyError(
        "\(location) holds \(source.kind.rawValue) without labelled images", because: .data,
        advice: "give pictures with classes: an IDX or CIFAR folder, or one folder of pictures a class")
    }
    let parts = source.splits(testFraction: 0.2, seed: seed)
    training = try Self.prepared(parts.training.shuffled(seed: seed).prefix(options.trainingExamples), options.pooling, location)
    test = try Self.prepared(parts.test.shuffled(seed: seed).prefix(options.testExamples), options.pooling, location)
    name = source.kind == .generated ? "generated \(location)" : URL(fileURLWithPath: location).lastPathComponent
    isGenerated = source.kind == .generated
  }

  private static func prepared(_ set: Dataset, _ pooling: Int, _ location: String) throws -> Dataset {
    let shape = set.featureShape
    guard shape[0] / pooling >= 4, shape[1] / pooling >= 4 else {
      throw StudyError(
        "\(location) has images of \(shape[0]) x \(shape[1]) pixels, of which \(pooling) x \(pooling) pooling leaves too few",
        because: .data,
        advice: "give a smaller --set pooling=")
    }
    return Dataset(name: set.name, features: pooled(set.features, pooling), labels: set.labels!, classNames: set.classNames)
  }

  /// (N, height, width, channels) of uint8 to float32 in [0, 1], each pixel the mean of `pooling` x `pooling`.
  static func pooled(_ images: Tensor, _ pooling: Int) -> Tensor {
    // Some at a time: a whole set as float32 would be four times its size.
    let parts = stride(from: 0, to: images.shape[0], by: 1000).map { start in
      let scaled = images[start..<min(start + 1000, images.shape[0])].cast(to: .float32) / 255
      let part = pooling > 1 ? scaled.averagePooled(window: [pooling, pooling], strides: [pooling, pooling]) : scaled
      evaluate(part)
      return part
    }
    let whole = Tensor.concatenate(parts)
    evaluate(whole)
    return whole
  }

  var classCount: Int { training.classCount }
  var imageShape: [Int] { Array(training.featureShape) }

  var summary: DataSummary {
    DataSummary(
      name, isGenerated: isGenerated, trainingExamples: training.count, testExamples: test.count, classes: classCount,
      shape: imageShape.map(String.init).joined(separator: " x "))
  }
}
