import Datasets
import Foundation
import Tensors
import Training

/// Pictures with class labels as studies take them: float32 in [0, 1], (N, height, width, channels), pooled where that is asked for.
struct LabelledImages {
  let name: String
  let isGenerated: Bool
  let training: Dataset
  let test: Dataset

  /// Opens what `--data` names, takes as many examples as are asked for, drawn by the seed, and pools.
  ///
  /// A set without a part for testing is split, a fifth for testing. Equal arguments give equal examples, whatever the system.
  /// - Parameters:
  ///   - nameOrPath: digits that Apus draws where it is `nil`.
  ///   - pooling: pixels a side whose mean becomes one pixel.
  ///   - leastSide: pixels a side that have to be left.
  /// - Throws: `FileAccessError`, `FileFormatError`; `StudyError` for data that are no labelled images.
  init(_ nameOrPath: String?, trainingExamples: Int, testExamples: Int, pooling: Int = 1, leastSide: Int = 4, seed: Int) throws {
    let location = nameOrPath ?? Handwriting.Characters.digits.rawValue
    let source = try Dataset.open(
      location, options: OpenOptions(generatedTraining: trainingExamples, generatedTest: testExamples, seed: seed))
    guard source.training.hasImages, source.training.classCount >= 2 else {
      throw StudyError(
        "\(location) holds \(source.kind.rawValue) without labelled images", because: .data,
        advice: "give pictures with classes: an IDX or CIFAR folder, or one folder of pictures a class")
    }
    let parts = source.splits(testFraction: 0.2, seed: seed)
    func prepared(_ set: Dataset, _ count: Int) throws -> Dataset {
      let set = set.shuffled(seed: seed).prefix(count)
      let shape = set.featureShape
      guard shape[0] / pooling >= leastSide, shape[1] / pooling >= leastSide else {
        throw StudyError(
          "\(location) has images of \(shape[0]) x \(shape[1]) pixels, of which \(pooling) x \(pooling) pooling leaves too few",
          because: .data, advice: "give a smaller --set pooling=")
      }
      return Dataset(name: set.name, features: Self.pooled(set.features, pooling), labels: set.labels!, classNames: set.classNames)
    }
    training = try prepared(parts.training, trainingExamples)
    test = try prepared(parts.test, testExamples)
    name = source.kind == .generated ? "generated \(location)" : URL(fileURLWithPath: location).lastPathComponent
    isGenerated = source.kind == .generated
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
