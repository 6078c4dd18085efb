import Datasets
import Foundation
import Tensors
import Training

/// Pictures with class labels as studies take them: float32 in [0, 1], (N, height, width, channels), pooled where that is asked for.
struct LabelledImages: LabelledPictures {
  let name: String
  let isGenerated: Bool
  let training: Dataset
  let test: Dataset

  /// Opens what `--data` names, takes as many examples as are asked for, drawn by the seed, and pools.
  ///
  /// Equal arguments give equal examples, whatever the system.
  /// - Parameters:
  ///   - nameOrPath: digits that Apus draws where it is `nil`.
  ///   - pooling: pixels a side whose mean becomes one pixel.
  ///   - leastSide: pixels a side that have to be left.
  /// - Throws: `FileAccessError`, `FileFormatError`; `StudyError` for data that are no labelled images.
  init(_ nameOrPath: String?, trainingExamples: Int, testExamples: Int, pooling: Int = 1, leastSide: Int = 4, seed: Int) throws {
    let location = nameOrPath ?? Handwriting.Characters.digits.rawValue
    let source = try OpenedPictures(
      location, OpenOptions(generatedTraining: trainingExamples, generatedTest: testExamples, seed: seed), seed: seed)
    func prepared(_ set: Dataset, _ count: Int) throws -> Dataset {
      let set = set.shuffled(seed: seed).prefix(count)
      let shape = set.featureShape
      guard shape[0] / pooling >= leastSide, shape[1] / pooling >= leastSide else {
        throw StudyError(
          "\(location) has images of \(shape[0]) x \(shape[1]) pixels, of which \(pooling) x \(pooling) pooling leaves too few",
          because: .data, advice: "give a smaller --set pooling=")
      }
      return set.converted { Self.pooledParts($0, pooling) }
    }
    training = try prepared(source.training, trainingExamples)
    test = try prepared(source.test, testExamples)
    (name, isGenerated) = (source.name, source.isGenerated)
  }

  private static func pooledParts(_ scaled: Tensor, _ pooling: Int) -> Tensor {
    pooling > 1 ? scaled.averagePooled(window: [pooling, pooling], strides: [pooling, pooling]) : scaled
  }

  /// (N, height, width, channels) of uint8 to float32 in [0, 1], each pixel the mean of `pooling` x `pooling`.
  static func pooled(_ images: Tensor, _ pooling: Int) -> Tensor { pooledParts(images.cast(to: .float32) / 255, pooling) }
}
