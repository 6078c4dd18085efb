import Architectures
import Datasets
import Foundation
import Tensors
import Training

/// Labelled images: uint8, or float32 where they were drawn; normalised when they are batched.
struct VanillaNetData: LabelledPictures {
  let name: String
  let isGenerated: Bool
  let training: Dataset
  let test: Dataset
  let normalization: Normalization

  /// Opens what `--data` names, or draws striped shapes.
  /// - Throws: `FileAccessError`, `FileFormatError`; `StudyError` for data that are no labelled images.
  init(_ location: String?, _ options: VanillaNetOptions, seed: Int) throws {
    guard let location else {
      let values = (options.trainingExamples + options.testExamples) * options.side * options.side * 3
      guard values <= 500_000_000 else {
        throw StudyError(
          "\(options.trainingExamples) and \(options.testExamples) drawings of \(options.side) x \(options.side) pixels are too many to draw",
          because: .data, advice: "give pictures with --data, or smaller --set trainingExamples=, testExamples= and side=")
      }
      (training, test) = TexShapes(side: options.side).splits(training: options.trainingExamples, test: options.testExamples, seed: seed)
      name = "drawn striped shapes"
      isGenerated = true
      normalization = Normalization(mean: [0, 0, 0], standardDeviation: [1, 1, 1])
      return
    }
    let source = try OpenedPictures(
      location,
      OpenOptions(
        images: ImageFolder.Options(height: options.side, width: options.side), generatedTraining: options.trainingExamples,
        generatedTest: options.testExamples, seed: seed), seed: seed)
    training = source.training.shuffled(seed: seed).prefix(options.trainingExamples)
    test = source.test.shuffled(seed: seed).prefix(options.testExamples)
    (name, isGenerated) = (source.name, source.isGenerated)
    normalization = Normalization(fitting: training)
  }

  /// Those of a comparison.
  init(_ images: LabelledImages) {
    (name, isGenerated, training, test) = (images.name, images.isGenerated, images.training, images.test)
    normalization = Normalization(fitting: images.training)
  }

  /// Test images from `start` on, normalised as the network sees them.
  func testImages(_ range: Range<Int>) -> Tensor { prepared(test.features[range]) }

  private func prepared(_ images: Tensor) -> Tensor {
    normalization(images.dtype == .uint8 ? images.cast(to: .float32) / 255 : images)
  }

  /// - Throws: `StudyError` where the images leave nothing of the network's maps.
  func check(fits configuration: VanillaNetConfiguration) throws {
    do {
      try configuration.checkFits(height: imageShape[0], width: imageShape[1], channels: imageShape[2])
    } catch {
      throw StudyError("\(name): \(error)", because: .data)
    }
  }
}
