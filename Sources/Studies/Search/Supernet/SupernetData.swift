import Datasets
import Foundation
import Search
import Tensors
import Training

/// Labelled pictures as supernets see them: float32, each channel normalised; a part of the training pictures is set apart for choosing architectures.
struct SupernetData: LabelledPictures {
  let name: String
  let isGenerated: Bool
  /// Normalised.
  let training: Dataset
  /// The same pictures as they lie in the file: what augmentations that know colours are applied to.
  let trainingPictures: Dataset
  /// From the training pictures; never the test ones.
  let validation: Dataset
  let test: Dataset
  let normalization: Normalization

  /// How many pictures to take.
  struct Sizes {
    var training: Int
    var validation: Int
    var test: Int
    /// Of what is drawn when no data are given.
    var drawnTraining: Int { training + validation }
  }

  /// Takes the first training pictures, and validation pictures from five sixths of the training set on (50,000 of 60,000).
  /// - Throws: `FileAccessError`, `FileFormatError`; `StudyError` for data that are no labelled images.
  init(_ location: String?, _ sizes: Sizes, seed: Int) throws {
    let source =
      try location.map {
        try OpenedPictures($0, OpenOptions(generatedTraining: sizes.drawnTraining, generatedTest: sizes.test, seed: seed), seed: seed)
      }
      ?? OpenedPictures(
        drawn: "generated \(GratingImages.name)", training: GratingImages.dataset(count: sizes.drawnTraining, seed: seed),
        test: GratingImages.dataset(count: sizes.test, seed: seed &+ 1_000_003))
    (name, isGenerated) = (source.name, source.isGenerated)
    let (training, test) = (source.training, source.test)
    let start = min(training.count * 5 / 6, max(0, training.count - sizes.validation))
    guard start >= 2, test.count >= 1 else {
      throw StudyError(
        "\(location ?? name) has \(training.count) training and \(test.count) test pictures", because: .data, advice: "give more pictures")
    }
    let ordered = location == nil ? training : Self.spread(training)
    trainingPictures = ordered.subset(Array(0..<min(sizes.training, start)))
    let normalization = Normalization(fitting: trainingPictures)
    self.normalization = normalization
    self.training = trainingPictures.converted { normalization($0) }
    validation = ordered.subset(Array(start..<min(start + sizes.validation, ordered.count))).converted { normalization($0) }
    self.test = Self.spread(test).prefix(sizes.test).converted { normalization($0) }
  }

  /// Sets that lie sorted by class are mixed; others stay in their order, so that "the first pictures" means the same everywhere.
  private static func spread(_ set: Dataset) -> Dataset {
    let labels = set.classLabels
    let changes = zip(labels, labels.dropFirst()).count { $0 != $1 }
    return changes < labels.count / 4 ? set.shuffled(seed: 1) : set
  }

  var channels: Int { training.featureShape[2] }

  /// Measures on the test pictures, or on those set apart for choosing; calibrated on the first training pictures.
  func evaluator(calibrationImages: Int, onValidation: Bool = false) -> SubnetEvaluator {
    let judged = onValidation ? validation : test
    return SubnetEvaluator(
      calibration: training.features[0..<min(calibrationImages, training.count)], images: judged.features, labels: judged.labels!)
  }
}
